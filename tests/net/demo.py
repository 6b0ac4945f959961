#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""./setup demo [lfn|lossy]: netoptd at work on an emulated WAN, before your eyes.

Everything happens in two network namespaces joined by a user-space link: no packet leaves them and
no setting of this host is tuned (the one thing touched is the list of allowed congestion controls,
for as long as the demo runs)."""
import statistics
import sys
import time

import harness
import loop
from tap import Skip

SCENES = {
    "lfn": {"title": "150 ms, 300 Mbit/s, no loss: a long fat path", "limit": 400,
            "path": {"rtt": "150ms", "rate": "300M"}, "full": 300},
    "lossy": {"title": "100 ms, 100 Mbit/s, 0.5 % random loss", "limit": 600,
              "path": {"rtt": "100ms", "rate": "100M", "queue": "2500k", "loss": "0.5%"},
              "full": 100},
}
BAR = 40


class Screen:
    """One line for each transfer; the daemon's own words in between."""

    def __init__(self, full):
        self.full = full
        self.started = time.monotonic()
        self.seen = 0

    def transfer(self, result, phase):
        """A transfer as a bar."""
        value = loop.mbps(result)
        bar = "#" * max(1, round(BAR * value / self.full))
        print(f"{time.monotonic() - self.started:5.0f} s {value:7.1f} Mbit/s |{bar:<{BAR}}| "
              f"{result['cc']:<6}{phase}", flush=True)

    def daemon(self, daemon):
        """What netoptd logged since the last time, at notice and above."""
        lines = daemon.log().splitlines()
        for line in lines[self.seen:]:
            if " notice: " in line or " warning: " in line:
                print(f"        netoptd: {line.split(': ', 2)[2]}", flush=True)
        self.seen = len(lines)


def play(scene):
    """One scene; 0 if a change was kept."""
    print(f"The path: {scene['title']}. Repeated 6 s transfers from a host with the kernel's "
          "defaults:\ncubic, tcp_rmem 6 MB, tcp_wmem 4 MB.\n")
    with harness.Lab() as lab, lab.link(seed=1, **scene["path"]) as link:
        before = lab.host.snapshot()
        daemon, transfers = loop.start(lab, link)
        screen = Screen(scene["full"])
        with transfers:
            untouched = []
            for _ in range(2):
                untouched.append(transfers.next())
                screen.transfer(untouched[-1], "untouched")
            print("\nnetoptd starts. It wants the same evidence in three windows of 30 s before it "
                  "acts.\n", flush=True)
            with daemon:
                changes = watch(screen, daemon, transfers, scene["limit"])
                last = settled(screen, daemon, transfers)
                tell(daemon, untouched, last, changes)
                daemon.stop()
                screen.daemon(daemon)
        changed = harness.difference(before, lab.host.snapshot())
        print("\nEvery sysctl is as it was before." if not changed else f"\nCHANGED: {changed}")
        return 0 if any(c["verdict"] == "kept" for c in changes) and not changed else 1


def watch(screen, daemon, transfers, limit):
    """Until the first verdict."""
    while True:
        result = transfers.next()
        changes = daemon.changes()
        phase = next((c["trial"]["phase"] for c in changes if c["state"] == "trial"), None)
        screen.transfer(result, phase or "")
        screen.daemon(daemon)
        if any(c["state"] == "decided" for c in changes) or \
                time.monotonic() - screen.started > limit:
            return changes


def settled(screen, daemon, transfers):
    """Three transfers after the verdict."""
    transfers.next()
    last = []
    for _ in range(3):
        last.append(transfers.next())
        screen.transfer(last[-1], "settled")
    screen.daemon(daemon)
    return last


def tell(daemon, untouched, last, changes):
    """Before and after, and what netoptctl says of it."""
    was = statistics.median(loop.mbps(r) for r in untouched)
    now = statistics.median(loop.mbps(r) for r in last)
    print(f"\nBefore {was:.1f} Mbit/s, after {now:.1f} Mbit/s: {now / was:.1f} times.\n")
    if changes:
        print(f"$ netoptctl explain {changes[0]['id']}\n")
        print(daemon.ctl("explain", str(changes[0]["id"])).stdout)


def main():
    """The command."""
    name = sys.argv[1] if len(sys.argv) > 1 else "lfn"
    if name not in SCENES:
        print(f"demo: no scene '{name}'; there are: {', '.join(SCENES)}", file=sys.stderr)
        return 2
    try:
        return play(SCENES[name])
    except Skip as reason:
        print(f"The demo cannot run here: {reason}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
