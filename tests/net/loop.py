# SPDX-License-Identifier: MIT
"""The whole loop on one emulated path: repeated transfers, with the daemon beside them."""
import json
import subprocess
import time

from harness import build_path, endpoint, read_line, stop
from netopt import Daemon


class Transfers:
    """wanload repeating transfers from the host to the peer (or back) until it is ended."""

    def __init__(self, lab, address, seconds=6, gap=0.2, mode="send", serve=(), port=9000):
        self.sink = lab.sink(address, port, *serve)
        self.process = lab.host.spawn(
            [build_path("tests", "net", "wanload"), mode, "--connect", endpoint(address, port),
             "--seconds", str(seconds), "--repeat", "0", "--gap", str(gap)],
            stdout=subprocess.PIPE)
        self.results = []
        self.patience = seconds + gap + 30

    def next(self):
        """Waits for the end of the transfer under way; its result."""
        line = read_line(self.process, self.patience)
        if line is None:
            raise RuntimeError("the transfers ended")
        self.results.append(json.loads(line))
        return self.results[-1]

    def close(self):
        """Ends client and sink."""
        stop(self.process)
        self.process.stdout.close()
        stop(self.sink)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def mbps(result):
    """Goodput of a transfer in Mbit/s."""
    return result["goodputBps"] / 1e6


def summary(change):
    """A change in one line."""
    settings = ", ".join(f"{s['key']} {s['old']} -> {s['new']}" for s in change["tunables"])
    return (f"change {change['id']} {change['controller']}: {change['state']}/{change['verdict']}: "
            f"{settings}: {change['reason']}")


class Loop:
    """Drives transfers and watches the daemon until a condition on its changes holds."""

    def __init__(self, tap, daemon, transfers):
        self.tap, self.daemon, self.transfers = tap, daemon, transfers
        self.started = time.monotonic()

    def age(self):
        """Seconds since the start."""
        return time.monotonic() - self.started

    def until(self, condition, limit):
        """Transfers until condition(changes) or `limit` seconds are over; the last changes."""
        while True:
            result = self.transfers.next()
            changes = self.daemon.changes()
            phase = next((c["trial"]["phase"] for c in changes if c["state"] == "trial"), "")
            self.tap.note(f"{self.age():5.0f} s  {mbps(result):7.2f} Mbit/s  {result['cc']:6} "
                          f"retrans {result['retrans']:5}  {phase}")
            if condition(changes) or self.age() > limit:
                return changes

    def more(self, count):
        """The goodputs of `count` further transfers, after the one under way, in Mbit/s."""
        self.transfers.next()
        values = [mbps(self.transfers.next()) for _ in range(count)]
        self.tap.note("then " + ", ".join(f"{value:.1f}" for value in values) + " Mbit/s")
        return values


def start(lab, link, config="[Daemon]\nMode=auto\n", **words):
    """Daemon and transfers on a link; both context managers."""
    return Daemon(lab.host, config), Transfers(lab, link.peer_address, **words)
