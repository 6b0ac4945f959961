#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""An operator and the real daemon: advice is taken in Mode=observe, what is live is what is
believed, down to the sockets; what somebody else writes is found, and what is held stays."""
import json
import sys
import time

import harness
from harness import PATIENCE_SECONDS, Lab
from loop import Transfers
from netopt import Daemon

CONFIG = """[Daemon]
Mode=observe
[Tuning]
CongestionControl=bbr
"""
KEY = "net.ipv4.tcp_congestion_control"


def ask(tap, daemon, *words, status=0):
    """One command with --json; checks its exit status."""
    done = daemon.ctl("--json", *words)
    tap.ok(done.returncode == status, f"{' '.join(words)} exits with {status}",
           f"{done.returncode}: {done.stdout}{done.stderr}")
    return json.loads(done.stdout) if done.stdout else {}


def find_advice(tap, daemon):
    """What is fixed by the configuration is advice in Mode=observe."""
    first, again = ask(tap, daemon, "advise"), ask(tap, daemon, "advise")
    advice = next((a for a in first["advices"] if a["controller"] == "congestion"), None)
    if not tap.ok(advice, "bbr is advised", str(first)):
        return None
    tap.ok([o["kind"] for o in advice["obstacles"]] == ["mode"], "only the mode is in the way",
           str(advice["obstacles"]))
    tap.ok([a["id"] for a in again["advices"]] == [a["id"] for a in first["advices"]],
           "the same advice has the same id")
    tap.ok(not daemon.changes(), "nothing was changed by asking")
    return advice["id"]


def check_applied(tap, daemon, advice):
    """The advice taken."""
    ask(tap, daemon, "apply", str(advice))
    tap.ok(daemon.tunable(KEY)["current"] == "bbr", "it is applied", str(daemon.tunable(KEY)))
    tap.ok(daemon.changes()[0]["id"] == advice, "the change has the id of the advice")


def check_live(tap, daemon):
    """Of three connections two are older than the change, one so little that no look was between."""
    end, use = time.monotonic() + PATIENCE_SECONDS, {}
    while use.get("using", 0) < 1 and time.monotonic() < end:
        reply = ask(tap, daemon, "verify")  # the new one may take its time on a busy machine
        use = reply["destinations"][0] if reply["destinations"] else {}
        time.sleep(0.5)
    tap.note(str(reply))
    tap.ok(use.get("using", 0) >= 1 and use.get("older", 0) >= 2 and use.get("other") == 0,
           "the old connections keep cubic, the new one has bbr", str(use))
    tap.ok(reply["sysctls"] >= 1 and reply["journalEntries"] >= 1, "sysctl and journal compared")


def check_explanations(tap, daemon, change, address):
    """Each kind of thing is explained from the live daemon."""
    for word, part in ((str(change), "Verdict\n  kept"), (KEY, f"netopt, by change {change}"),
                       ("tcp_congestion_control", "kernel default"), (address, "bulk"),
                       (address, "buffers")):
        done = daemon.ctl("explain", word)
        tap.ok(done.returncode == 0 and part in done.stdout, f"explain {word}: {part}",
               done.stdout + done.stderr)


def check_hold(tap, lab, daemon, change):
    """A reload that would take it back leaves what is held; then somebody else writes."""
    ask(tap, daemon, "hold", str(change), "1h")
    daemon.write_config(CONFIG.replace("bbr", "auto"))
    ask(tap, daemon, "reload")
    tap.ok(daemon.tunable(KEY)["current"] == "bbr", "what is held outlives a reload")
    tap.ok(daemon.changes()[0]["held"], "the list says that it is held")
    lab.host.set_sysctls({KEY: "reno"})
    reply = ask(tap, daemon, "verify", status=1)
    tap.ok([(d["kind"], d["believed"], d["live"]) for d in reply["differences"]][:1] ==
           [("sysctl", "bbr", "reno")], "what somebody else wrote is found", str(reply))


def run(tap):
    """The scenario."""
    with Lab() as lab, lab.link(seed=1, rtt="20ms", rate="20M") as link:
        before = lab.host.snapshot()
        daemon = Daemon(lab.host, CONFIG)
        with Transfers(lab, link.peer_address, seconds=60, port=9000), daemon:
            daemon.call("ListFlows")
            change = find_advice(tap, daemon)
            if change is None:
                tap.note(daemon.log())
                return
            with Transfers(lab, link.peer_address, seconds=60, port=9002), \
                    Transfers(lab, link.peer_address, seconds=5, port=9001) as younger:
                time.sleep(0.05)
                check_applied(tap, daemon, change)
                younger.next()
                check_live(tap, daemon)
                check_explanations(tap, daemon, change, link.peer_address)
            check_hold(tap, lab, daemon, change)
            tap.ok(daemon.ctl("log-level", "info").returncode == 0 and
                   daemon.ctl("log-level").stdout == "info\n", "the log level is set")
            tap.ok(daemon.stop() == 0, "stopped")
        after = lab.host.snapshot()
        changed = {k for k in harness.difference(before, after) if "congestion" not in k}
        tap.ok(not changed, "every other sysctl as before", str(changed))


if __name__ == "__main__":
    sys.exit(harness.main([("questions and answers", run)]))
