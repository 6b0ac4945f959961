#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Clean paths: a LAN (1 ms, 500 Mbit/s) and a metro (8 ms, 200 Mbit/s). A good tuner does nothing.

Either no change is made, or it is put back; and the daemon's presence costs no goodput: transfers
with and without it (stopped by SIGSTOP, so that everything else stays) alternate, and their medians
are compared."""
import os
import signal
import statistics
import sys

import harness
import loop

PATHS = {
    "LAN": {"rtt": "1ms", "rate": "500M", "queue": "250k"},
    "metro": {"rtt": "8ms", "rate": "200M", **loop.COARSE},
}
# Long enough for evidence (90 s) and what might follow from it.
WATCHED_SECONDS = 105
# What other programs take of the processors falls on both sides alike. It blurs five pairs, not ten
# more; what the daemon itself costs is in all of them.
PAIRS, PAIRS_MOST = 5, 15
GOODPUT_RATIO = 0.98


def compare(tap, daemon, transfers):
    """Median goodput with the daemon at work over that with it frozen, of all pairs made: of more
    of them if the first say that it costs something."""
    values = {True: [], False: []}
    ratio = 0
    while len(values[True]) < PAIRS or ratio < GOODPUT_RATIO and len(values[True]) < PAIRS_MOST:
        for working in (True, False):
            os.kill(daemon.process.pid, signal.SIGCONT if working else signal.SIGSTOP)
            transfers.next()
            values[working].append(loop.mbps(transfers.next()))
        ratio = statistics.median(values[True]) / statistics.median(values[False])
    os.kill(daemon.process.pid, signal.SIGCONT)
    tap.note(f"with {values[True]}, without {values[False]}")
    return ratio


def run_path(tap, name):
    """One path."""
    with harness.Lab() as lab, lab.link(seed=1, **PATHS[name]) as link:
        before = lab.host.snapshot()
        daemon, transfers = loop.start(lab, link, seconds=2)
        with transfers, daemon:
            measured = loop.Loop(tap, daemon, transfers)
            changes = measured.until(lambda changes: False, WATCHED_SECONDS)
            for change in changes:
                tap.note(loop.summary(change))
            tap.ok(not [c for c in changes if c["verdict"] == "kept"], f"{name}: nothing kept",
                   f"{len(changes)} changes tried")
            ratio = compare(tap, daemon, transfers)
            tap.ok(ratio >= GOODPUT_RATIO, f"{name}: goodput >= {GOODPUT_RATIO} of untouched",
                   f"{ratio:.3f}")
            for row in daemon.call("GetStatus")["controllers"]:
                tap.note(f"{row['name']}: {row['idleReason']}")
            tap.ok(daemon.stop() == 0, f"{name}: stopped")
        changed = harness.difference(before, lab.host.snapshot())
        tap.ok(not changed, f"{name}: every sysctl as before", str(changed))


if __name__ == "__main__":
    names = sys.argv[1:] or list(PATHS)
    sys.exit(harness.main([(name, lambda tap, name=name: run_path(tap, name)) for name in names]))
