#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""100 ms, 100 Mbit/s, 0.5 % loss: cubic takes loss for congestion, and the loop finds out.

Untouched transfers first, so that the gain is against the host as it was; then the daemon beside
the same transfers, until its change is decided; then three more, then stop, and every sysctl of the
namespace is byte for byte what it was."""
import sys

import harness
import loop


# Two BDP of queue: a loss of this path is never the doing of who sends.
PATH = {"rtt": "100ms", "rate": "100M", "queue": "2500k", "loss": "0.5%"}
LIMIT_SECONDS = 600
GAIN = 10


def decided(changes):
    """Whether a change of the congestion control has its verdict."""
    return any(c["controller"] == "congestion" and c["state"] == "decided" for c in changes)


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
                kept = [c for c in changes if c["controller"] == "congestion"
                        and c["verdict"] == "kept"]
                tap.ok(kept, "verdict kept", f"after {measured.age():.0f} s")
                last = measured.more(3)
                tap.ok(min(last) >= GAIN * first, f"last three >= {GAIN}x the first",
                       f"{first:.2f} -> {min(last):.1f} Mbit/s, {min(last) / first:.1f}x")
                tap.ok(measured.age() <= LIMIT_SECONDS, "within 10 minutes")
                status = daemon.stop()
                tap.ok(status == 0, "stopped", f"exit status {status}")
                tap.note(daemon.log()[-6000:])
        changed = harness.difference(before, lab.host.snapshot())
        tap.ok(not changed, "every sysctl as before", str(changed))


if __name__ == "__main__":
    sys.exit(harness.main([("lossy path", run)]))
