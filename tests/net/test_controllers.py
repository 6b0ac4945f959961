#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The faults that controllers look for, each made to happen on this kernel.

Three hosts, each in namespaces of its own, at the same time:

    ill     has all faults at once, each on a path or a listener of its own; Mode=advise, where
            everything that a controller would do is told, and nothing keeps another back
    well    has the same programs without the faults: nobody may speak up, not even of an outage
            for the better part of a minute, which is no lost tail and no black hole
    acting  Mode=auto, and one fault: the controller writes, and the stop restores; and a comparison
            of a setting with itself, which a stop in the middle leaves nothing of

What is set for the whole machine (queues of network devices, neighbour tables, buffers of UDP) is
not there in a namespace, or cannot be written: the controllers have to say so."""
import contextlib
import os
import subprocess
import sys
import time

import harness
import routes
from harness import build_path, endpoint
from netopt import Daemon

LOADS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "loads.py")
# Three windows of 30 s, one that was begun before the load, and a step.
LIMIT_SECONDS = 140
START_SECONDS = 90  # many at once, beside everything else
# The well host's outage, and whose.
OUTAGE_SECONDS, OUTAGE_LINKS = (20, 65), ("tail", "unsent")
ILL_SYSCTLS = {"net.core.somaxconn": "32", "net.ipv4.ip_local_port_range": "40000 40399"}
COARSE = "500us"
# name: (number, path when well, what is different when ill)
LINKS = {
    "tail": (0, {"rtt": "1ms", "rate": "100M"}, {"up_loss": "6%"}),
    "hole": (1, {"rtt": "10ms", "rate": "50M"}, {"up_largest": "1300"}),
    "unsent": (2, {"rtt": "80ms", "rate": "10M", "queue": "500k"}, {}),
    "pause": (3, {"rtt": "60ms", "rate": "50M"}, {}),
    "queue": (4, {"rtt": "30ms", "rate": "10M", "queue": "8M"}, {"queue": "40k"}),
}
# A cable to the peer for each of those that are about short paths: host's end, peer's end.
CABLES = {"listen": ("10.78.1.1", "10.78.1.2"), "pieces": ("10.78.2.1", "10.78.2.2"),
          "ports": ("10.78.3.1", "10.78.3.2")}


class Site:
    """A host with its peer, its paths, and programs on both."""

    def __init__(self, stack, ill):
        self.ill = ill
        self.lab = stack.enter_context(harness.Lab())
        self.links = {}
        for name, (host, peer) in CABLES.items():
            routes.veth(self.lab.host, self.lab.peer, name, (host, peer))

    def lay(self, names):
        """The links of these names."""
        for name in names:
            number, path, fault = LINKS[name]
            self.links[name] = self.lab.link(number=number, record_syn=False, coarse=COARSE,
                                             **{**path, **(fault if self.ill else {})})

    def here(self, role, *words):
        """A program on the host."""
        self.lab.host.spawn([sys.executable, LOADS, role, *map(str, words)])

    def there(self, role, *words):
        """A program on the peer."""
        self.lab.peer.spawn([sys.executable, LOADS, role, *map(str, words)])

    def serve_here(self, role, *words):
        """A server on the host."""
        self.lab.host.started([sys.executable, LOADS, role, *map(str, words)],
                              timeout=START_SECONDS)

    def serve_there(self, role, *words):
        """A server on the peer."""
        self.lab.peer.started([sys.executable, LOADS, role, *map(str, words)],
                              timeout=START_SECONDS)

    def wanload(self, mode, address, port, *words):
        """wanload's client on the host."""
        self.lab.host.spawn([build_path("tests", "net", "wanload"), mode, "--connect",
                             endpoint(address, port), *words], stdout=subprocess.DEVNULL)


def choose(site, ill, well):
    """A word that is the fault, or its absence."""
    return ill if site.ill else well


