#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The audit on hosts that have the faults, and on the same hosts without them.

Two hosts, each in namespaces of its own, run the same programs at the same time: "ill" with the
faults, "well" as the audit's remedies would have them. Both are looked at together, without a
daemon; what an audit finds on the well one is a false alarm."""
import contextlib
import json
import os
import shutil
import sys
import tempfile
import threading
import time

import harness
import netopt
import routes
from harness import Skip, build_path

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "bench"))
# pylint: disable=wrong-import-position
from sensors_accuracy import make_certificate

LOADS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "loads.py")
SECONDS = 12
RAMP_SECONDS = 6
CABLE = ("10.79.1.1", "10.79.1.2")
TRIP_MS, LONG_TRIP_MS = 40, 100
LINKS = {
    # a client that opens connections, and a receiver with a buffer of its own
    "far": (0, {"rtt": f"{TRIP_MS}ms", "rate": "100M"}, {}),
    "bulk": (1, {"rtt": "20ms", "rate": "10M", "queue": "25k"}, {"queue": "1M"}),
    "hole": (2, {"rtt": "10ms", "rate": "50M"}, {"up_largest": "1300"}),
    "lossy": (3, {"rtt": f"{TRIP_MS}ms", "rate": "50M"}, {"up_loss": "1%"}),
    "long": (4, {"rtt": f"{LONG_TRIP_MS}ms", "rate": "100M"}, {}),
}
PAUSE_S = 0.05
SMALL_BUFFER = 32768  # twice that, by the kernel
DELAYED_ACK_MS = 40   # TCP_DELACK_MIN
SYN_TIMEOUT_MS = 1000  # TCP_TIMEOUT_INIT
ILL_SYSCTLS = {"net.ipv4.tcp_sack": "0", "net.ipv4.ip_local_port_range": "40000 40599",
               "net.ipv4.tcp_wmem": "4096 16384 200000"}
TOLERANCE = 0.2
ATTEMPTS = 3
IDLE_SECONDS = 15 * 60  # IDLE_MS of rows_sockets.c
# The rows that connections and settings show, and of what.
SOCKET_FAULTS = (
    ("nodelay", "7010"), ("pooling", "7002"), ("listen", "7001"), ("receive-buffer", "10.77.0.2"),
    ("bufferbloat", "10.77.1.2"), ("mtu", "7005"), ("ports", ""), ("settings", "tcp_sack"),
    ("options", ""), ("congestion", "10.77.3.2"), ("buffers", "10.77.4.2"))
NAME = "www.example.org"
ANSWER_SECONDS = 0.02


def loads_argv(role, *words):
    """The command line of one of the programs of loads.py."""
    return [sys.executable, LOADS, role, *map(str, words)]


class Site:
    """A host with its peer, its paths, and programs on both."""

    def __init__(self, stack, ill):
        self.ill = ill
        self.stuck_since = None
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
        argv = loads_argv(role, *words)
        if server:
            namespace.started(argv, timeout=60)
        else:
            namespace.spawn(argv)

    def load(self):
        """Every program; most of the faults are in the words that they get."""
        host, peer = self.lab.host, self.lab.peer
        far, hole = self.links["far"], self.links["hole"]
        self.start(peer, "answer", CABLE[1], 7010, server=True)
        self.start(host, "ask", CABLE[1], 7010, self.choose(2, 1), self.choose(0, 0.02))
        self.start(host, "accept", CABLE[0], 7001, self.choose(4, 512), self.choose(0.2, 0),
                   server=True)
        self.start(peer, "connect", CABLE[0], 7001, 20, 1)
        self.start(peer, "answer", far.peer_address, 7002, server=True)
        self.start(host, *self.choose(("ask-anew", far.peer_address, 7002, PAUSE_S),
                                      ("ask", far.peer_address, 7002, 1, PAUSE_S)))
        self.start(host, "pull", far.host_address, 7003, 1, self.choose(SMALL_BUFFER, 0),
                   server=True)
        self.start(peer, "push", far.host_address, 7003, 0)
        # Receivers with a buffer of their own: a queue as long as the window that stays as it is,
        # and none at all.
        self.push("bulk", 7004, 100000)
        self.push("lossy", 7007, SMALL_BUFFER)
        self.push("long", 7008, 300000)
        self.start(peer, "greet", hole.peer_address, 7005, server=True)
        self.start(host, "upload", hole.peer_address, 7005, 100000, 120)
        self.stuck_since = time.monotonic()

    def push(self, link, port, buffer):
        """A bulk transfer from the host."""
        address = self.links[link].peer_address
        self.start(self.lab.peer, "pull", address, port, 1, buffer, server=True)
        self.start(self.lab.host, "push", address, port, 0)

    def occupy_ports(self):
        """Most of the local ports, by idle connections to one port."""
        count = self.choose(450, 20)
        self.start(self.lab.peer, "accept", CABLE[1], 7006, 512, 0, 1000, server=True)
        self.start(self.lab.host, "connect", CABLE[1], 7006, count, 600)

    def audit(self, *words):
        """What it finds, by row."""
        return audit(self.lab.host, *words)


def audit(namespace, *words, socket_path="/nonexistent/socket"):
    """netoptctl audit: (exit status, {row: [finding]})."""
    done = namespace.run([build_path("cli", "netoptctl"), "audit", "--json", "--socket",
                          socket_path, *words], timeout=SECONDS + 60)
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


def bloat_us(site):
    """What most pings over the bulk transfer's path take more than the path, meanwhile."""
    address = site.links["bulk"].peer_address
    done = site.lab.host.run([build_path("cli", "netoptctl"), "measure", "--json", "-n",
                              str(5 * SECONDS), "-i", "200ms", f"icmp://{address}"],
                             timeout=SECONDS + 60)
    return json.loads(done.stdout)["targets"][0]["phases"][0]["p50Usec"] - 20000


