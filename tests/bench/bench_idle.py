#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What netoptd costs when there is little to do: 10 endpoints, each measured every 10 s."""
import time

import bench
from harness import Namespace, build_path
from netopt import Daemon

ENDPOINTS = 10
WARM_UP_S = 10
BAR_CPU_PERCENT = 0.1
BAR_RSS_MIB = 8
CONFIG = "[Daemon]\nMode=auto\nInterval=10s\n" + "".join(
    f"[Endpoint e{i}]\nUrl=tcp://127.0.0.1:{7000 + i}\nInterval=10s\n" for i in range(ENDPOINTS))


def add_options(parser):
    """The command line of this bench."""
    parser.add_argument("--seconds", type=int, default=60, help="how long to measure")


def measure(figures):
    """One daemon with its endpoints on the loopback of an empty namespace."""
    with Namespace("idle") as namespace:
        namespace.started([build_path("tests", "net", "wanload"), "accept", "--listen",
                           "127.0.0.1:7000", "--count", str(ENDPOINTS)])
        with Daemon(namespace, CONFIG) as daemon:
            pid = daemon.process.pid
            start_ms = bench.run_ns(pid) / 1e6
            time.sleep(WARM_UP_S)
            cpu_ns, begin = bench.run_ns(pid), time.monotonic()
            time.sleep(figures.options.seconds)
            cpu_ns, wall = bench.run_ns(pid) - cpu_ns, time.monotonic() - begin
            memory = bench.memory_kib(pid)
            probes = sum(row["windows"][0]["count"]
                         for row in bench.endpoints(daemon))
    figures.figure("processor to start", start_ms, "ms")
    figures.figure("handshakes measured in the last minute", probes, "", digits=0)
    figures.figure("processor", cpu_ns / wall / 1e7, "%", BAR_CPU_PERCENT, digits=4)
    figures.figure("resident memory (VmRSS)", memory["VmRSS"] / 1024, "MiB", BAR_RSS_MIB, digits=2)
    figures.figure("  of it its own (RssAnon)", memory["RssAnon"] / 1024, "MiB", digits=2)
    figures.figure("  of it libraries and itself (RssFile)", memory["RssFile"] / 1024, "MiB",
                   digits=2)


if __name__ == "__main__":
    bench.main(__doc__, measure, add_options)
