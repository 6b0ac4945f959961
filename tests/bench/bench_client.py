#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What netoptctl costs: `status` and others beside a daemon with little and with much to show."""
import contextlib
import json
import socket
import time

import bench
from harness import Namespace, build_path
from netopt import Daemon
from sensors_sweep import connections, crowd

FEW, MANY, PATHS, SOCKETS = 10, 1000, 4096, 20000
ROUNDS, TEST_ROUNDS = 201, 21
WARM_UP_S = 15
BAR_MS, BAR_TRUE, BAR_RSS_MIB = 30, 5, 8
FOLLOWERS, FOLLOW_S = 50, 10
BAR_FOLLOW_PERCENT = 20  # what all who follow together may take: daemon/serve/monitors.h
OBSERVE = "[Daemon]\nMode=observe\nDiscover=no\n"
# All sockets in each sweep, no destination merged with its neighbours: the most there can be.
BUSY = OBSERVE + "CpuBudget=100%\nPrefixIPv4=32\n"
VERBS = (["status"], ["endpoints"], ["paths"], ["changes"], ["tunables"], ["--version"])


def config(head, count, interval):
    """Endpoints on the loopback."""
    return head + "".join(f"[Endpoint e{i}]\nUrl=tcp://127.0.0.1:{7000 + i}\nInterval={interval}\n"
                          for i in range(count))


def acceptors(namespace, count):
    """Where they listen."""
    namespace.started([build_path("tests", "net", "wanload"), "accept", "--listen",
                       "127.0.0.1:7000", "--count", str(count), "--gap", "5ms"])


def startup(namespace, daemon, rounds, *words):
    """What startup.c prints."""
    done = namespace.run([build_path("tests", "bench", "startup"), str(rounds),
                          build_path("cli", "netoptctl"), "--socket", daemon.socket, *words],
                         timeout=300)
    if done.returncode != 0:
        raise RuntimeError(f"netoptctl {' '.join(words)}: {done.stderr}")
    return json.loads(done.stdout)


def status(figures, namespace, daemon, title, bar_ms=None, bar_true=None):
    """The whole process, beside true."""
    result = startup(namespace, daemon, TEST_ROUNDS if figures.tap else ROUNDS, "status")
    figures.figure(f"status, {title}: median", result["medianUsec"] / 1000, "ms", bar_ms, digits=2)
    figures.figure(f"status, {title}: p95", result["p95Usec"] / 1000, "ms", digits=2)
    figures.figure("  true beside it: median", result["trueMedianUsec"] / 1000, "ms", digits=2)
    figures.figure("  times true", result["medianUsec"] / result["trueMedianUsec"], "", bar_true,
                   digits=2, tap_bar=None if bar_true is None else bar_true * 4)
    figures.figure("  peak of its resident memory", result["peakKib"] / 1024, "MiB", BAR_RSS_MIB,
                   digits=2)


def few(figures):
    """A small host."""
    with Namespace("few") as namespace:
        acceptors(namespace, FEW)
        with Daemon(namespace, config(OBSERVE, FEW, "1s")) as daemon:
            time.sleep(3 if figures.tap else WARM_UP_S)
            status(figures, namespace, daemon, f"{FEW} endpoints", bar_true=BAR_TRUE)


def methods(figures, daemon):
    """What each call takes, seen from the socket, and how long its reply is."""
    calls = (("GetStatus", {}), ("ListEndpoints", {"limit": 20}), ("ListEndpoints", {}),
             ("ListPaths", {"limit": 1000}), ("ListTunables", {}), ("ListChanges", {}),
             ("GetHistory", {}), ("ListLinks", {}), ("ListCounters", {}))
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(daemon.socket)
        for method, parameters in calls:
            call = json.dumps({"method": "org.netopt.Daemon." + method,
                               "parameters": parameters}).encode() + b"\0"
            times, size = [], 0
            for _ in range(15):
                begin = time.monotonic_ns()
                sock.sendall(call)
                size = read_reply(sock)
                times.append((time.monotonic_ns() - begin) / 1e6)
            figures.note(f"  {method} {json.dumps(parameters):16} "
                         f"{bench.quantile(times, 500):8.2f} ms {size / 1024:9.1f} KiB")


