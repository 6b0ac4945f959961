# SPDX-License-Identifier: MIT
"""A terminal to run programs in: a tmux server of its own with one window and one shell."""
import os
import shutil
import signal
import subprocess
import tempfile
import time

from tap import Skip

PROMPT = "READY>"


class Terminal:
    """A window of tmux with a POSIX shell that waits for commands."""

    def __init__(self, columns=80, rows=24, environment=None):
        if not shutil.which("tmux"):
            raise Skip("tmux is not installed")
        self.directory = tempfile.mkdtemp(prefix="netopt-tmux-")
        self.socket = os.path.join(self.directory, "socket")
        values = {"LC_ALL": "C.UTF-8", "ENV": "", "PS1": PROMPT,
                  "PATH": os.environ["PATH"], "TZ": "UTC", "HOME": self.directory}
        values.update(environment or {})
        words = [word for pair in values.items() for word in ("-e", "=".join(pair))]
        # -u: what tmux itself takes for a character, whatever the locale of the test.
        config = os.path.join(self.directory, "config")
        with open(config, "w", encoding="ascii") as file:
            file.write("set-option -g default-terminal tmux-256color\n")
        self.tmux("-f", config, "-u", "new-session", "-d", "-x", str(columns), "-y", str(rows),
                  *words, "sh", "-i", environment=values)
        self.wait_for(PROMPT)

    def tmux(self, *words, environment=None):
        """One tmux command; its output."""
        done = subprocess.run(["tmux", "-S", self.socket, *words], capture_output=True, text=True,
                              timeout=20, check=False, env=environment)
        if done.returncode != 0:
            raise RuntimeError(f"tmux {words[0]}: {done.stderr.strip()}")
        return done.stdout

    def screen(self, styled=False):
        """What is seen, as lines without the blanks at their ends."""
        words = ["capture-pane", "-p", *(["-e"] if styled else [])]
        return [line.rstrip() for line in self.tmux(*words).split("\n")[:-1]]

    def shows(self, text):
        """Whether the text is seen."""
        return text in "\n".join(self.screen())

    def wait_for(self, text, seconds=10.0, gone=False):
        """Waits until a text is seen, or is not any more; whether that came true."""
        end = time.monotonic() + seconds
        while self.shows(text) == gone:
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True

    def ask(self, name):
        """A variable of the pane, as alternate_on."""
        return self.tmux("display-message", "-p", "#{" + name + "}").strip()

    def keys(self, *names):
        """Keys by tmux's names: Tab, Enter, C-c, a."""
        self.tmux("send-keys", *names)

    def command(self, line):
        """Types a line."""
        self.tmux("send-keys", "-l", line)
        self.keys("Enter")

    def output(self, line):
        """Runs a command in the shell; what it wrote to a file."""
        path = os.path.join(self.directory, "output")
        done = path + ".done"
        for old in (path, done):
            if os.path.exists(old):
                os.remove(old)
        self.command(f"{line} >{path}; : >{done}")
        end = time.monotonic() + 10
        while not os.path.exists(done):
            if time.monotonic() > end:
                raise RuntimeError(f"{line} does not end:\n" + "\n".join(self.screen()))
            time.sleep(0.02)
        with open(path, encoding="utf-8") as file:
            return file.read()

    def resize(self, columns, rows):
        """Another size of the window."""
        self.tmux("resize-window", "-x", str(columns), "-y", str(rows))

    def child(self, name, seconds=5.0):
        """The process id of the shell's child of that name, once it runs."""
        shell = self.ask("pane_pid")
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with open(f"/proc/{shell}/task/{shell}/children", encoding="ascii") as file:
                for pid in file.read().split():
                    try:
                        with open(f"/proc/{pid}/comm", encoding="utf-8") as comm:
                            if comm.read().strip() == name[:15]:
                                return int(pid)
                    except OSError:
                        pass  # it has ended meanwhile
            time.sleep(0.05)
        raise RuntimeError(f"{name} does not run:\n" + "\n".join(self.screen()))

    def signal(self, name, number):
        """A signal to the shell's child of that name."""
        os.kill(self.child(name), number)

    def close(self):
        """Ends the server and everything in it."""
        try:
            self.tmux("kill-server")
        except RuntimeError:
            pass  # it was the last window
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def alive(pid):
    """Whether a process still runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_gone(pid, seconds=5.0):
    """Waits until a process has ended."""
    end = time.monotonic() + seconds
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not alive(pid)


SIGNALS = {"SIGTERM": signal.SIGTERM, "SIGHUP": signal.SIGHUP, "SIGSEGV": signal.SIGSEGV,
           "SIGABRT": signal.SIGABRT, "SIGQUIT": signal.SIGQUIT}