def _snmp():
    with open("/proc/net/snmp", encoding="ascii") as file:
        names, values = [line.split() for line in file if line.startswith("Tcp:")]
    return dict(zip(names, values))


def opened(site):
    """The connections that the host has opened so far."""
    return int(site.lab.host.call(_snmp)["ActiveOpens"])


class Look:
    """Both hosts looked at together, and what the faults were made to cost meanwhile."""

    def __init__(self, sites):
        bloat = []
        ping = threading.Thread(target=lambda: bloat.append(bloat_us(sites[0])))
        ping.start()
        first, opened_before = time.monotonic(), opened(sites[0])
        (self.status, self.ill), (_, self.well) = look_at_all(sites)
        anew_per_s = (opened(sites[0]) - opened_before) / (time.monotonic() - first)
        stuck_s = time.monotonic() - sites[0].stuck_since
        ping.join()
        trip_us = 1000 * TRIP_MS
        self.expected = (
            ("nodelay", "7010", "costUsec", 1000 * DELAYED_ACK_MS),
            ("pooling", "7002", "costUsec", trip_us),
            ("pooling", "7002", "costUsecPerSecond", trip_us * anew_per_s),
            ("listen", "7001", "costUsec", 1000 * SYN_TIMEOUT_MS),
            ("bufferbloat", "10.77.1.2", "costUsec", bloat[0]),
            ("mtu", "7005", "costUsec", 1e6 * stuck_s))

    def costs(self):
        """(row, key, found or None, true) of each, in us."""
        return [(row, key, (worst(self.ill.get(row, []), subject) or {}).get(key), expected)
                for row, subject, key, expected in self.expected]

    def good(self):
        """Whether all is as it should be."""
        return (all(near(found, true) for _, _, found, true in self.costs()) and
                all(worst(self.ill.get(row, []), subject) for row, subject in SOCKET_FAULTS))


def faults(tap):
    """All that shows in sockets and settings."""
    with contextlib.ExitStack() as stack:
        sites = [Site(stack, True), Site(stack, False)]
        for site in sites:
            site.load()
            site.occupy_ports()
        time.sleep(RAMP_SECONDS)
        # Programs that have no turn on a busy machine do not have the faults they were made for.
        for _ in range(ATTEMPTS):
            look = Look(sites)
            if look.good():
                break
        ill, well = look.ill, look.well
        tap.ok(look.status == 6, "the exit status says that there is something to improve")
        for row, subject in SOCKET_FAULTS:
            check(tap, row, ill, well, subject)
        for row, key, found, true in look.costs():
            tap.ok(near(found, true), f"{row}: what it costs, {key}", f"{found} of {true:.0f}")
        finding = worst(ill.get("listen", [])) or {}
        tap.ok("listen(fd," in finding.get("remedy", ""), "listen: it is the program's backlog")
        alarms = [(row, finding["subject"], finding["finding"]) for row, findings in well.items()
                  for finding in findings if finding["verdict"] == "improve"]
        tap.note(f"improve on the well host: {alarms}")


