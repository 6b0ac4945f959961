# SPDX-License-Identifier: MIT
"""The results of the WAN bench as one dictionary (that is the JSON), and that as a table. Pure."""
import wan_daemon
import wan_measure
from wan_measure import DEFAULT

NETOPTD, ORACLE = "netoptd", "oracle"


def path_result(arms, daemon=None):
    """One path: {arm: Measure} of the fixed arms, and the Measure of netoptd if there is one."""
    name = wan_measure.oracle(arms)
    best, rows = arms[name], {}
    for arm, measure in {**arms, **({NETOPTD: daemon} if daemon else {})}.items():
        goodput, ping = wan_measure.against(measure, best)
        rows[arm] = {**measure.summary(), "goodputToOracle": goodput, "pingToOracle": ping,
                     "differs": wan_measure.differs(measure, arms[DEFAULT])}
    return {ORACLE: name, "arms": rows}


def change_result(run, change):
    """What the time line shows of a change; the daemon's own words stay as they are."""
    decided = change["decidedRealtimeUsec"]
    return {"id": change["id"], "controller": change["controller"], "path": change["path"],
            "state": change["state"], "verdict": change["verdict"], "inForce": change["inForce"],
            "proposedSeconds": run.age(change["proposedRealtimeUsec"]),
            "decidedSeconds": None if decided is None else run.age(decided),
            "settings": [f"{s['key']}: {s['old']} → {s['new']}" for s in change["tunables"]],
            "gainPermille": change["trial"]["gainPermille"],
            "beforeGoodputBps": change["trial"]["beforeGoodputBps"],
            "afterGoodputBps": change["trial"]["afterGoodputBps"], "reason": change["reason"]}


def path_line(run, rows, address):
    """The time line of one path: transfers as [seconds since the start, Mbit/s], what was changed for
    it (or for the whole host), and what stands in the end."""
    return {"transfers": [[round(row["start"] - run.started, 2), round(value, 2)] for row, value
                          in zip(rows, wan_measure.each_mbps(rows)) if "seconds" in row],
            "congestion": rows[-1].get("cc") if rows else None,
            "changes": [change["id"] for change in run.changes
                        if not change["path"] or wan_daemon.concerns(change, address)],
            "routes": [line for line in run.routes
                       if line.split()[0] in (address, address + "/32")],
            "settleSeconds": wan_daemon.settle_seconds(run, address),
            "standing": [change["id"] for change in wan_daemon.standing(run.changes, address)]}


def daemon_result(run):
    """The daemon's part of it all."""
    return {"settledSeconds": run.settled - run.started, "timedOut": run.timed_out,
            "seconds": run.ended - run.started, "exitStatus": run.status, "left": run.left,
            "controllers": run.controllers, "routes": run.routes,
            "changes": [change_result(run, change) for change in reversed(run.changes)]}


def _cell(value, form, scale=1.0):
    return "-" if value is None else format(value * scale, form)


def table(results):
    """Lines: for each path every arm; the oracle is marked with a star."""
    lines = [f"{'path':8} {'arm':12} {'Mbit/s':>7} {'ping p95':>9} {'retrans':>8} {'rival':>6}  "
             f"{'of the oracle: goodput':>22} {'ping':>5}"]
    for name, path in results["paths"].items():
        lines.append("")
        for arm, row in path["arms"].items():
            lines.append(
                f"{name:8} {'*' if arm == path[ORACLE] else ' '}{arm:11} "
                f"{_cell(row['goodputMbps'], '.1f'):>7} {_cell(row['pingP95Ms'], '.1f'):>6} ms "
                f"{_cell(row['retransShare'], '.2f', 100):>6} % {_cell(row['rivalMbps'], '.1f'):>6}"
                f"  {_cell(row['goodputToOracle'], '.2f'):>22} {_cell(row['pingToOracle'], '.2f'):>5}")
            name = ""
    return lines


def change_line(age, change):
    """One change as a line of progress."""
    settings = ", ".join(f"{s['key']} {s['old']} → {s['new']}" for s in change["tunables"])
    state = change["verdict"] if change["state"] == "decided" else change["state"]
    return (f"{age:5.0f} s  change {change['id']} {change['controller']} for "
            f"{change['path'] or 'the host'}: {state}: {settings}")
