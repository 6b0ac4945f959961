#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The audit on hosts that have the faults, and on the same hosts without them.

Two hosts, each in namespaces of its own, run the same programs at the same time: "ill" with the
faults, "well" as the audit's remedies would have them. Both are looked at together, without a
daemon; what an audit finds on the well one is a false alarm."""
import contextlib
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import harness
import routes
from harness import build_path, call_in

LOADS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "loads.py")
SECONDS = 12
RAMP_SECONDS = 6
CABLE = ("10.79.1.1", "10.79.1.2")
TRIP_MS = 40
LINKS = {
    # a churning client, and a receiver with a buffer of its own
    "far": (0, {"rtt": f"{TRIP_MS}ms", "rate": "100M"}, {}),
    "bulk": (1, {"rtt": "20ms", "rate": "10M", "queue": "25k"}, {"queue": "1M"}),
    "hole": (2, {"rtt": "10ms", "rate": "50M"}, {"up_largest": "1300"}),
}
CHURN_PER_S = 20
DELAYED_ACK_MS = 40  # TCP_DELACK_MIN
ILL_SYSCTLS = {"net.ipv4.tcp_sack": "0", "net.ipv4.ip_local_port_range": "40000 40199"}
TOLERANCE = 0.2
NAME = "www.example.org"
ANSWER_SECONDS = 0.02


class Site:
    """A host with its peer, its paths, and programs on both."""

    def __init__(self, stack, ill):
        self.ill = ill
        self.lab = stack.enter_context(harness.Lab())
        routes.veth(self.lab.host, self.lab.peer, "cable", CABLE)
        self.links = {name: self.lab.link(number=number, record_syn=False, coarse="500us",
                                          **{**path, **(fault if ill else {})})
                      for name, (number, path, fault) in LINKS.items()}
        if ill:
            self.lab.host.set_sysctls(ILL_SYSCTLS)

    def choose(self, ill, well):
        """A word that is the fault, or its absence."""
        return ill if self.ill else well

    def start(self, namespace, role, *words, server=False):
        """One of the programs of loads.py."""
        argv = [sys.executable, LOADS, role, *map(str, words)]
        if server:
            namespace.started(argv, timeout=30)
        else:
            namespace.spawn(argv)

    def load(self):
        """Every program; most of the faults are in the words that they get."""
        host, peer, far = self.lab.host, self.lab.peer, self.links["far"]
        self.start(peer, "answer", CABLE[1], 7010, server=True)
        self.start(host, "ask", CABLE[1], 7010, self.choose(2, 1), self.choose(0, 0.02))
        self.start(host, "accept", CABLE[0], 7001, self.choose(4, 512), self.choose(0.2, 0),
                   server=True)
        self.start(peer, "connect", CABLE[0], 7001, 20, 1)
        self.start(peer, "accept", far.peer_address, 7002, 512, 0, server=True)
        self.start(host, "churn", far.peer_address, 7002, self.choose(1, 0), 1 / CHURN_PER_S)
        self.start(host, "pull", far.host_address, 7003, 1, self.choose(32768, 0), server=True)
        self.start(peer, "push", far.host_address, 7003, 0)
        self.start(peer, "pull", self.links["bulk"].peer_address, 7004, 1, 0, server=True)
        self.start(host, "push", self.links["bulk"].peer_address, 7004, 0)
        self.start(peer, "greet", self.links["hole"].peer_address, 7005, server=True)
        self.start(host, "upload", self.links["hole"].peer_address, 7005, 100000, 20)

    def occupy_ports(self):
        """Most of the local ports, by idle connections to one port; the list keeps them open."""
        count = self.choose(160, 20)
        self.start(self.lab.peer, "accept", CABLE[1], 7006, 512, 0, server=True)
        self.lab.host.spawn([sys.executable, LOADS, "connect", CABLE[1], "7006", str(count), "600"])

    def audit(self, *words):
        """What it finds, by row."""
        done = self.lab.host.run([build_path("cli", "netoptctl"), "audit", "--json", "--socket",
                                  "/nonexistent/socket", *words], timeout=SECONDS + 60)
        if done.returncode not in (0, 6):
            raise RuntimeError(f"{done.returncode}: {done.stdout} {done.stderr}")
        return done.returncode, by_row(json.loads(done.stdout)["findings"])


def by_row(findings):
    """{row: [finding]}"""
    rows = {}
    for finding in findings:
        rows.setdefault(finding["row"], []).append(finding)
    return rows


def look_at_all(sites):
    """(exit status, rows) of each, looked at together."""
    results = [None] * len(sites)

    def look(i):
        results[i] = sites[i].audit("--duration", f"{SECONDS}s")

    threads = [threading.Thread(target=look, args=(i,)) for i in range(len(sites))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def worst(findings, subject=""):
    """The finding that says "improve" of a subject, or None."""
    return next((finding for finding in findings if finding["verdict"] == "improve" and
                 subject in (finding["subject"] or "")), None)


def near(value, expected):
    """Within what is allowed."""
    return value is not None and abs(value - expected) <= TOLERANCE * expected


def check(tap, row, ill, well, subject="", alarm_subject=None):
    """Found on the ill host, with what to do, and not on the well one; the finding."""
    finding = worst(ill.get(row, []), subject)
    tap.ok(finding is not None, f"{row}: found", json.dumps(ill.get(row))[:300])
    alarm = worst(well.get(row, []), subject if alarm_subject is None else alarm_subject)
    tap.ok(alarm is None, f"{row}: no false alarm", json.dumps(alarm)[:300] if alarm else "")
    if finding:
        tap.ok(bool(finding["remedy"]), f"{row}: says what to do", finding["remedy"])
    return finding or {}


def faults(tap):
    """All that shows in sockets and settings."""
    with contextlib.ExitStack() as stack:
        sites = [Site(stack, True), Site(stack, False)]
        for site in sites:
            site.load()
            site.occupy_ports()
        time.sleep(RAMP_SECONDS)
        (status, ill), (_, well) = look_at_all(sites)
        tap.ok(status == 6, "the exit status says that there is something to improve")
        cost = check(tap, "nodelay", ill, well, "7010").get("costUsec")
        tap.ok(near(cost, 1000 * DELAYED_ACK_MS), "nodelay: what it costs", f"{cost} us")
        cost = check(tap, "pooling", ill, well, "7002").get("costUsecPerSecond")
        tap.ok(near(cost, 1000 * TRIP_MS * CHURN_PER_S / (1 + CHURN_PER_S * TRIP_MS / 1000)),
               "pooling: what it costs", f"{cost} us in each second")
        finding = check(tap, "listen", ill, well, "7001")
        tap.ok("listen(fd," in finding.get("remedy", ""), "listen: it is the program's backlog")
        check(tap, "receive-buffer", ill, well)
        check(tap, "bufferbloat", ill, well)
        check(tap, "mtu", ill, well)
        check(tap, "ports", ill, well)
        check(tap, "settings", ill, well, "tcp_sack")
        check(tap, "options", ill, well)


class Resolver(threading.Thread):
    """A name server in a namespace that takes its time for each question; with `cache` only for the
    first."""

    def __init__(self, namespace, cache):
        super().__init__(daemon=True)
        self.socket = call_in(namespace.name, bind_dns)
        self.cache, self.known = cache, set()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                question, peer = self.socket.recvfrom(512)
                key = question[2:]
                if not (self.cache and key in self.known):
                    time.sleep(ANSWER_SECONDS)
                self.known.add(key)
                self.socket.sendto(answer_to(question), peer)


def bind_dns():
    """A socket on the name server's port of the loopback address."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 53))
    return sock


