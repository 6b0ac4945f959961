#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Downloads over 150 ms, 300 Mbit/s from a peer with large send buffers: the receive window of this
host, tcp_rmem, is the limit. It is raised, proven and kept."""
import sys

import harness
import loop

PATH = {"rtt": "150ms", "rate": "300M", "queue": "12M"}
LIMIT_SECONDS = 420
# 6 MB offer a window of 3 to 3.9 MB: 160 to 209 Mbit/s of the 285 that the path carries.
GAIN = 1.15


def decided(changes):
    """Whether a change of a buffer has its verdict."""
    return any(c["controller"] == "buffers" and c["state"] == "decided" for c in changes)


def run(tap):
    """The scenario."""
    with harness.Lab() as lab, lab.link(seed=1, **PATH) as link:
        lab.peer.set_sysctls({"net.ipv4.tcp_wmem": "4096 16384 67108864"})
        before = lab.host.snapshot()
        daemon, transfers = loop.start(lab, link, mode="recv", serve=("--serve", "8s"))
        with transfers:
            first = loop.mbps(transfers.next())
            tap.note(f"untouched: {first:.1f} Mbit/s")
            with daemon:
                measured = loop.Loop(tap, daemon, transfers)
                changes = measured.until(decided, LIMIT_SECONDS)
                for change in changes:
                    tap.note(loop.summary(change))
                kept = [c for c in changes if c["verdict"] == "kept"]
                tap.ok(kept, "verdict kept", f"after {measured.age():.0f} s")
                tap.ok(all(c["tunables"][0]["key"] == "net.ipv4.tcp_rmem" for c in kept),
                       "only the receive buffer was raised")
                last = measured.more(3)
                tap.ok(min(last) >= GAIN * first, f"last three >= {GAIN}x the first",
                       f"{first:.1f} -> {min(last):.1f} Mbit/s, {min(last) / first:.2f}x")
                if not kept:
                    for path in daemon.call("ListPaths")["paths"]:
                        tap.note(str(path))
                    tap.note(str(daemon.call("GetStatus")["controllers"]))
                tap.ok(daemon.stop() == 0, "stopped")
        changed = harness.difference(before, lab.host.snapshot())
        tap.ok(not changed, "every sysctl as before", str(changed))


if __name__ == "__main__":
    sys.exit(harness.main([("downloads over a long fat path", run)]))
