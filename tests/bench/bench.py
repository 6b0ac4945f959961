# SPDX-License-Identifier: MIT
"""What the benches share: figures with bars, printed for people or as TAP.

A bench measures netoptd itself, in namespaces of its own (tests/net/harness.py). Each figure has a
bar; the bars hold on an otherwise idle machine. With --tap a bench is a test: the bars for times are
then wider by a factor, as tests run beside others.
"""
import argparse
import os
import platform
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "net"))
import harness  # noqa: E402
from tap import Skip, Tap  # noqa: E402

TAP_FACTOR = 10


class Bench:
    """The figures of one run."""

    def __init__(self, options):
        self.options = options
        self.tap = Tap() if options.tap else None
        self.missed = 0

    def figure(self, name, value, unit, bar=None, digits=1, tap_bar=None, at_least=False):
        """One figure; below its bar (above it with at_least), if it has one, or the bench fails.
        tap_bar: the bar of a test, where it is not that of a time."""
        text = f"{value:.{digits}f} {unit}".rstrip()
        if bar is None:
            self.note(f"{name:62} {text:>14}")
            return
        if self.tap:
            bar = tap_bar or bar * (TAP_FACTOR if unit == "ms" else 1)
        good = value >= bar if at_least else value <= bar
        self.missed += not good
        if self.tap:
            self.tap.ok(good, name, text)
        else:
            print(f"{'  ' if good else '! '}{name:62} {text:>14}   "
                  f"(bar {bar} {unit}".rstrip() + ")", flush=True)

    def note(self, text):
        """A line that is no figure, or one without a bar."""
        print(f"{'# ' if self.tap else '  '}{text}", flush=True)

    def missing(self, name, reason):
        """A figure that could not be had: the bench fails, a test skips it."""
        if self.tap:
            self.tap.skip(name, reason)
            return
        self.missed += 1
        print(f"! {name:62} {reason}", flush=True)


def main(description, measure, add_options=None):
    """Runs measure(bench) and exits: the body of a bench."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--tap", action="store_true", help="be a test: see bench.py")
    if add_options:
        add_options(parser)
    bench = Bench(parser.parse_args())
    harness.exit_on_signals()
    try:
        harness.require_root()
        harness.build_path()
        if not bench.tap:
            print(f"{description}\n  Linux {platform.release()} {platform.machine()}, "
                  f"{os.cpu_count()} processors, {time.strftime('%Y-%m-%d')}")
        measure(bench)
    except Skip as reason:
        print(f"1..0 # SKIP {reason}" if bench.tap else f"cannot measure: {reason}")
        sys.exit(0 if bench.tap else 1)
    sys.exit(bench.tap.finish() if bench.tap else 1 if bench.missed else 0)


def quantile(values, permille):
    """The nearest-rank quantile, as netoptd's histogram has it."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * permille // 1000) - 1)]


def endpoints(daemon):
    """All rows of ListEndpoints, which comes in pages."""
    rows = []
    while True:
        page = daemon.call("ListEndpoints", offset=len(rows))
        rows += page["endpoints"]
        if len(rows) >= page["total"]:
            return rows


def run_ns(pid):
    """Time on a processor so far, of all threads, in ns: from schedstat, finer than stat's ticks."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat", encoding="ascii") as file:
            total += int(file.read().split()[0])
    return total


def memory_kib(pid):
    """VmRSS, RssAnon and so on, in KiB."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        return {line.split(":")[0]: int(line.split()[1]) for line in file
                if line.endswith(" kB\n")}
