#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""150 ms, 300 Mbit/s, no loss: the send buffer is the limit, and nothing else.

An untouched transfer first, then the daemon beside more of them: it raises tcp_wmem, proves that on
connections born after it, and keeps it."""
import sys

import harness
import loop

PATH = {"rtt": "150ms", "rate": "300M"}
LIMIT_SECONDS = 420
GAIN = 1.8


def decided(changes):
    """Whether a change of a buffer has its verdict."""
    return any(c["controller"] == "buffers" and c["state"] == "decided" for c in changes)


def run(tap):
    """The scenario."""
    with harness.Lab() as lab, lab.link(seed=1, **PATH) as link:
        before = lab.host.snapshot()
        daemon, transfers = loop.start(lab, link)
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
                tap.ok(all(c["tunables"][0]["key"] == "net.ipv4.tcp_wmem" for c in kept),
                       "only the send buffer was raised")
                last = measured.more(3)
                tap.ok(min(last) >= GAIN * first, f"last three >= {GAIN}x the first",
                       f"{first:.1f} -> {min(last):.1f} Mbit/s, {min(last) / first:.2f}x")
                explained = daemon.call("Explain", id=kept[-1]["id"])["text"] if kept else ""
                tap.note(explained)
                tap.ok("2.1 * BDP" in explained, "explain shows the formula with its numbers")
                status = daemon.stop()
                tap.ok(status == 0, "stopped", f"exit status {status}")
                tap.note(daemon.log()[-4000:])
        changed = harness.difference(before, lab.host.snapshot())
        tap.ok(not changed, "every sysctl as before", str(changed))


if __name__ == "__main__":
    sys.exit(harness.main([("long fat path", run)]))
