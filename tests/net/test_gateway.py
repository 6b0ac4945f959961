#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The default gateway changes under load: no route of netoptd's may hold on to the old one.

    host ── left ── wan0 ── peer      The peer has one address that both routers lead to, and the host
     └───── right ── wan1 ── peer     one that is reached through the right one: the way back never
                                      changes. A router that is left forwards nothing any more.

A host route that netoptd made is a copy of the route by which it found the destination. If it
outlived the gateway, every connection to that destination would fall into a hole.

It takes netoptd minutes to have the evidence for a route, so what can happen to one are two
programs for meson, which wait at the same time: "change", and "killed".
"""
import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time

import harness
import loop
from harness import Link, Namespace, build_path, stop
from netopt import Daemon
from routes import OURS, ip, ours, snapshot, veth

HOST, PEER = "10.98.0.1", "10.99.0.1"
ROUTERS = {"left": ("10.79.1.1", "10.79.1.2", 0), "right": ("10.79.2.1", "10.79.2.2", 1)}
# Loss, so that there is something to do for this destination.
PATH = {"rtt": "40ms", "rate": "50M", "queue": "500k", "loss": "0.5%", **loop.COARSE}
GONE_SECONDS = 1.0
ROUTE_LIMIT_SECONDS, AFTER_SECONDS = 240, 12


def add_router(lab, name):
    """One router with its link; forwards both ways."""
    near, far, number = ROUTERS[name]
    router = lab.stack.enter_context(Namespace(name))
    router.set_sysctls({"net.ipv4.ip_forward": "1"})
    veth(lab.host, router, name, (near, far))
    link = lab.stack.enter_context(Link(router, lab.peer, number=number, record_syn=False, **PATH))
    ip(router, "route", "add", HOST, "via", near)
    ip(router, "route", "add", PEER, "via", link.peer_address)
    return router, link


class Fork:
    """The host between its two routers."""

    def __init__(self, lab):
        self.lab, self.routers = lab, {}
        ip(lab.host, "address", "add", HOST + "/32", "dev", "lo")
        ip(lab.peer, "address", "add", PEER + "/32", "dev", "lo")
        for name in ROUTERS:
            self.routers[name], link = add_router(lab, name)
        ip(lab.peer, "route", "add", HOST, "via", link.host_address)  # through the right one
        self.use("left")

    def use(self, name):
        """The gateway from now on; the other one drops what still comes for the peer."""
        ip(self.lab.host, "route", "replace", "default", "via", ROUTERS[name][1], "src", HOST)
        for other, router in self.routers.items():
            link = f"10.77.{ROUTERS[other][2]}.2"
            words = ["via", link] if other == name else []
            ip(router, "route", "replace", *([] if words else ["blackhole"]), PEER, *words)
        return time.monotonic()

    def to(self, name):
        """netoptd's routes through one of the routers."""
        return [line for line in ours(self.lab.host) if ROUTERS[name][1] in line.split()]


class Steady:
    """One connection with a little to say every now and then."""

    def __init__(self, lab):
        self.process = lab.host.spawn(
            [build_path("tests", "net", "wanload"), "burst", "--connect", f"{PEER}:9001",
             "--bytes", "20k", "--gap", "0.5", "--repeat", "1", "--count", "100000"],
            stdout=subprocess.PIPE)
        self.rest = b""

    def last(self, seconds):
        """The last result of the next so many seconds; None if there is none, or it broke."""
        end, row, fd = time.monotonic() + seconds, None, self.process.stdout.fileno()
        while (left := end - time.monotonic()) > 0:
            if not select.select([fd], [], [], left)[0]:
                break
            data = os.read(fd, 1 << 16)
            if not data:
                return None
            *lines, self.rest = (self.rest + data).split(b"\n")
            for line in lines:
                row = json.loads(line)
        return None if row and "error" in row else row

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.process)
        self.process.stdout.close()


def wait_for_route(tap, fork, transfers, steady):
    """Until netoptd has a route; its line, or None."""
    begin = time.monotonic()
    while time.monotonic() - begin < ROUTE_LIMIT_SECONDS:
        found = ours(fork.lab.host)
        if found:
            tap.note(f"after {time.monotonic() - begin:.0f} s: {found[0]}")
            return found[0]
        transfers.next()
        steady.last(0.01)
    return None


