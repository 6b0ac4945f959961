#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The period of the sweeps: it backs off on an idle host, and transfers shorter than the longest
period are seen all the same, whatever the moment they begin at. And their cost: a budget too small
for all sockets at once is kept by looking at parts of them, and no flow is lost by that."""
import os
import socket
import subprocess
import sys
import threading
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


CONNECTIONS = 600
ADDRESS = "10.99.0.1"
# 1200 sockets take 2 ms and more: more than this share of a second.
BUDGET = "[Daemon]\nMode=observe\nInterval=1s\nCpuBudget=0.1%\nDiscover=no\n"
BUDGET_PPM = 1000


def hold_connections(ready, done):
    """Both ends of many connections, idle, until told; ports below 32768 on the listening side."""
    with socket.create_server((ADDRESS, 8080), backlog=CONNECTIONS) as server:
        clients = [socket.create_connection((ADDRESS, 8080)) for _ in range(CONNECTIONS)]
        accepted = [server.accept()[0] for _ in range(CONNECTIONS)]
        os.write(ready, b"!")
        os.read(done, 1)
        for one in clients + accepted:
            one.close()


def budget(tap):
    """Parts of the sockets at a time."""
    with harness.Lab() as lab:
        subprocess.run(["ip", "-n", lab.host.name, "address", "add", ADDRESS + "/32", "dev", "lo"],
                       check=True)
        ready, done = os.pipe(), os.pipe()
        holder = threading.Thread(target=lab.host.call, args=(hold_connections, ready[1], done[0]))
        holder.start()
        os.read(ready[0], 1)
        with Daemon(lab.host, BUDGET) as daemon:
            status = daemon.call("GetStatus")
            end = time.monotonic() + 40
            while time.monotonic() < end and (status["sweep"]["slices"] == 1
                                              or status["flows"] < 2 * CONNECTIONS):
                time.sleep(0.5)
                status = daemon.call("GetStatus")
            sweep = status["sweep"]
            tap.ok(sweep["slices"] > 1, "each look sees a part", str(sweep))
            tap.ok("CpuBudget" in (sweep["reason"] or ""), "and says why", str(sweep["reason"]))
            begin = time.monotonic(), cpu_of(daemon), daemon.call("GetStatus")["sweep"]["count"]
            time.sleep(30)
            status = daemon.call("GetStatus")
            sweeps = status["sweep"]["count"] - begin[2]
            tap.ok(status["flows"] == 2 * CONNECTIONS, "no flow is lost",
                   f"{status['flows']} of {2 * CONNECTIONS} after {sweeps} sweeps")
            used = (cpu_of(daemon) - begin[1]) / (time.monotonic() - begin[0]) * 1e6
            tap.ok(status["sweep"]["cpuUsedPpm"] <= 1.5 * BUDGET_PPM, "the budget is kept",
                   f"{status['sweep']['cpuUsedPpm']} of {BUDGET_PPM} ppm lately; the whole "
                   f"daemon {used:.0f}")
        os.write(done[1], b"!")
        holder.join()


def cpu_of(daemon):
    """Seconds of processor time so far."""
    with open(f"/proc/{daemon.process.pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0]) / 1e9


if __name__ == "__main__":
    sys.exit(harness.main([("sweeps", run), ("budget", budget)]))
