#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Counts what a run of `meson test` really tested, from meson's testlog.json.

meson counts programs; this counts the checks inside them (TAP), so that a program that dies in the
middle, or tests nothing at all, does not look like a success. It lists the slowest programs, and
what was skipped and failed. The last line of the output is always

    N passed, N failed, N skipped

and the exit status is 0 only if nothing failed and something passed. Counted as failed, besides
each "not ok": a program that ends badly or is ended, one whose plan does not fit what it did, one
that prints no check at all, and a run that meson calls failed though every check passed.
"""
import argparse
import json
import re
import sys

CHECK = re.compile(r"(not )?ok\b\s*(\d*)\s*-?\s*(.*)")
PLAN = re.compile(r"1\.\.(\d+)\s*(?:#\s*(.*))?$")
SKIP = re.compile(r"#\s*skip\S*\s*(.*)", re.IGNORECASE)
# Check puts the path of its source, as seen from the build directory, before each name.
NOISE = re.compile(r"^\S*/(?=tests/)")
SLOWEST = 10  # programs that are listed


class Program:
    """The checks of one test program: passed is a number, failed and skipped are lists of texts."""

    def __init__(self, entry):
        self.name = entry["name"].partition(":")[2] or entry["name"]
        self.seconds = entry.get("duration") or 0
        self.passed, self.failed, self.skipped = 0, [], []
        self.plan = self.plan_reason = None
        for line in (entry.get("stdout") or "").splitlines():
            self._line(line)
        self._ending(entry)

    def _line(self, line):
        check, plan = CHECK.match(line), PLAN.match(line)
        if check:
            text = NOISE.sub("", check[3]) or f"check {check[2]}"
            skip = SKIP.search(text)
            if check[1]:
                self.failed.append(text)
            elif skip:
                self.skipped.append(text)
            else:
                self.passed += 1
        elif plan:
            self.plan, self.plan_reason = int(plan[1]), plan[2]
        elif line.startswith("Bail out!"):
            self.failed.append(line)

    def _ending(self, entry):
        result, status = entry.get("result"), entry.get("returncode")
        count = self.passed + len(self.failed) + len(self.skipped)
        if result == "TIMEOUT":
            self.failed.append("took too long and was ended")
        elif status and not self.failed:
            self.failed.append(f"killed by signal {-status}" if status < 0
                               else f"exit status {status}")
        elif self.plan is not None and count != self.plan:
            self.failed.append(f"planned {self.plan} checks, made {count}")
        elif count == 0 and self.plan == 0 and self.plan_reason:
            self.skipped.append("all of it: " + re.sub(r"^skip\S*\s*", "", self.plan_reason,
                                                       flags=re.IGNORECASE))
        elif count == 0:
            self.failed.append("made no check at all")
        elif result in ("FAIL", "ERROR", "INTERRUPT") and not self.failed:
            self.failed.append(f"meson says {result}")


def read(path):
    """The programs in a testlog.json, which has one JSON object on each line."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return [Program(json.loads(line)) for line in file if line.strip()]
    except OSError as error:
        print(f"{path}: {error.strerror}")
        return []


def show_slowest(programs):
    """Where the time of the run went; of programs that ran at the same time, the sum is more."""
    slowest = sorted((program for program in programs if program.seconds),
                     key=lambda program: program.seconds, reverse=True)[:SLOWEST]
    if slowest:
        print("\nSlowest:")
    for program in slowest:
        print(f"  {program.name}: {program.seconds:.1f} s")


def show(title, programs, attribute):
    """Lists the failed or skipped checks of all programs."""
    if any(getattr(program, attribute) for program in programs):
        print(f"\n{title}:")
    for program in programs:
        for text in getattr(program, attribute):
            print(f"  {program.name}: {text}")


def summarize(programs, meson_status):
    """Prints all of it; returns the exit status."""
    passed = sum(program.passed for program in programs)
    failed = sum(len(program.failed) for program in programs)
    skipped = sum(len(program.skipped) for program in programs)
    show_slowest(programs)
    show("Skipped", programs, "skipped")
    show("Failed", programs, "failed")
    if meson_status and not failed:
        print(f"\nmeson test ended with status {meson_status}, though no check failed")
        failed = 1
    print(f"\n{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return 1 if failed or not passed else 0


def main():
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meson-status", type=int, default=0)
    parser.add_argument("log")
    options = parser.parse_args()
    sys.exit(summarize(read(options.log), options.meson_status))


if __name__ == "__main__":
    main()
