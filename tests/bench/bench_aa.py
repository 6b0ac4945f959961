#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A/A: trials of nothing against nothing, on several paths at once, until there are 200 pairs.

Each is asked for with `netoptctl trial aa`; whatever it keeps is an error, as there is nothing to
find. The paths differ in what makes measurements differ: jitter, loss, a queue shared with others."""
import time

import bench
import routes
import wan_daemon
import wan_report
from harness import Lab, difference
from netopt import Daemon
from wan_traffic import Source, Sources, go_along, go_first, load_argv

# Slow ones, so that many fit the processors.
PATHS = (
    {"rtt": "20ms", "rate": "20M"},
    {"rtt": "60ms", "rate": "20M", "jitter": "6ms"},
    {"rtt": "40ms", "rate": "10M", "loss": "0.5%"},
    {"rtt": "100ms", "rate": "20M", "loss": "0.1%", "jitter": "3ms"},
    {"rtt": "30ms", "rate": "10M", "queue": "200k"},
    {"rtt": "10ms", "rate": "20M", "queue": "32k"},
)
CLIENTS = 2  # that share the queue of each path
PAIRS, TRIAL_PAIRS = 200, 20
FALSE_KEEPS_BAR = 1.5
LIMIT_SECONDS = 4 * 3600
POLL_SECONDS = 5.0


def add_options(parser):
    """The command line of this bench."""
    parser.add_argument("--pairs", type=int, default=PAIRS, help="until there are so many")
    parser.add_argument("--limit", type=float, default=LIMIT_SECONDS, help="or so many seconds")
    parser.add_argument("--paths", type=int, default=len(PATHS), help="on the first so many paths")


def pairs_of(changes):
    """All pairs of A/A trials so far."""
    return sum(change["trial"]["pairs"] for change in changes if change["controller"] == "aa")


def busy(changes, address):
    """Whether a trial is under way on a path."""
    return any(change["controller"] == "aa" and change["state"] == "trial" and
               wan_daemon.concerns(change, address) for change in changes)


class Trials:
    """Keeps one A/A trial going on each path."""

    def __init__(self, figures, daemon, addresses):
        self.figures, self.daemon, self.addresses = figures, daemon, addresses
        self.refused, self.told, self.started = {}, set(), time.monotonic()

    def ask(self, address):
        """One more trial; what is refused is told once for each reason."""
        done = self.daemon.ctl("trial", "aa", address, "--pairs", str(TRIAL_PAIRS))
        reason = (done.stderr or done.stdout).strip()
        if done.returncode != 0 and self.refused.get(address) != reason:
            self.refused[address] = reason
            self.figures.note(f"{address}: {reason.splitlines()[0] if reason else 'refused'}")
        return done.returncode == 0

    def step(self):
        """Looks at all; the changes."""
        changes = self.daemon.changes()
        for change in changes:
            mark = (change["id"], change["state"], change["verdict"])
            if mark not in self.told and change["controller"] == "aa":
                self.told.add(mark)
                self.figures.note(wan_report.change_line(time.monotonic() - self.started, change))
        asked = [self.ask(address) for address in self.addresses if not busy(changes, address)]
        return changes, len(asked) < len(self.addresses) or any(asked)


def run(figures, lab, addresses, daemon):
    """Until there are enough pairs; the last changes, or None if no trial can be had."""
    trials = Trials(figures, daemon, addresses)
    with Sources() as sources:
        for address in addresses:
            for _ in range(CLIENTS):
                sources.add(Source(lab.host, load_argv("burst", address, repeat=0, bytes="300k",
                                                       gap=0.2)))
        sources.pump(2 * POLL_SECONDS)
        changes, possible = trials.step()
        while possible and pairs_of(changes) < figures.options.pairs and \
                time.monotonic() - trials.started < figures.options.limit:
            sources.pump(POLL_SECONDS)
            changes, _ = trials.step()
    return changes if possible else None


def judge(figures, changes):
    """Pairs, trials, and what was kept."""
    trials = [change for change in changes if change["controller"] == "aa"]
    decided = [change for change in trials if change["state"] == "decided"]
    kept = [change for change in decided if change["verdict"] == "kept"]
    figures.figure("pairs", pairs_of(changes), "", figures.options.pairs, digits=0, at_least=True)
    figures.figure("trials decided", len(decided), "", digits=0)
    figures.figure("kept, of the decided", 100 * len(kept) / max(1, len(decided)), "%",
                   FALSE_KEEPS_BAR, digits=2)


def state(lab):
    """What must be as before."""
    return {**lab.host.snapshot(), **routes.snapshot(lab.host)}


def measure(figures):
    """All paths in one lab."""
    go_first()
    with Lab() as lab:
        addresses = []
        for number, words in enumerate(PATHS[:figures.options.paths]):
            link = lab.link(number=number, seed=number + 1, record_syn=False, coarse="2ms",
                            **words)
            lab.sink(link.peer_address)
            addresses.append(link.peer_address)
        before = state(lab)
        with Daemon(lab.host, wan_daemon.CONFIG) as daemon:
            go_along(daemon.process)
            changes = run(figures, lab, addresses, daemon)
            daemon.stop()
        if changes is None:
            figures.missing("pairs", "netoptd makes no A/A trial")
        else:
            judge(figures, changes)
        left = difference(before, state(lab))
        figures.figure("sysctls, routes and rules not as before", len(left), "", 0, digits=0)
        for line in left:
            figures.note(line)


if __name__ == "__main__":
    bench.main(__doc__.splitlines()[0], measure, add_options)