def answer_to(question):
    """An address for A, nothing for other types (RFC 1035)."""
    end = question.index(0, 12) + 5
    is_a = question[end - 4:end - 2] == b"\0\1"
    header = question[:2] + b"\x81\x80" + struct.pack(">HHHH", 1, int(is_a), 0, 0)
    record = b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", 60, 4) + bytes((192, 0, 2, 1))
    return header + question[12:end] + (record if is_a else b"")


def look_up(namespace, directory):
    """The row of names of an audit that asks the name server of the namespace."""
    conf, hosts = (os.path.join(directory, name) for name in ("resolv.conf", "nsswitch.conf"))
    with open(conf, "w", encoding="ascii") as file:
        file.write("nameserver 127.0.0.1\n")
    with open(hosts, "w", encoding="ascii") as file:
        file.write("hosts: dns\n")
    script = (f"mount --bind {conf} /etc/resolv.conf; mount --bind {hosts} /etc/nsswitch.conf; "
              f"exec {build_path('cli', 'netoptctl')} audit --json --row dns-cache --duration 1s "
              f"--name {NAME} --socket /nonexistent/socket")
    done = namespace.run(["unshare", "--mount", "sh", "-c", script], timeout=30)
    return by_row(json.loads(done.stdout)["findings"])["dns-cache"][0]


def names(tap):
    """A host whose name server is asked each time, and one that has a cache."""
    for cache in (False, True):
        with harness.Namespace("host") as namespace, \
                tempfile.TemporaryDirectory(prefix="netopt-audit-") as directory:
            subprocess.run(["ip", "-n", namespace.name, "link", "set", "lo", "up"], check=True)
            resolver = Resolver(namespace, cache)
            resolver.start()
            finding = look_up(namespace, directory)
            resolver.socket.close()
            if cache:
                tap.ok(finding["verdict"] == "ok", "dns-cache: no false alarm", finding["finding"])
                continue
            tap.ok(finding["verdict"] == "improve", "dns-cache: found", finding["finding"])
            # A and AAAA are asked one after the other by this server.
            tap.ok(near(finding["costUsec"], 2e6 * ANSWER_SECONDS), "dns-cache: what it costs",
                   f"{finding['costUsec']} us")


if __name__ == "__main__":
    harness.main([("faults", faults), ("names", names)])
