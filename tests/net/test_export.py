#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What "netoptctl export" prints, applied by the tools it is meant for: sysctl(8) and ip(8) in a
namespace of its own, and the profile of tuned by its own rules (an INI file). Then the kernel must
have exactly what was proven, and nothing else be touched."""
import configparser
import os
import subprocess
import sys
import tempfile

import harness
import idl
from netopt import build_path
from routes import ip

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(os.path.dirname(HERE), "terminal"))
from fake import Fake  # noqa: E402

BEFORE = {"net.ipv4.tcp_rmem": "4096 131072 6291456", "net.ipv4.tcp_slow_start_after_idle": "1",
          "net.ipv4.tcp_mtu_probing": "0", "net.ipv4.tcp_fastopen": "1"}
PROVEN = {"net.ipv4.tcp_rmem": "4096 131072 12582912", "net.ipv4.tcp_slow_start_after_idle": "0"}


def change(number, key, old, new, path=None, verdict="kept", state="decided"):
    """One change as the daemon tells of it."""
    return {"id": number, "controller": "test", "path": path, "state": state, "verdict": verdict,
            "inForce": verdict == "kept" or state == "trial", "provisional": number == 2,
            "proposedRealtimeUsec": 1750000000000000, "decidedRealtimeUsec": 1750000000000000,
            "tunables": [{"key": key, "old": old, "new": new}], "summary": "a path was held back",
            "formula": "2 x 100 Mbit/s", "reason": "goodput rose\nnet.ipv4.tcp_fastopen = 3",
            "trial": {"kind": "switchback", "pairs": 12, "gainPermille": 120,
                      "gainLowPermille": 80, "gainHighPermille": 150}}


REPLIES = {
    "GetStatus": {"version": "test"},
    "ListChanges": {"changes": [
        change(9, "route.rto_min", "unset", "50", "2001:db8:1::7"),
        change(8, "route.initcwnd", "unset", "20", "192.0.2.7"),
        change(7, "route.quickack", "unset", "1", "192.0.2.7"),
        change(6, "route.ecn", "unset", "1", "192.0.2.7"),
        change(5, "net.ipv4.tcp_mtu_probing", "0", "1", verdict="restored"),
        change(4, "net.ipv4.tcp_fastopen", "1", "3", verdict="none", state="trial"),
        change(3, "net.ipv4.tcp_rmem", "4096 131072 8388608", "4096 131072 12582912"),
        change(2, "net.ipv4.tcp_slow_start_after_idle", "1", "0"),
        change(1, "net.ipv4.tcp_rmem", "4096 131072 6291456", "4096 131072 8388608"),
    ]},
    "ListRoutes": {"total": 2, "routes": [
        {"destination": "192.0.2.7", "metrics": "initcwnd 20 quickack 1 features ecn",
         "changeId": None, "sinceAgoUsec": 1, "route": "via 10.9.0.2 dev up0"},
        {"destination": "2001:db8:1::7", "metrics": "rto_min 50ms", "changeId": 9,
         "sinceAgoUsec": 1, "route": "via fd09::2 dev up0"},
    ]},
}


class Exporter:
    """netoptctl against a daemon that knows of these changes."""

    def __init__(self, directory):
        self.socket = os.path.join(directory, "s")
        definition = idl.interface("org.netopt.Daemon")
        self.fake = Fake(self.socket, definition, replies=REPLIES)

    def export(self, form):
        """The text of one format."""
        return subprocess.run([build_path("cli", "netoptctl"), "--socket", self.socket, "export",
                               "--format", form], check=True, capture_output=True, text=True,
                              timeout=20).stdout


def values(namespace):
    """What the kernel has."""
    return {key: " ".join(namespace.sysctl(key).split()) for key in BEFORE}


def apply_sysctl(tap, exporter, namespace, directory):
    """sysctl(8), as at boot."""
    path = os.path.join(directory, "60-netopt.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write(exporter.export("sysctl"))
    namespace.set_sysctls(BEFORE)
    done = namespace.run(["sysctl", "-p", path])
    tap.ok(done.returncode == 0, "sysctl: accepted", done.stderr.strip())
    tap.ok(values(namespace) == {**BEFORE, **PROVEN}, "sysctl: what was proven, nothing else",
           str(values(namespace)))


def apply_tuned(tap, exporter, namespace):
    """The section [sysctl] of the profile, each key as tuned writes it."""
    profile = configparser.ConfigParser(interpolation=None, delimiters=("=",))
    profile.optionxform = str
    profile.read_string(exporter.export("tuned"))
    tap.ok(set(profile.sections()) == {"main", "sysctl"}, "tuned: sections")
    namespace.set_sysctls(BEFORE)
    namespace.set_sysctls(dict(profile["sysctl"]))
    tap.ok(values(namespace) == {**BEFORE, **PROVEN}, "tuned: what was proven, nothing else")


def make_network(namespace):
    """A link with both families, that leads nowhere."""
    ip(namespace, "link", "add", "up0", "type", "veth", "peer", "name", "down0")
    for device in ("up0", "down0"):
        ip(namespace, "link", "set", device, "up")
    ip(namespace, "address", "add", "10.9.0.1/24", "dev", "up0")
    ip(namespace, "address", "add", "fd09::1/64", "dev", "up0", "nodad")


def apply_ip(tap, exporter, namespace, directory):
    """The commands, run by a shell, twice: they replace."""
    path = os.path.join(directory, "routes.sh")
    with open(path, "w", encoding="ascii") as file:
        file.write(exporter.export("ip"))
    make_network(namespace)
    for _ in range(2):
        done = namespace.run(["sh", "-e", path])
        tap.ok(done.returncode == 0, "ip: accepted", done.stderr.strip())
    shown = ip(namespace, "route", "show", "192.0.2.7").split()
    words = " ".join(shown)
    tap.ok(all(part in words for part in ("via 10.9.0.2", "dev up0", "initcwnd 20", "quickack 1",
                                          "features ecn")), "ip: the metrics of IPv4", words)
    words = " ".join(ip(namespace, "-6", "route", "show", "2001:db8:1::7").split())
    tap.ok("via fd09::2" in words and "rto_min" in words and "50ms" in words,
           "ip: the metrics of IPv6", words)
    routes = [line for line in ip(namespace, "route", "show").splitlines()
              if not line.startswith("10.9.0.0/24")]
    tap.ok(len(routes) == 1, "ip: nothing else", str(routes))


def run(tap):
    """All formats."""
    with tempfile.TemporaryDirectory(prefix="netopt-export-") as directory, \
            harness.Namespace("export") as namespace:
        exporter = Exporter(directory)
        apply_sysctl(tap, exporter, namespace, directory)
        apply_tuned(tap, exporter, namespace)
        apply_ip(tap, exporter, namespace, directory)
        exporter.fake.close()


if __name__ == "__main__":
    sys.exit(harness.main([("export", run)]))
