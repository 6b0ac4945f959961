#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What netoptd finds by itself: gateways, name servers, busy peers; changes of the network at once;
and other network namespaces."""
import subprocess
import sys
import threading
import time

import harness
from netopt import Daemon

QUIET = "[Daemon]\nMode=observe\nInterval=1s\n"


def wait_for(condition, seconds=5.0):
    """The first true value of condition(), or the last one; and how long it took."""
    begin = time.monotonic()
    while True:
        value = condition()
        took = time.monotonic() - begin
        if value or took > seconds:
            return value, took
        time.sleep(0.02)


def endpoints(daemon, origin):
    """The endpoints of one origin, by name."""
    rows = daemon.call("ListEndpoints")["endpoints"]
    return {row["name"]: row for row in rows if row["origin"] == origin}


def ip(namespace, *words):
    """ip(8) inside a namespace."""
    subprocess.run(["ip", "-n", namespace.name, *words], check=True)


def gateways(tap):
    """A default gateway is found and measured, and one that takes its place at once."""
    with harness.Lab() as lab, lab.link(rtt="4ms", number=0) as first, \
            lab.link(rtt="8ms", number=1) as second:
        ip(lab.host, "route", "add", "default", "via", first.peer_address)
        with Daemon(lab.host, QUIET) as daemon:
            rows, _ = wait_for(lambda: endpoints(daemon, "gateway"))
            name = f"gateway.{first.device}"
            tap.ok(list(rows) == [name], "the default gateway is watched", " ".join(rows))
            row, _ = wait_for(lambda: next((r for r in endpoints(daemon, "gateway").values()
                                            if r["state"] == "up"), None))
            tap.ok(bool(row), "it answers", " ".join(daemon.ctl("endpoints").stdout.split()))

            ip(lab.host, "route", "replace", "default", "via", second.peer_address)
            wanted = f"gateway.{second.device}"
            rows, took = wait_for(lambda: wanted in endpoints(daemon, "gateway")
                                  and endpoints(daemon, "gateway"))
            tap.ok(rows and list(rows) == [wanted], "another gateway takes its place",
                   f"after {took:.2f} s")
            tap.ok(took < 1, "at once", f"{took:.2f} s")

            ip(lab.host, "link", "set", second.device, "down")
            gone, took = wait_for(lambda: not endpoints(daemon, "gateway"))
            tap.ok(gone and took < 1, "a link that goes down takes its gateway along",
                   f"after {took:.2f} s")
            tap.ok("default gateway: none" in daemon.log(), "and the log says so")


def configured(tap):
    """With endpoints of one's own nothing else is watched, unless asked for."""
    endpoint = "[Endpoint own]\nUrl=tcp://10.77.0.2:7000\n"
    with harness.Lab() as lab, lab.link(rtt="4ms") as link:
        ip(lab.host, "route", "add", "default", "via", link.peer_address)
        with Daemon(lab.host, QUIET + endpoint) as daemon:
            time.sleep(0.5)
            names = [row["name"] for row in daemon.call("ListEndpoints")["endpoints"]]
            tap.ok(names == ["own"], "configured endpoints stand alone", " ".join(names))
            daemon.write_config(QUIET + "Discover=yes\n" + endpoint)
            daemon.call("Reload")
            rows, _ = wait_for(lambda: endpoints(daemon, "gateway"))
            tap.ok(len(rows) == 1, "Discover=yes adds what is found")
            daemon.write_config(QUIET + "Discover=no\n")
            daemon.call("Reload")
            gone, _ = wait_for(lambda: not daemon.call("ListEndpoints")["endpoints"])
            tap.ok(gone, "Discover=no watches nothing")


def peers(tap):
    """A busy destination is watched through its flows, without a packet of ours."""
    with harness.Lab() as lab, lab.link(rtt="20ms", rate="100M") as link:
        lab.sink(link.peer_address)
        with Daemon(lab.host, QUIET) as daemon:
            skip = len(link.handshakes())
            lab.transfers(link.peer_address, seconds=3, repeat=1)
            daemon.write_config(QUIET + "# touched\n")
            daemon.call("Reload")  # looks at once instead of within half a minute
            rows, _ = wait_for(lambda: endpoints(daemon, "peer"))
            name = f"peer.{link.peer_address}"
            tap.ok(list(rows) == [name], "the busy peer is watched", " ".join(rows))
            window, transfers = {"count": 0}, 1
            for transfers in range(2, 5):  # sweeps are fewer on a busy machine
                lab.transfers(link.peer_address, seconds=4, repeat=1)
                window = endpoints(daemon, "peer")[name]["windows"][0]
                if window["count"] >= 2:
                    break
            tap.ok(window["count"] >= 2 and (window["minUsec"] or 0) >= 19000,
                   "its latency is that of the flows", str(window))
            tap.ok(len(link.handshakes()) - skip == transfers, "and nothing was sent to it",
                   f"{len(link.handshakes()) - skip} handshakes")


def namespaces(tap):
    """Another namespace is seen, and nothing in it is touched."""
    with harness.Lab() as lab, lab.link(rtt="2ms", rate="50M") as link:
        lab.sink(link.peer_address)
        lab.peer.set_sysctls({"net.ipv4.tcp_rmem": "4096 131072 7000000"})
        before = lab.peer.snapshot()
        config = QUIET + f"Netns={lab.peer.name} nowhere\n"
        transfer = threading.Thread(target=lab.transfers, args=(link.peer_address,),
                                    kwargs={"seconds": 12})  # until it was surely seen
        transfer.start()
        time.sleep(1.5)
        with Daemon(lab.host, config) as daemon:
            def spaces():
                rows = daemon.call("ListNamespaces")["namespaces"]
                return {row["name"]: row for row in rows}

            wait_for(lambda: spaces().get(lab.peer.name, {}).get("sockets"), 10)
            rows = spaces()
            row = rows.get(lab.peer.name, {})
            tap.ok(bool(row) and not row["error"], "the namespace is read", str(row)[:300])
            tap.ok(row.get("sockets") == 1 and row.get("paths") == 1, "with the flow in it",
                   f"{row.get('sockets')} sockets")
            values = {t["key"]: t["value"] for t in row.get("sysctls", [])}
            tap.ok(values.get("net.ipv4.tcp_rmem") == "4096 131072 7000000",
                   "with its own sysctls", str(values)[:200])
            missing = rows.get("nowhere", {})
            tap.ok("no such" in (missing.get("error") or ""), "one that is not there is said to be",
                   str(missing.get("error")))
        transfer.join()
        tap.ok(not harness.difference(before, lab.peer.snapshot()), "nothing in it was changed")


if __name__ == "__main__":
    sys.exit(harness.main([("gateways", gateways), ("configured", configured), ("peers", peers),
                           ("namespaces", namespaces)]))
