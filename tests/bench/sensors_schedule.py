# SPDX-License-Identifier: MIT
"""A thousand endpoints a second each: what it costs, and whether each probe leaves when it should."""
import time

import bench
from harness import Namespace, build_path
from netopt import Daemon

ENDPOINTS = 1000
WARM_UP_S = 10
BAR_CPU_PERCENT, BAR_SLIP_MS = 10, 5
CONFIG = "[Daemon]\nMode=observe\nDiscover=no\n" + "".join(
    f"[Endpoint e{i}]\nUrl=tcp://127.0.0.1:{7000 + i}\nInterval=1s\n" for i in range(ENDPOINTS))


def slip(figures, schedule):
    """How late probes left, by the daemon's own count: nobody else knows when they were due."""
    if schedule is None:
        figures.missing("slip of the schedule, p99", "netoptd does not tell")
        return
    for name, key, bar in (("p50", "slipP50Usec", None), ("p99", "slipP99Usec", BAR_SLIP_MS),
                           ("worst", "slipMaxUsec", None)):
        if schedule[key] is None:
            figures.missing(f"slip of the schedule, {name}", "too few slots")
        else:
            figures.figure(f"slip of the schedule, {name}", schedule[key] / 1000, "ms", bar,
                           digits=2)


def measure(figures):
    """1,000 tcp endpoints, each measured every second"""
    with Namespace("schedule") as namespace:
        # The kernel answers a SYN; a listener that woke up each time would only take turns with the
        # daemon on its processor, which no far listener does.
        namespace.started([build_path("tests", "net", "wanload"), "accept", "--listen",
                           "127.0.0.1:7000", "--count", str(ENDPOINTS), "--gap", "5ms"])
        with Daemon(namespace, CONFIG) as daemon:
            pid = daemon.process.pid
            time.sleep(WARM_UP_S)
            begin_ns, begin = bench.run_ns(pid), time.monotonic()
            time.sleep(figures.options.seconds)
            cpu_ns, wall = bench.run_ns(pid) - begin_ns, time.monotonic() - begin
            memory = bench.memory_kib(pid)
            status = daemon.call("GetStatus")
            rows = bench.endpoints(daemon)
    windows = [row["windows"][0] for row in rows]
    figures.figure("probes in the last minute", sum(row["count"] for row in windows), "", digits=0)
    figures.figure("processor", cpu_ns / wall / 1e7, "%", BAR_CPU_PERCENT, digits=2)
    figures.figure("slots missed", sum(row["lateProbes"] for row in rows), "", 0, digits=0)
    slip(figures, status["schedule"])
    figures.figure("probes that failed", sum(row["failures"] for row in windows), "", 0, digits=0)
    figures.figure("resident memory (VmRSS)", memory["VmRSS"] / 1024, "MiB", digits=2)
