# SPDX-License-Identifier: MIT
"""Test Anything Protocol: each check is one line, so that meson counts and shows every one."""
import traceback


class Skip(Exception):
    """The check cannot be made here; its text says why."""


def one_line(text):
    """A check is one line."""
    return " | ".join(text.splitlines())


class Tap:
    """Test Anything Protocol on stdout; the plan is printed at the end."""

    def __init__(self):
        self.count = self.failed = 0

    def ok(self, good, name, detail=""):
        """One check. The detail is printed with it, whatever the result."""
        self.count += 1
        self.failed += not good
        print(f"{'ok' if good else 'not ok'} {self.count} - {' '.join(name.split())}"
              + (f": {one_line(detail.replace('#', ''))}" if detail else ""), flush=True)
        return good

    def skip(self, name, reason):
        """A check that could not be made."""
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {one_line(reason)}", flush=True)

    @staticmethod
    def note(text):
        """A line for the reader."""
        for line in text.splitlines():
            print(f"# {line}", flush=True)

    def group(self, name, function, *args):
        """Runs function(tap, *args): an exception is a failed check, Skip a skipped one."""
        try:
            function(self, *args)
        except Skip as reason:
            self.skip(name, str(reason))
        except Exception as error:  # the other groups shall still run
            self.note(traceback.format_exc())
            self.ok(False, name, f"{type(error).__name__}: {error}")

    def finish(self):
        """Prints the plan; returns the exit status."""
        print(f"1..{self.count}", flush=True)
        return 1 if self.failed else 0