def read_reply(sock):
    """The length of one reply, which is not looked at."""
    size = 0
    while True:
        chunk = sock.recv(1 << 20)
        if not chunk:
            raise ConnectionError("the daemon hung up")
        size += len(chunk)
        if chunk.endswith(b"\0"):
            return size


def follow(figures, daemon, count, parameters):
    """What those who follow cost the daemon, in percent of a processor."""
    call = json.dumps({"method": "org.netopt.Daemon.Monitor", "more": True,
                       "parameters": parameters}).encode() + b"\0"
    pid = daemon.process.pid
    with contextlib.ExitStack() as stack:
        socks = []
        for _ in range(count):
            sock = stack.enter_context(socket.socket(socket.AF_UNIX))
            sock.connect(daemon.socket)
            sock.sendall(call)
            sock.settimeout(0)
            socks.append(sock)
        replies, begin_ns, begin = 0, bench.run_ns(pid), time.monotonic()
        while time.monotonic() < begin + FOLLOW_S:
            time.sleep(0.05)
            for sock in socks:
                with contextlib.suppress(BlockingIOError):
                    while chunk := sock.recv(1 << 20):
                        replies += chunk.count(b"\0")
        return (bench.run_ns(pid) - begin_ns) / (time.monotonic() - begin) / 1e7, replies


def followers(figures, daemon):
    """Beside what the daemon takes anyway."""
    begin_ns, begin = bench.run_ns(daemon.process.pid), time.monotonic()
    time.sleep(FOLLOW_S)
    alone = (bench.run_ns(daemon.process.pid) - begin_ns) / (time.monotonic() - begin) / 1e7
    figures.figure("the daemon alone", alone, "% of a processor", digits=2)
    for count, parameters, title, bar in (
            (1, {}, "one follows", None),
            (FOLLOWERS, {}, f"{FOLLOWERS} follow", None),
            (FOLLOWERS, {"endpoints": True, "paths": True}, f"{FOLLOWERS} follow, with lists", None),
            (FOLLOWERS, {"endpoints": True, "paths": True, "limit": 100, "intervalUsec": 100000},
             f"{FOLLOWERS} want all, 10 times a second", BAR_FOLLOW_PERCENT + 10)):
        cost, replies = follow(figures, daemon, count, parameters)
        figures.figure(f"{title}: more than alone", cost - alone, "% of a processor", bar, digits=2)
        figures.note(f"  {replies} replies in {FOLLOW_S} s")


def many(figures):
    """A large one."""
    with crowd("many") as namespace:
        acceptors(namespace, MANY)
        connections(namespace, SOCKETS, PATHS)
        with Daemon(namespace, config(BUSY, MANY, "10s")) as daemon:
            time.sleep(WARM_UP_S)
            shown = daemon.call("GetStatus")
            figures.note(f"{shown['endpointsUp']} of {shown['endpointsTotal']} endpoints up, "
                         f"{shown['paths']} paths, {shown['flows']} flows")
            if shown["paths"] < PATHS * 0.99 or shown["endpointsUp"] < MANY * 0.99:
                figures.missing("status with much to show", "not everything was seen")
                return
            status(figures, namespace, daemon, f"{MANY} endpoints, {PATHS} paths", bar_ms=BAR_MS)
            if figures.tap:
                return
            for words in VERBS[1:]:
                result = startup(namespace, daemon, 51, *words)
                figures.figure(f"{' '.join(words)}: median", result["medianUsec"] / 1000, "ms",
                               digits=2)
            methods(figures, daemon)
            followers(figures, daemon)
            memory = bench.memory_kib(daemon.process.pid)
            figures.figure("the daemon's private memory (RssAnon)", memory["RssAnon"] / 1024,
                           "MiB", digits=2)


def measure(figures):
    """Few, and many."""
    few(figures)
    many(figures)


if __name__ == "__main__":
    bench.main(__doc__, measure)