def keepalive(tap):
    """Connections that are idle for a quarter of an hour; the kernel's clock knows no short cut, so
    this one is asked for by its name. Port 7031 has no keep-alive, 7032 follows the remedy, 7033
    has none and is not idle."""
    with harness.Lab() as lab:
        routes.veth(lab.host, lab.peer, "cable", CABLE)
        for port, idle, period in ((7031, 0, 0), (7032, 300, 0), (7033, 0, 60)):
            lab.peer.started(loads_argv("accept", CABLE[1], port, 5, 0), timeout=30)
            lab.host.spawn(loads_argv("hold", CABLE[1], port, idle, period))
        time.sleep(RAMP_SECONDS)
        early = audit(lab.host, "--row", "keepalive")[1]["keepalive"][0]
        tap.ok(early["verdict"] == "ok", "keepalive: no alarm before", early["finding"])
        time.sleep(IDLE_SECONDS)
        rows = audit(lab.host, "--row", "keepalive")[1]
        finding = check(tap, "keepalive", rows, rows, "7031", "7032")
        tap.ok("SO_KEEPALIVE" in finding.get("remedy", ""), "keepalive: it is the program's option")
        alarm = worst(rows["keepalive"], "7033")
        tap.ok(alarm is None, "keepalive: no false alarm of one in use", str(alarm or ""))


def look_up(namespace, directory):
    """The row of names of an audit that asks the name server of the namespace."""
    conf, hosts = (os.path.join(directory, name) for name in ("resolv.conf", "nsswitch.conf"))
    with open(conf, "w", encoding="ascii") as file:
        file.write("nameserver 127.0.0.1\n")
    with open(hosts, "w", encoding="ascii") as file:
        file.write("hosts: dns\n")
    script = (f"mount --bind {conf} /etc/resolv.conf; mount --bind {hosts} /etc/nsswitch.conf; "
              f"exec {build_path('cli', 'netoptctl')} audit --json --row dns-cache "
              f"--name {NAME} --socket /nonexistent/socket")
    done = namespace.run(["unshare", "--mount", "sh", "-c", script], timeout=30)
    return by_row(json.loads(done.stdout)["findings"])["dns-cache"][0]


def names(tap):
    """A host whose name server is asked each time, and one that has a cache."""
    for cache in (0, 1):
        with harness.Namespace("host") as namespace, \
                tempfile.TemporaryDirectory(prefix="netopt-audit-") as directory:
            namespace.started(loads_argv("serve-names", "127.0.0.1", 53, ANSWER_SECONDS, cache),
                              timeout=30)
            finding = look_up(namespace, directory)
            if cache:
                tap.ok(finding["verdict"] == "ok", "dns-cache: no false alarm", finding["finding"])
                continue
            tap.ok(finding["verdict"] == "improve", "dns-cache: found", finding["finding"])
            # A and AAAA are asked one after the other by this server.
            tap.ok(near(finding["costUsec"], 2e6 * ANSWER_SECONDS), "dns-cache: what it costs",
                   f"{finding['costUsec']} us")


def tuners(tap):
    """A program with the name of another tuner; this row is quick."""
    with harness.Namespace("host") as namespace, \
            tempfile.TemporaryDirectory(prefix="netopt-audit-") as directory:
        begun = time.monotonic()
        _, rows = audit(namespace, "--row", "tuners")
        tap.ok(not worst(rows["tuners"], "tuned"), "tuners: no false alarm")
        tap.ok(time.monotonic() - begun < 2, "tuners: without waiting",
               f"{time.monotonic() - begun:.2f} s")
        program = shutil.copy(shutil.which("sleep"), os.path.join(directory, "tuned"))
        namespace.spawn([program, "60"])
        finding = worst(audit(namespace, "--row", "tuners")[1]["tuners"], "tuned")
        tap.ok(finding and "systemctl disable --now tuned" in finding["remedy"], "tuners: found",
               json.dumps(finding))


