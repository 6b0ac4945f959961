#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How true the measured handshake latency is, against what the emulated link recorded."""
import time

import bench
from bench import quantile
from harness import Lab, busy_loops
from netopt import Daemon

ENDPOINTS = 6
LOADS = 4
BAR_MS = 0.3
# Delays in the middle of what hosts see; jitter makes a median and a p99 that differ.
PATHS = (("1ms", {}), ("20ms", {}), ("20ms", {"jitter": "4ms"}), ("100ms", {}))
CONFIG = "[Daemon]\nMode=observe\n" + "".join(
    f"[Endpoint e{i}]\nUrl=tcp://{{address}}:{7000 + i}\nInterval=200ms\n"
    for i in range(ENDPOINTS))


def add_options(parser):
    """The command line of this bench."""
    parser.add_argument("--seconds", type=int, default=30, help="how long to measure each path")


def one_path(figures, lab, link, name):
    """One run: the quantiles of each endpoint against those of its own handshakes."""
    before = len(link.handshakes())
    with Daemon(lab.host, CONFIG.format(address=link.peer_address)) as daemon:
        time.sleep(figures.options.seconds)
        rows = {int(row["name"][1:]): row["windows"][0]
                for row in bench.endpoints(daemon)}
    truth = {}
    for handshake in link.handshakes()[before:]:
        port = int(handshake["target"].rpartition(":")[2])
        if handshake["syns"] == 1:
            truth.setdefault(port - 7000, []).append(handshake["rttNs"] / 1000)
    for key, permille in (("p50Usec", 500), ("p99Usec", 990)):
        errors = [abs(row[key] - quantile(truth[number], permille)) / 1000
                  for number, row in rows.items() if row[key] is not None]
        if errors:
            # A quantile is the middle of a bucket of the histogram, which is up to 1/32 wide.
            bar = max(BAR_MS, quantile(truth[0], permille) / 1000 / 128)
            figures.figure(f"{name}: {key[:3]}, worst of {len(errors)} endpoints", max(errors),
                           "ms", round(bar, 2) if key == "p50Usec" else None, digits=3)


def measure(figures):
    """Every path, with nothing else to do and with the processors full."""
    with Lab() as lab:
        for number, (rtt, words) in enumerate(PATHS):
            with lab.link(number=number, rtt=rtt, **words) as link:
                lab.acceptors(link.peer_address, count=ENDPOINTS)
                name = " ".join([rtt] + [f"{key} {value}" for key, value in words.items()])
                one_path(figures, lab, link, name)
                with busy_loops(LOADS):
                    one_path(figures, lab, link, f"{name}, {LOADS} busy loops")


if __name__ == "__main__":
    bench.main(__doc__, measure, add_options)
