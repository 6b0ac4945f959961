#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The control socket as a client sees it that is not ours: varlinkctl of Debian 13 (systemd 257), in
a root file system of its own, against netoptd in a network namespace.

Every method of the interface is called, those that change something too, and every reply is
compared with the definition.
"""
import json
import os
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../net"))
# pylint: disable=wrong-import-position
import harness
import idl
import machine as machines
import rootfs
import varlinkctl
from netopt import Daemon
from tap import Skip, Tap

NAME = "org.netopt.Daemon"
SERVICE = "org.varlink.service"
PORT = 7007
CONFIG = f"""
[Daemon]
Mode=auto
[Endpoint here]
Url=tcp://127.0.0.1:{PORT}
Interval=200ms
[Endpoint nowhere]
Url=tcp://127.0.0.1:1
Interval=200ms
"""
# (method, parameters, the error that is due or "").
CALLS = [
    ("GetStatus", {}, ""),
    ("ListEndpoints", {}, ""),
    ("ListEndpoints", {"name": "here"}, ""),
    ("ListEndpoints", {"offset": 1, "limit": 1}, ""),
    ("ListEndpoints", {"name": "nothing"}, f"{NAME}.NoSuchEndpoint"),
    ("ListPaths", {}, ""),
    ("ListPaths", {"limit": 0}, f"{SERVICE}.InvalidParameter"),
    ("ListFlows", {"limit": 5, "process": True}, ""),
    ("ListListeners", {"process": True}, ""),
    ("ListDestinationMetrics", {}, ""),
    ("ListLinks", {}, ""),
    ("ListCounters", {}, ""),
    ("ListNamespaces", {}, ""),
    ("ListTunables", {}, ""),
    ("ListRoutes", {}, ""),
    ("ListChanges", {}, ""),
    ("ListChanges", {"id": 99}, f"{NAME}.NoSuchChange"),
    ("GetHistory", {}, ""),
    ("GetHistory", {"name": "here", "spanUsec": 172800000000}, ""),
    ("Monitor", {}, f"{SERVICE}.ExpectedMore"),
    ("Explain", {"id": 99}, f"{NAME}.NoSuchChange"),
    ("StartTrial", {"kind": "aa", "path": "192.0.2.1"}, f"{NAME}.NoSuchPath"),
    ("StartTrial", {"kind": "ab", "path": "192.0.2.1"}, f"{SERVICE}.InvalidParameter"),
    ("Release", {"subject": "net.ipv4.tcp_rmem"}, ""),
    ("Release", {"subject": "nothing"}, f"{SERVICE}.InvalidParameter"),
    ("Advise", {}, ""),
    ("Apply", {"id": 99}, f"{NAME}.NoSuchChange"),
    ("Hold", {"id": 99}, f"{NAME}.NoSuchChange"),
    ("Verify", {}, ""),
    ("GetLogLevel", {}, ""),
    ("SetLogLevel", {"level": "info"}, ""),
    ("SetLogLevel", {"level": "loud"}, f"{SERVICE}.InvalidParameter"),
    ("Revert", {"id": 99}, f"{NAME}.NoSuchChange"),
    ("Revert", {"all": True}, None),  # there may be nothing to put back
    ("Pause", {"durationUsec": 60000000}, ""),
    ("Resume", {}, ""),
    ("Reload", {}, ""),
    ("Nothing", {}, f"{SERVICE}.MethodNotFound"),
]


def test_service(tap, ctl, _daemon):
    """Who it is and what it speaks."""
    done = ctl.run("info", ctl.address)
    tap.ok(done.returncode == 0 and "netoptd" in done.stdout and NAME in done.stdout, "info",
           done.stderr.strip())
    done = ctl.run("list-interfaces", ctl.address)
    tap.ok(set(done.stdout.split()) == {NAME, SERVICE}, "list-interfaces", done.stdout)
    methods = {f"{name}.{method}" for name in (NAME, SERVICE)
               for method in idl.interface(name).methods}
    done = ctl.run("list-methods", ctl.address)
    tap.ok(set(done.stdout.split()) == methods, "list-methods lists all of both interfaces",
           done.stdout + done.stderr)
    for name in (NAME, SERVICE):
        done = ctl.run("introspect", ctl.address, name)
        tap.ok(done.returncode == 0 and f"interface {name}" in done.stdout, f"introspect {name}",
               done.stderr.strip())
        tap.ok("method" in done.stdout and not done.stderr, f"introspect {name}: without a warning",
               done.stderr.strip())
    done = ctl.run("introspect", ctl.address)
    tap.ok(done.returncode == 0 and done.stdout.count("interface ") >= 2, "introspect all",
           done.stderr.strip())


def test_definitions(tap, ctl, daemon):
    """The definitions as systemd reads them; the one that is served is the one of the tree."""
    for name in (NAME, SERVICE):
        with open(os.path.join(idl.COMMON, name + ".varlink"), encoding="utf-8") as file:
            text = file.read()
        done = ctl.run("validate-idl", stdin=text)
        tap.ok(done.returncode == 0 and not done.stderr.strip(), f"validate-idl {name}",
               done.stderr.strip())
        served = daemon.call_full(f"{SERVICE}.GetInterfaceDescription", interface=name)
        tap.ok(served["parameters"]["description"].strip() == text.strip(),
               f"{name}: what is served is what was written")
    broken = ctl.run("validate-idl", stdin="interface a.b\nmethod Lower(a: ?nothing) -> ()\n")
    tap.ok(broken.returncode != 0, "validate-idl can fail")


def test_methods(tap, ctl, _daemon):
    """Each method, and the errors that are due."""
    called = set()
    for method, parameters, due in CALLS:
        called.add(method)
        what = f"{method} {json.dumps(parameters)}"
        reply, error = ctl.call(f"{NAME}.{method}", json.dumps(parameters))
        tap.ok(due is None and error in ("", f"{NAME}.Failed") or error == due, what,
               f"{error or 'no error'} and not {due or 'a reply'}")
        if reply is not None:
            problem = ""
            try:
                idl.check(f"{NAME}.{method}", {"parameters": reply})
            except idl.Mismatch as mismatch:
                problem = str(mismatch)
            tap.ok(not problem, f"{what}: as defined", problem)
    missing = set(idl.interface(NAME).methods) - called
    tap.ok(not missing, "every method was called", ", ".join(sorted(missing)))


def test_ways(tap, ctl, daemon):
    """--more, --collect, --oneway, --graceful."""
    replies = ctl.stream(f"{NAME}.Monitor", json.dumps(
        {"intervalUsec": 200000, "endpoints": True, "paths": True}), 6)
    tap.ok(len(replies) == 6, "--more: six replies of Monitor", str(len(replies)))
    problems = []
    for reply, _ in replies:
        try:
            idl.check(f"{NAME}.Monitor", {"parameters": reply})
        except idl.Mismatch as mismatch:
            problems.append(str(mismatch))
    tap.ok(replies and not problems, "--more: as defined", "; ".join(problems))
    gaps = [later[1] - earlier[1] for earlier, later in zip(replies[1:], replies[2:])]
    tap.ok(gaps and all(0.1 < gap < 0.4 for gap in gaps), "--more: 200 ms apart",
           " ".join(f"{gap:.3f}" for gap in gaps))
    tap.ok(replies and len(replies[0][0]["endpoints"]) == 2, "--more: with endpoints")
    done = ctl.run("--json=short", "--collect", "call", ctl.address, f"{NAME}.GetStatus", "{}")
    collected = json.loads(done.stdout) if done.returncode == 0 else []
    tap.ok(isinstance(collected, list) and len(collected) == 1 and "health" in collected[0],
           "--collect: an array of the one reply", done.stderr.strip())
    done = ctl.run("--oneway", "call", ctl.address, f"{NAME}.Pause", "{}")
    tap.ok(done.returncode == 0 and not done.stdout.strip(), "--oneway: no reply",
           done.stdout + done.stderr)
    end = time.monotonic() + 5
    while not daemon.call("GetStatus")["paused"] and time.monotonic() < end:
        time.sleep(0.02)
    tap.ok(daemon.call("GetStatus")["paused"], "--oneway: but it was done")
    ctl.call(f"{NAME}.Resume")
    done = ctl.run(f"--graceful={NAME}.NoSuchChange", "call", ctl.address, f"{NAME}.Explain",
                   '{"id":99}')
    tap.ok(done.returncode == 0, "--graceful: an error that is expected is none",
           done.stderr.strip())
    tap.ok(daemon.call("GetStatus")["health"] in ("ok", "degraded"), "and the daemon still answers")


def run(tap):
    """All of it. Raises Unavailable where the other release cannot be had."""
    with rootfs.foreign(varlinkctl.RELEASE, varlinkctl.PACKAGES, tap.note) as root, \
            harness.Namespace("foreign") as namespace:
        namespace.started([sys.executable, "-c", ACCEPTOR])
        run_groups(tap, namespace, root)


def run_groups(tap, namespace, root):
    """All groups against one daemon."""
    with Daemon(namespace, CONFIG) as daemon, \
            varlinkctl.client(root, daemon.directory, os.path.basename(daemon.socket)) as ctl:
        tap.note(ctl.version())
        time.sleep(1)
        for group in (test_service, test_definitions, test_methods, test_ways):
            tap.group(group.__name__, group, ctl, daemon)


# Accepts, and keeps what it accepted: flows to look at.
ACCEPTOR = f"""
import socket
listener = socket.create_server(("127.0.0.1", {PORT}))
client = socket.create_connection(("127.0.0.1", {PORT}))
kept = [client, listener.accept()[0]]
client.sendall(b"x" * 1000)
print("ready", flush=True)
while True:
    listener.accept()[0].close()
"""


def main():
    """TAP on stdout."""
    tap = Tap()
    try:
        if os.geteuid() != 0:
            raise Skip("needs root")
        machines.own_mounts()
        run(tap)
    except (Skip, rootfs.Unavailable) as reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    except Exception as error:  # a failure like every other, and not only of this program
        tap.note(traceback.format_exc())
        tap.ok(False, "the client", f"{type(error).__name__}: {error}")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
