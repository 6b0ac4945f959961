#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""netoptd against fixed settings and the best of them, on six emulated paths at once.

Rounds of fixed settings (wan_arms.py), then netoptd until it has settled (wan_daemon.py), then one
more round, so that what drifts meanwhile is in both. What is best for a path is decided by
wan_measure.py. README.md has the whole of it."""
import json
import os
import platform
import time

import bench
import wan_arms
import wan_daemon
import wan_measure
import wan_report
import wan_svg
from harness import build_path
from wan_measure import DEFAULT
from wan_paths import PATHS, SIX, World
from wan_traffic import go_first

ROUNDS_BEFORE, ROUNDS_AFTER = 2, 1
BLOCK_SECONDS, QUICK_SECONDS = 32, 14
MEASURED_BLOCKS = 6  # of the time that netoptd is measured once it has settled
CLEAN = ("metro", "lan")  # where nothing helps
EXPLORING_BAR = 0.98
SETTLE_SECONDS = ((2.0, 600), (1.1, 7200))  # what an effect of so many times may take
PAUSE_SECONDS = 8  # after netoptd: what its transfers left in their send buffers


def add_options(parser):
    """The command line of this bench."""
    parser.add_argument("--paths", help="of " + ",".join(PATHS))
    parser.add_argument("--arms", help=f"of {','.join(wan_arms.ARMS)},{wan_report.NETOPTD}; the "
                                       "default one is always run")
    parser.add_argument("--seconds", type=float, default=BLOCK_SECONDS,
                        help=f"each block of a fixed setting (default {BLOCK_SECONDS})")
    parser.add_argument("--limit", type=float, default=wan_daemon.LIMIT_SECONDS,
                        help="seconds after which netoptd is measured, settled or not")
    parser.add_argument("--quiet", type=float, default=wan_daemon.QUIET_SECONDS,
                        help="seconds without a change after which it counts as settled")
    parser.add_argument("--quick", action="store_true", help="one short round before, none after")
    parser.add_argument("--receiving", action="store_true", help="downloads, of lfn unless told")
    parser.add_argument("--json", help="(default: bench_wan.json in the build directory)")
    parser.add_argument("--svg", help="(likewise bench_wan.svg)")


def chosen(text, known, default):
    """The words of a list on the command line."""
    names = text.split(",") if text else list(default)
    for name in names:
        if name not in known:
            raise SystemExit(f"bench_wan: there is no '{name}', only {', '.join(known)}")
    return names


class Wan:
    """One run of the bench."""

    def __init__(self, figures):
        self.figures, self.options = figures, figures.options
        receiving = self.options.receiving
        self.paths = chosen(self.options.paths, PATHS, ["lfn"] if receiving else SIX)
        known = wan_arms.RECEIVING_ARMS if receiving else wan_arms.ARMS
        arms = chosen(self.options.arms, [*known, wan_report.NETOPTD],
                      [*known, wan_report.NETOPTD])
        self.with_daemon = wan_report.NETOPTD in arms
        self.arms = [DEFAULT] + [arm for arm in arms if arm not in (DEFAULT, wan_report.NETOPTD)]
        self.seconds = QUICK_SECONDS if self.options.quick else self.options.seconds
        self.total, self.run, self.settled, self.whole = {}, None, {}, {}
        self.world, self.started = None, time.monotonic()

    def tell(self, arm, part):
        """Progress: one line for each block."""
        text = "  ".join(f"{name} {measure.goodput or 0:.1f}"
                         f"{'' if measure.ping_p95 is None else f' ({measure.ping_p95:.0f} ms)'}"
                         for name, measure in part.items())
        self.figures.note(f"{time.monotonic() - self.started:5.0f} s  {arm:12} {text}")

    def rounds(self, count):
        """Rounds of the fixed arms."""
        for _ in range(count):
            wan_arms.run_round(self.world, self.arms, self.seconds, self.total, self.tell)

    def daemon(self):
        """netoptd until settled, and measured."""
        self.figures.note(f"{time.monotonic() - self.started:5.0f} s  netoptd: until nothing "
                          f"happened for {self.options.quiet:.0f} s, at most "
                          f"{self.options.limit:.0f} s")
        self.run = wan_daemon.run_daemon(
            self.world, MEASURED_BLOCKS * self.seconds, self.options.limit, self.options.quiet,
            lambda age, change: self.figures.note(wan_report.change_line(age, change)))
        self.settled = wan_daemon.settled_measures(self.world, self.run)
        self.whole = wan_daemon.whole_measures(self.world, self.run)
        self.tell(wan_report.NETOPTD, self.settled)
        time.sleep(PAUSE_SECONDS)

    def measure(self):
        """Everything, in order."""
        with World(self.paths, self.options.receiving) as self.world:
            self.rounds(1 if self.options.quick else ROUNDS_BEFORE)
            if self.with_daemon:
                self.daemon()
                self.rounds(0 if self.options.quick else ROUNDS_AFTER)
            links = {name: link.stats() for name, link in self.world.links.items()}
            return self.results(links)

    def results(self, links):
        """The dictionary that table, JSON and picture are made of."""
        paths = {}
        for name in self.paths:
            arms = {arm: self.total[arm][name] for arm in self.arms}
            result = wan_report.path_result(arms, self.settled.get(name))
            result.update(title=PATHS[name].title, address=self.world.address[name],
                          lateP99Us=links[name]["latenessP99Us"],
                          lateMaxUs=links[name]["latenessMaxUs"])
            if self.run:
                result["line"] = wan_report.path_line(self.run, self.run.clients[name],
                                                      self.world.address[name])
                result["whole"] = self.whole[name].summary()
            paths[name] = result
        about = (f"Linux {platform.release()}, {os.cpu_count()} processors, "
                 f"{time.strftime('%Y-%m-%d')}; {'downloads' if self.options.receiving else 'uploads'}"
                 f", all paths at once; fixed settings in blocks of {self.seconds:.0f} s")
        return {"about": about, "receiving": self.options.receiving, "paths": paths,
                "daemon": wan_report.daemon_result(self.run) if self.run else None}


def judge_path(figures, name, path):
    """netoptd on one path against the oracle, and how soon."""
    row, line = path["arms"][wan_report.NETOPTD], path["line"]
    for key, what, bar, at_least in (
            ("goodputToOracle", "goodput", wan_measure.GOODPUT_BAR, True),
            ("pingToOracle", "ping p95", wan_measure.PING_BAR, False)):
        title = f"{name}: {what} of the oracle's ({path[wan_report.ORACLE]})"
        if row[key] is None:
            figures.missing(title, "too little was measured")
        else:
            figures.figure(title, row[key], "", bar, digits=3, at_least=at_least)
    if line["settleSeconds"] is not None:
        effect = wan_measure.ratio(row["goodputMbps"], path["arms"][DEFAULT]["goodputMbps"]) or 0
        figures.figure(f"{name}: settled, {effect:.2f} times the default", line["settleSeconds"],
                       "s", next((bar for least, bar in SETTLE_SECONDS if effect >= least), None),
                       digits=0)


def judge_clean(figures, name, path):
    """A path where nothing helps: as it was, and little lost meanwhile."""
    cost = wan_measure.ratio(path["whole"]["goodputMbps"],
                             path["arms"][DEFAULT]["goodputMbps"])
    figures.figure(f"{name}: goodput over the whole run, of the default's", cost or 0, "",
                   EXPLORING_BAR, digits=3, at_least=True)
    line = path["line"]
    foreign = line["congestion"] != path["arms"][DEFAULT]["congestion"]
    figures.figure(f"{name}: changes and routes of its own that stand in the end",
                   len(line["standing"]) + len(line["routes"]) + foreign, "", 0, digits=0)


def judge(figures, results):
    """All figures with bars; none without netoptd."""
    daemon = results["daemon"]
    for name, path in results["paths"].items():
        judge_path(figures, name, path)
        if name in CLEAN:
            judge_clean(figures, name, path)
        kept = wan_measure.ratio(path["arms"][wan_report.NETOPTD]["rivalMbps"],
                                 path["arms"][DEFAULT]["rivalMbps"])
        if kept is not None:
            figures.figure(f"{name}: what the competitor keeps", kept, "",
                           wan_measure.RIVAL_KEEPS, digits=3, at_least=True)
    figures.figure("until nothing happened any more", daemon["settledSeconds"], "s", digits=0)
    figures.figure("exit status", daemon["exitStatus"], "", 0, digits=0)
    figures.figure("sysctls, routes and rules not as before", len(daemon["left"]), "", 0, digits=0)
    for line in daemon["left"]:
        figures.note(line)


def write(path, text):
    """A file of results."""
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def measure(figures):
    """Measures, prints, writes, judges."""
    go_first()
    results = Wan(figures).measure()
    for line in wan_report.table(results):
        figures.note(line)
    for name, path in results["paths"].items():
        figures.note(f"the link {name} was late by p99 {path['lateP99Us']} us, at most "
                     f"{path['lateMaxUs'] / 1000:.1f} ms")
    files = {"json": json.dumps(results, indent=1), "svg": wan_svg.draw(results)}
    for kind, text in files.items():
        path = getattr(figures.options, kind) or os.path.join(build_path(), f"bench_wan.{kind}")
        write(path, text)
        figures.note(f"written: {path}")
    if results["daemon"]:
        judge(figures, results)


if __name__ == "__main__":
    bench.main(__doc__.splitlines()[0], measure, add_options)
