#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An administrator changes the very value that is on trial: the trial ends, the value is left alone
while the daemon runs and when it stops, and it is reported as foreign."""
import sys

import harness
import loop

PATH = {"rtt": "60ms", "rate": "50M", "queue": "1M", "loss": "0.5%", **loop.COARSE}
KEY = "net.ipv4.tcp_congestion_control"
# A host whose routes are not to be touched: the setting of the whole host is tried.
CONFIG = "[Daemon]\nMode=auto\n[Tuning]\nPerDestination=no\n"
LIMIT_SECONDS = 180


def on_trial(changes):
    """Whether the trial of the congestion control has written once."""
    return any(c["controller"] == "congestion" and c["state"] == "trial" and c["trial"]["phase"]
               for c in changes)


def run(tap):
    """The scenario."""
    with harness.Lab(("cubic", "bbr", "reno")) as lab, lab.link(seed=2, **PATH) as link:
        daemon, transfers = loop.start(lab, link, CONFIG, seconds=3)
        with transfers, daemon:
            measured = loop.Loop(tap, daemon, transfers)
            changes = measured.until(on_trial, LIMIT_SECONDS)
            if not tap.ok(on_trial(changes), "a trial is running"):
                tap.note(daemon.log())
                return
            lab.host.set_sysctls({KEY: "reno"})
            for _ in range(4):
                transfers.next()
            change = daemon.changes()[0]
            tap.note(loop.summary(change))
            tap.ok(change["verdict"] == "inconclusive" and "somebody else" in change["reason"],
                   "the trial ended, with the reason", change["reason"])
            row = daemon.tunable(KEY)
            tap.ok(row["owner"] == "foreign" and row["current"] == "reno", "reported as foreign",
                   str(row["owner"]))
            tap.ok(lab.host.sysctl(KEY) == "reno", "left alone")
            tap.ok(daemon.stop() == 0 and lab.host.sysctl(KEY) == "reno", "also by the stop")
            tap.ok("changed by somebody else" in daemon.log(), "logged")


if __name__ == "__main__":
    sys.exit(harness.main([("foreign change during a trial", run)]))