def listeners(site):
    """7001: as much as somaxconn allows, and too slow; 7002: the program itself asks for too
    little; 7003: its handshakes are under way for 60 ms, and too many of them."""
    host, _ = CABLES["listen"]
    path = site.links["pause"]
    site.serve_here("accept", host, 7001, 4096, choose(site, 0.02, 0))
    site.serve_here("accept", host, 7002, choose(site, 4, 512), choose(site, 0.1, 0))
    site.serve_here("accept", path.host_address, 7003, choose(site, 8, 512), 0)
    site.there("connect", host, 7001, 60, 2)
    site.there("connect", host, 7002, 20, 2)
    site.there("connect", path.host_address, 7003, 1, 0.005, 0.2)


def exchanges(site):
    """Questions in two pieces to this host, and questions over a path that loses their ends."""
    host, _ = CABLES["pieces"]
    site.serve_here("answer", host, 7010)
    path = site.links["tail"]
    site.serve_there("answer", path.peer_address, 7011)
    for _ in range(2):
        site.there("ask", host, 7010, choose(site, 2, 1), choose(site, 0, 0.02))
    # A hundred round trips must be seen, also where each connection stands still for most of the time.
    for _ in range(6):
        site.here("ask", path.peer_address, 7011, 1, choose(site, 0, 0.01))


def transfers(site):
    """What is sent in bulk, in bursts, or into a hole."""
    unsent, hole = site.links["unsent"], site.links["hole"]
    pause, queue = site.links["pause"], site.links["queue"]
    # Half a BDP: no queue, so nothing is lost to one.
    site.serve_there("pull", unsent.peer_address, 7020, 0.1, choose(site, 0, 32768))
    for _ in range(choose(site, 1, 2)):
        site.here("push", unsent.peer_address, 7020, choose(site, 0, 16384))
    site.serve_there("greet", hole.peer_address, 7021)
    for _ in range(3):
        site.here("upload", hole.peer_address, 7021, 200000, 12)
    site.lab.sink(pause.peer_address)
    site.wanload("burst", pause.peer_address, 9000, "--bytes", "300k", "--gap",
                 choose(site, "2", "0"), "--repeat", "1", "--count", "100000")
    site.lab.sink(queue.peer_address)
    site.wanload("send", queue.peer_address, 9000, "--seconds", "3", "--repeat", "0",
                 "--gap", "0.2")


def clients(site):
    """Connections without a pool, clients who ask for cookies, and datagrams."""
    host, peer = CABLES["ports"]
    site.serve_there("accept", peer, 7030, 512, 0)
    site.here("churn", peer, 7030, choose(site, 110, 20), 20)
    site.serve_here("accept", host, 7031, 512, 0)
    if site.ill:
        site.there("fastopen", host, 7031, 1)
    site.serve_here("receive-datagrams", host, 7032, choose(site, 1, 0.001))
    site.there("send-datagrams", host, 7032, choose(site, 400, 20), 1)


def make_site(stack, ill):
    """All of it."""
    site = Site(stack, ill)
    site.lay(LINKS)
    if ill:
        site.lab.host.set_sysctls(ILL_SYSCTLS)
    return site


def start_loads(site):
    """All programs."""
    for part in (listeners, exchanges, transfers, clients):
        part(site)


def reasons(daemon):
    """Each controller's reason to do nothing."""
    return {row["name"]: row["idleReason"] for row in daemon.call("GetStatus")["controllers"]}


def describe(change):
    """A change in one line."""
    settings = ", ".join(f"{s['key']} {s['old']} -> {s['new']}" for s in change["tunables"])
    return f"{change['controller']} [{settings}] {change['summary']} | {change['formula']}"


def advised(daemon, controller):
    """The advice of one controller, as lines."""
    return [describe(c) for c in daemon.changes() if c["controller"] == controller]