def check_change(tap, fork, steady, name, old):
    """To another gateway; `old`: whether a route of netoptd's must go with it."""
    changed, former = fork.use(name), next(r for r in ROUTERS if r != name)
    gone = None
    while gone is None and time.monotonic() - changed < 2 * GONE_SECONDS:
        if not fork.to(former):
            gone = time.monotonic() - changed
        time.sleep(0.02)
    if old:
        tap.ok(gone is not None and gone <= GONE_SECONDS,
               f"to the {name} router: no route of ours leads to the other after "
               f"{GONE_SECONDS:.0f} s", "still there" if gone is None else f"{gone * 1000:.0f} ms")
    row = steady.last(AFTER_SECONDS)
    alive = row is not None and row["start"] > changed + AFTER_SECONDS / 2
    tap.ok(alive, f"to the {name} router: the connection lives", str(row))
    tap.ok(not fork.to(former), f"to the {name} router: nor has one come back")


def stale(tap):
    """A route that is left behind would be seen, by both."""
    with harness.Lab() as lab:
        fork = Fork(lab)
        lab.sink(PEER, 9001)
        with Steady(lab) as steady:
            steady.last(3)
            ip(lab.host, "route", "add", PEER, "via", ROUTERS["left"][1], "src", HOST, "proto",
               OURS)
            changed = fork.use("right")
            row = steady.last(AFTER_SECONDS)
            tap.ok(fork.to("left"), "a route that stays is seen")
            tap.ok(row is None or row["start"] < changed + 1, "and is a hole", str(row))


def without(tap):
    """The test's own footing: nothing is lost that netoptd is not there for."""
    with harness.Lab() as lab:
        fork = Fork(lab)
        lab.sink(PEER, 9001)
        with Steady(lab) as steady:
            tap.ok(steady.last(4) is not None, "the connection works")
            check_change(tap, fork, steady, "right", False)


def check_state(tap, lab, before, when):
    """Nothing is left of netoptd."""
    changed = harness.difference(before, {**lab.host.snapshot(), **snapshot(lab.host)})
    tap.ok(not changed, f"{when}: every sysctl, route and rule as before", str(changed))


@contextlib.contextmanager
def with_route(tap):
    """A fork under load, with netoptd: (fork, daemon, transfers, steady, the route, what was
    before). Without a route this is a check skipped, as then none could be left behind."""
    with harness.Lab() as lab:
        fork = Fork(lab)
        lab.sink(PEER, 9001)
        daemon = Daemon(lab.host, "[Daemon]\nMode=auto\n")
        with loop.Transfers(lab, PEER, seconds=3) as transfers, Steady(lab) as steady:
            transfers.next()
            before = {**lab.host.snapshot(), **snapshot(lab.host)}
            with contextlib.closing(daemon.start()):
                route = wait_for_route(tap, fork, transfers, steady)
                if route is None:
                    tap.skip("routes of netoptd", "it made none in "
                             f"{ROUTE_LIMIT_SECONDS} s, so none could outlive a gateway")
                yield fork, daemon, transfers, steady, route, before


def beside(tap):
    """With netoptd, there and back; then it is stopped."""
    with with_route(tap) as (fork, daemon, transfers, steady, route, before):
        for name in ("right", "left"):
            check_change(tap, fork, steady, name, route is not None)
        tap.ok("error" not in transfers.next(), "new connections work")
        for change in daemon.changes():
            tap.note(loop.summary(change))
        tap.ok(daemon.stop() == 0, "stopped")
        check_state(tap, fork.lab, before, "stopped")


def killed(tap):
    """With a route in place it is killed; the next start, which only cleans up, makes it good, and
    the gateway may change."""
    with with_route(tap) as (fork, daemon, transfers, steady, route, before):
        daemon.stop(signal.SIGKILL)
        left = ours(fork.lab.host)
        tap.ok(bool(left) == (route is not None), "killed: its route is still there", str(left))
        tap.ok(daemon.recover() == 0, "recovered")
        check_state(tap, fork.lab, before, "killed and recovered")
        check_change(tap, fork, steady, "right", False)
        tap.ok("error" not in transfers.next(), "new connections work")


PROGRAMS = {
    "change": [("without netoptd", without), ("a stale route", stale), ("beside netoptd", beside)],
    "killed": [("killed", killed)],
}

if __name__ == "__main__":
    names = sys.argv[1:] or list(PROGRAMS)
    sys.exit(harness.main([group for name in names for group in PROGRAMS[name]]))
