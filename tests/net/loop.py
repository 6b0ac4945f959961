# SPDX-License-Identifier: MIT
"""The whole loop on one emulated path: repeated transfers, with the daemon beside them."""
import json
import re
import subprocess
import time

import routes
from harness import Lab, build_path, difference, endpoint, read_line, stop
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


def decided_by(controller):
    """A condition: a change of this controller has its verdict."""
    return lambda changes: any(c["controller"] == controller and c["state"] == "decided"
                               for c in changes)


def check_verdict(tap, daemon, controller, key, formula, changes):
    """A change of this tunable was kept, and netoptctl shows it with its formula."""
    for change in changes:
        tap.note(summary(change))
    kept = [c for c in changes if c["controller"] == controller and c["verdict"] == "kept"]
    if not tap.ok(kept, "verdict kept"):
        tap.note(daemon.log())
        tap.note(str(daemon.call("ListPaths")["paths"]))
        return
    tap.ok(all(c["tunables"][0]["key"] == key for c in kept), f"only {key} was changed")
    shown = daemon.ctl("changes").stdout
    tap.ok("kept" in shown and key in shown, "netoptctl changes shows it")
    explained = daemon.ctl("explain", str(kept[-1]["id"])).stdout
    tap.note(explained)
    tap.ok(formula in explained, "netoptctl explain shows the formula with its numbers")


# Between a restart and the evidence that could begin a trial.
RESTART_SECONDS = 20


def check_lesson(tap, lab, daemon, before):
    """What was learned is known to the next run, and writes nothing by itself."""
    length = len(daemon.log())
    daemon.start()
    line = next((line for line in daemon.log()[length:].splitlines() if "lessons of" in line), "")
    tap.ok(re.search(r"\b[1-9]\d* lessons of earlier trials are known", line),
           "the lesson is known after a restart", line)
    time.sleep(RESTART_SECONDS)
    tap.ok(not daemon.changes() and not daemon.call("ListRoutes")["routes"],
           "and changes nothing by itself", str(daemon.changes()))
    changed = difference(before, {**lab.host.snapshot(), **routes.snapshot(lab.host)})
    tap.ok(not changed, "nor writes anything", str(changed))
    tap.ok(daemon.stop() == 0, "stopped again")


def check_gain(tap, path, controller, key, formula, gain, limit_seconds, peer=(), lesson=False,
               **words):
    """A path that one change makes faster: an untouched transfer, then the daemon beside more of
    them until its verdict, then three that must be `gain` times the first; then stop, and every
    sysctl of the host's namespace is byte for byte what it was."""
    with Lab() as lab, lab.link(seed=1, **path) as link:
        lab.peer.set_sysctls(dict(peer))
        before = {**lab.host.snapshot(), **routes.snapshot(lab.host)}
        daemon, transfers = start(lab, link, **words)
        with transfers:
            first = mbps(transfers.next())
            tap.note(f"untouched: {first:.1f} Mbit/s")
            with daemon:
                measured = Loop(tap, daemon, transfers)
                changes = measured.until(decided_by(controller), limit_seconds)
                check_verdict(tap, daemon, controller, key, formula, changes)
                last = measured.more(3)
                tap.ok(min(last) >= gain * first, f"the last three >= {gain} times the first",
                       f"{first:.2f} -> {min(last):.1f} Mbit/s, {min(last) / first:.2f} times")
                tap.ok(measured.age() <= limit_seconds, f"within {limit_seconds} s",
                       f"{measured.age():.0f} s")
                status = daemon.stop()
                tap.ok(status == 0, "stopped", f"exit status {status}")
                if lesson:
                    check_lesson(tap, lab, daemon, before)
        changed = difference(before, {**lab.host.snapshot(), **routes.snapshot(lab.host)})
        tap.ok(not changed, "every sysctl, route and rule as before", str(changed))