# controller: words of which each must be in one line of its advice
EXPECTED = {
    "backlog": ["net.core.somaxconn 32 -> 128", "port 7001", "port 7002", "port 7003"],
    "quickack": ["route.quickack", "10.78.2.2"],
    "rto-min": ["route.rto_min", "10.77.0.2"],
    "ports": ["net.ipv4.ip_local_port_range 40000 40399 -> 15000 60999", "10.78.3.2 port 7030"],
    "mtu": ["net.ipv4.tcp_mtu_probing 0 -> 1", "10.77.1.2"],
    "latency": ["net.ipv4.tcp_notsent_lowat", "10.77.2.2"],
    "idle": ["net.ipv4.tcp_slow_start_after_idle 1 -> 0", "10.77.3.2"],
    "ecn": ["route.ecn", "10.77.4.2"],
    "fastopen": ["net.ipv4.tcp_fastopen 1 -> 3"],
}
# What is the whole machine's, and what it says.
ELSEWHERE = {
    "udp": ["a receive buffer was full", "net.core.rmem_max", "cannot be written from here"],
    "softnet": ["net.core.netdev_max_backlog", "network namespace"],
    "neighbours": ["net.ipv4.neigh.default.gc_thresh2", "network namespace"],
    "memory": ["net.ipv4.tcp_mem", "network namespace"],
}


class Outage:
    """Nothing passes on some links of a site, for a while."""

    def __init__(self, site):
        self.site, self.state = site, False

    def at(self, seconds):
        """What it shall be so long after the start."""
        wanted = OUTAGE_SECONDS[0] <= seconds < OUTAGE_SECONDS[1]
        if wanted != self.state:
            for name in OUTAGE_LINKS:
                self.site.links[name].set(loss="100%" if wanted else "0")
        self.state = wanted


def missing(daemon):
    """What is not told yet."""
    found = []
    for controller, words in EXPECTED.items():
        told = advised(daemon, controller)
        found += [f"{controller}: {word}" for word in words
                  if not any(word in line for line in told)]
    return found


def show(tap, name, daemon):
    """All that a daemon has to say."""
    for change in daemon.changes():
        tap.note(f"{name}: {describe(change)}")
    for controller, reason in reasons(daemon).items():
        tap.note(f"{name}: {controller}: {reason}")


def check_ill(tap, daemon):
    """Each fault is told of."""
    for controller, words in EXPECTED.items():
        told = advised(daemon, controller)
        for word in words:
            tap.ok(any(word in line for line in told), f"ill: {controller} tells of {word}",
                   str(reasons(daemon)[controller]))
    for controller, words in ELSEWHERE.items():
        reason = reasons(daemon)[controller] or ""
        tap.ok(all(word in reason for word in words), f"ill: {controller} says what is not here",
               reason)


def check_well(tap, daemon):
    """Nobody speaks up."""
    for controller in EXPECTED:
        told = advised(daemon, controller)
        tap.ok(not told, f"well: {controller} is quiet", " ".join(told))


