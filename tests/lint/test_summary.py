#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The counting of tests/summary.py: what may not pass for a success. Speaks TAP."""
import contextlib
import io
import json
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import summary  # noqa: E402

# name: (stdout, meson's result, return code) → (passed, failed, skipped)
CASES = {
    "all is well": (("ok 1 - a\nok 2 - b\n1..2\n", "OK", 0), (2, 0, 0)),
    "plan first": (("1..1\nok 1 - a\n", "OK", 0), (1, 0, 0)),
    "lines in between": (("ok 1 - a\n# note\nnoise\n1..1\n", "OK", 0), (1, 0, 0)),
    "one fails": (("ok 1 - a\nnot ok 2 - b: 3 != 4\n1..2\n", "FAIL", 1), (1, 1, 0)),
    "one fails, status 0": (("not ok 1 - a\n1..1\n", "FAIL", 0), (0, 1, 0)),
    "one is skipped": (("ok 1 - a\nok 2 - b # SKIP no root\n1..2\n", "OK", 0), (1, 0, 1)),
    "all is skipped": (("1..0 # SKIP needs root\n", "SKIP", 0), (0, 0, 1)),
    "skipped, then died": (("1..0 # SKIP needs root\n", "ERROR", -11), (0, 1, 0)),
    "nothing tested": (("", "OK", 0), (0, 1, 0)),
    "empty plan without reason": (("1..0\n", "OK", 0), (0, 1, 0)),
    "too few": (("ok 1 - a\n1..3\n", "ERROR", 0), (1, 1, 0)),
    "too many": (("1..1\nok 1 - a\nok 2 - b\n", "ERROR", 0), (2, 1, 0)),
    "killed": (("ok 1 - a\n", "ERROR", -6), (1, 1, 0)),
    "bad status after all": (("ok 1 - a\n1..1\n", "ERROR", 3), (1, 1, 0)),
    "too slow": (("ok 1 - a\n", "TIMEOUT", -15), (1, 1, 0)),
    "too slow after a failure": (("not ok 1 - a\n", "TIMEOUT", -15), (0, 2, 0)),
    "gave up": (("ok 1 - a\nBail out! no memory\n", "ERROR", 0), (1, 1, 0)),
    "no output recorded": ((None, "ERROR", 127), (0, 1, 0)),
    "a word like ok": (("okay then\nok 1 - a\n1..1\n", "OK", 0), (1, 0, 0)),
    "meson knows better": (("ok 1 - a\n1..1\n", "FAIL", 0), (1, 1, 0)),
}


def count(stdout, result, status):
    """What summary makes of one program."""
    program = summary.Program({"name": "netopt:unit / x", "stdout": stdout, "result": result,
                               "returncode": status})
    return program.passed, len(program.failed), len(program.skipped)


def whole(entries, meson_status):
    """(exit status, last line) of summary for a log of these (stdout, result, status)."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as log:
        for stdout, result, status in entries:
            log.write(json.dumps({"name": "netopt:unit / x", "stdout": stdout, "result": result,
                                  "returncode": status}) + "\n")
        log.flush()
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            status = summary.summarize(summary.read(log.name), meson_status)
    return status, output.getvalue().splitlines()[-1]


GOOD, BAD = ("ok 1 - a\n1..1\n", "OK", 0), ("not ok 1 - a\n1..1\n", "FAIL", 1)
SKIPPED = ("1..0 # SKIP no root\n", "SKIP", 0)
WHOLE = {
    "a good run": (([GOOD, GOOD], 0), (0, "2 passed, 0 failed, 0 skipped")),
    "a bad run": (([GOOD, BAD], 1), (1, "1 passed, 1 failed, 0 skipped")),
    "a run that meson calls failed": (([GOOD], 1), (1, "1 passed, 1 failed, 0 skipped")),
    "a run of nothing": (([], 0), (1, "0 passed, 0 failed, 0 skipped")),
    "a run that skips everything": (([SKIPPED], 0), (1, "0 passed, 0 failed, 1 skipped")),
}


def slowest(seconds):
    """The programs listed as the slowest, of those that took so long; one was not measured."""
    programs = [summary.Program({"name": f"netopt:net / {number}", "duration": took,
                                 "stdout": GOOD[0], "result": GOOD[1], "returncode": GOOD[2]})
                for number, took in enumerate(seconds)]
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        summary.show_slowest(programs)
    return [line.strip() for line in output.getvalue().splitlines() if line.startswith("  ")]


SLOWEST = {
    "the slowest first": ((1, 30.25, None, 2), ["net / 1: 30.2 s", "net / 3: 2.0 s",
                                                "net / 0: 1.0 s"]),
    "ten of the slowest": (range(1, 13), [f"net / {number}: {number + 1}.0 s"
                                          for number in range(11, 1, -1)]),
    "none that was measured": ((None,), []),
}


def main():
    """All cases."""
    checks = [(name, count(*given), expected) for name, (given, expected) in CASES.items()]
    checks += [(name, whole(*given), expected) for name, (given, expected) in WHOLE.items()]
    checks += [(name, slowest(given), expected) for name, (given, expected) in SLOWEST.items()]
    print(f"1..{len(checks)}")
    for number, (name, found, expected) in enumerate(checks, 1):
        good = found == expected
        print(f"{'ok' if good else 'not ok'} {number} - {name}"
              + ("" if good else f": {found}, not {expected}"))
    sys.exit(any(found != expected for _, found, expected in checks))


if __name__ == "__main__":
    main()
