#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The period of the sweeps: it backs off on an idle host, and transfers shorter than the longest
period are seen all the same, whatever the moment they begin at."""
import sys
import time

import harness
from netopt import Daemon

INTERVAL_SECONDS = 10
CONFIG = f"[Daemon]\nMode=observe\nInterval={INTERVAL_SECONDS}s\n"
IDLE_SECONDS = 18
# Moments within a period at which the transfers begin.
DELAYS = (0.5, 3.5)


def period(daemon):
    """Seconds until the next sweep."""
    return daemon.call("GetStatus")["sweep"]["periodUsec"] / 1e6


def run(tap):
    """Idle, then transfers, for each delay."""
    with harness.Lab() as lab, lab.link(rtt="20ms", rate="50M") as link:
        lab.sink(link.peer_address)
        for delay in DELAYS:
            with Daemon(lab.host, CONFIG) as daemon:
                time.sleep(IDLE_SECONDS)
                tap.ok(period(daemon) >= INTERVAL_SECONDS - 3, "an idle host is swept seldom",
                       f"every {period(daemon):.0f} s")
                time.sleep(delay)
                lab.transfers(link.peer_address, seconds=3, repeat=5)
                rows = daemon.call("ListPaths")["paths"]
                samples = sum(row["samples"] for row in rows)
                tap.ok(samples >= 5, f"transfers of 3 s are seen, begun after {delay} s",
                       f"{samples} samples")
                tap.ok(period(daemon) <= 2, "a busy one every second", f"{period(daemon):.0f} s")


if __name__ == "__main__":
    sys.exit(harness.main([("sweeps", run)]))