class Acting:
    """A host with Mode=auto: a listener whose queue is as long as somaxconn allows and too short,
    and transfers to one destination on which a setting is compared with itself."""

    KEY = "net.core.somaxconn"

    def __init__(self, stack):
        self.site = Site(stack, True)
        self.host, peer = self.site.lab.host, CABLES["listen"][0]
        self.host.set_sysctls({self.KEY: ILL_SYSCTLS[self.KEY]})
        self.link = self.site.lab.link(rtt="20ms", rate="10M", record_syn=False, coarse=COARSE)
        self.before = self.snapshot()
        self.site.serve_here("accept", peer, 7001, 4096, 0.02)
        self.site.there("connect", peer, 7001, 60, 2)
        self.site.lab.sink(self.link.peer_address)
        self.site.wanload("send", self.link.peer_address, 9000, "--seconds", "0.5", "--gap", "0.1",
                          "--repeat", "0")
        self.daemon = stack.enter_context(Daemon(
            self.host, "[Daemon]\nMode=auto\nInterval=1s\nDiscover=no\n"))
        self.routes = set()

    def snapshot(self):
        """All that the daemon could have changed."""
        return {**self.host.snapshot(), **routes.snapshot(self.host)}

    def ask(self, tap):
        """netoptctl trial aa, as soon as the destination is known."""
        end = time.monotonic() + 10
        while True:
            done = self.daemon.ctl("trial", "aa", self.link.peer_address, "--pairs", "20")
            if done.returncode == 0 or time.monotonic() > end:
                break
            time.sleep(0.5)
        tap.ok(done.returncode == 0 and "compares a setting with itself" in done.stdout,
               "acting: a comparison of a setting with itself begins", done.stdout + done.stderr)
        shown = self.daemon.ctl("trials").stdout
        tap.ok("aa" in shown and self.link.peer_address in shown, "acting: netoptctl shows it",
               shown)
        again = self.daemon.ctl("trial", "aa", self.link.peer_address)
        tap.ok(again.returncode == 1 and "under way" in again.stderr,
               "acting: one at a time", again.stderr)

    def look(self):
        """Takes note of netoptd's routes; whether both trials have written."""
        self.routes.update(routes.ours(self.host))
        return self.routes and self.host.sysctl(self.KEY) != ILL_SYSCTLS[self.KEY]

    def check(self, tap):
        """Both under way; the stop leaves nothing of them."""
        changes = self.daemon.changes()
        for change in changes:
            tap.note(f"acting: {change['state']} {change['reason']}: {describe(change)}")
        running = {c["controller"]: c for c in changes if c["state"] == "trial"}
        tap.ok("backlog" in running and self.host.sysctl(self.KEY) == "128",
               "acting: somaxconn is raised, on trial", self.host.sysctl(self.KEY))
        tap.ok("port 7001" in describe(running["backlog"]) if "backlog" in running else False,
               "acting: it says who must listen anew")
        tap.ok(any("initcwnd 10" in line and self.link.peer_address in line
                   for line in self.routes),
               "acting: the comparison made its route", str(self.routes))
        tap.note(self.daemon.ctl("trials").stdout)
        tap.ok("aa" in running, "acting: and is under way")
        tap.ok(self.daemon.stop() == 0, "acting: stopped in the middle of both")
        changed = harness.difference(self.before, self.snapshot())
        tap.ok(not changed, "acting: every sysctl, route and rule as before", str(changed))


def run(tap):
    """The three hosts."""
    config = "[Daemon]\nMode=advise\nInterval=1s\nDiscover=no\n"
    with contextlib.ExitStack() as stack:
        sites = {"ill": make_site(stack, True), "well": make_site(stack, False)}
        daemons = {}
        before = {name: site.lab.host.snapshot() for name, site in sites.items()}
        for name, site in sites.items():
            start_loads(site)
            daemons[name] = stack.enter_context(Daemon(site.lab.host, config))
        start = time.monotonic()
        acting = Acting(stack)
        acting.ask(tap)
        outage, age = Outage(sites["well"]), 0
        while age < LIMIT_SECONDS and not (acting.look() and not missing(daemons["ill"])):
            outage.at(age)
            time.sleep(1)
            age = time.monotonic() - start
        tap.note(f"after {age:.0f} s")
        for name, daemon in daemons.items():
            show(tap, name, daemon)
        tap.note(sites["ill"].lab.host.run(["ss", "-Htin", "sport", "=", "7010"]).stdout)
        check_ill(tap, daemons["ill"])
        check_well(tap, daemons["well"])
        acting.check(tap)
        for name, site in sites.items():
            tap.ok(daemons[name].stop() == 0, f"{name}: stopped")
            changed = harness.difference(before[name], site.lab.host.snapshot())
            tap.ok(not changed, f"{name}: nothing was written", str(changed))


if __name__ == "__main__":
    sys.exit(harness.main([("controllers", run)]))