NGINX = """daemon off; master_process off; pid {directory}/pid; error_log stderr;
events {{ }}
http {{
  access_log off; client_body_temp_path {directory}; proxy_temp_path {directory};
  fastcgi_temp_path {directory}; uwsgi_temp_path {directory}; scgi_temp_path {directory};
  ssl_protocols TLSv1.3; ssl_certificate {certificate}; ssl_certificate_key {key};
  server {{ listen {old}:443 ssl; location / {{ return 200 "old"; }} }}
  server {{
    listen {new}:443 ssl http2 fastopen=16;
    location / {{ return 200 "new"; }}
    location /moody {{ proxy_pass http://127.0.0.1:8080; }}
  }}
}}
"""
ENDPOINTS = """[Daemon]
Mode=observe
[Endpoint old]
Url=https://{old}/
Group=web
Interval=150ms
TrustedCertificates={certificate}
[Endpoint new]
Url=https://{new}/
Group=web
Interval=150ms
TrustedCertificates={certificate}
[Endpoint moody]
Url=https://{new}/moody
Interval=150ms
TrustedCertificates={certificate}
"""
FAR_TRIP_MS = 40
MOODY_EVERY, MOODY_SECONDS = 21, 0.4  # each probe asks twice: one in 21 probes
PROBES = 105  # a 99th percentile takes a hundred
WEB_SECONDS = 45


def start_nginx(lab, directory, words):
    """A web server in the peer, of HTTP/1.1 alone at one address and with HTTP/2 at the other, and
    an application behind it that is slow once in a while."""
    lab.peer.started(loads_argv("serve-pages", "127.0.0.1", 8080, MOODY_EVERY, MOODY_SECONDS),
                     timeout=30)
    path = os.path.join(directory, "nginx.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(NGINX.format(directory=directory, **words))
    lab.peer.spawn(["nginx", "-p", directory, "-c", path])


def probed(daemon):
    """How often each endpoint was measured in 10 minutes, at least."""
    return min(window["count"] for row in daemon.call("ListEndpoints")["endpoints"]
               for window in row["windows"] if window["span"] == "10min")


def web(tap):
    """nginx as it is set up by default and as it should be, measured by a real daemon."""
    if not shutil.which("nginx") or not shutil.which("openssl"):
        raise Skip("nginx or openssl is not installed: nginx-light")
    with tempfile.TemporaryDirectory(prefix="netopt-nginx-") as directory, harness.Lab() as lab:
        routes.veth(lab.host, lab.peer, "cable", CABLE)
        link = lab.link(rtt=f"{FAR_TRIP_MS}ms", rate="100M", record_syn=False)
        words = {"old": link.peer_address, "new": CABLE[1]}
        words["certificate"], words["key"] = make_certificate(directory, words.values())
        start_nginx(lab, directory, words)
        lab.peer.set_sysctls({"net.ipv4.tcp_fastopen": "3"})
        with netopt.Daemon(lab.host, ENDPOINTS.format(**words)) as daemon:
            end = time.monotonic() + WEB_SECONDS
            while time.monotonic() < end and probed(daemon) < PROBES:
                time.sleep(1)
            begun = time.monotonic()
            rows = {row: audit(lab.host, "--row", row, socket_path=daemon.socket)[1][row]
                    for row in ("http", "distance", "tail", "fast-open")}
            tap.ok(time.monotonic() - begun < 8, "rows of endpoints: without waiting",
                   f"{time.monotonic() - begun:.2f} s")
            for row, subject, good, expected in (
                    ("http", "old", "new", 2000 * FAR_TRIP_MS),
                    ("distance", "old", "new", None),
                    ("tail", "moody", "old", 1e6 * MOODY_SECONDS)):
                finding = check(tap, row, {row: rows[row]}, {row: rows[row]}, subject, good)
                tap.ok(expected is None or near(finding.get("costUsec"), expected),
                       f"{row}: what it costs", f"{finding.get('costUsec')}")
            tap.ok("use new of the same group" in json.dumps(rows["distance"]),
                   "distance: the nearer of the group")
            tap.ok(not worst(rows["fast-open"]), "fast-open: no false alarm",
                   rows["fast-open"][0]["finding"])
            lab.host.set_sysctls({"net.ipv4.tcp_fastopen": "0"})
            finding = worst(audit(lab.host, "--row", "fast-open", socket_path=daemon.socket)
                            [1]["fast-open"], "new")
            tap.ok(finding is not None, "fast-open: found", json.dumps(finding))


PROGRAMS = {
    "usual": [("faults", faults), ("names", names), ("tuners", tuners), ("web", web)],
    "keepalive": [("keepalive", keepalive)],
}

if __name__ == "__main__":
    harness.main(PROGRAMS[sys.argv[1] if sys.argv[1:] else "usual"])
