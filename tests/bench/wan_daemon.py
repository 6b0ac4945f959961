# SPDX-License-Identifier: MIT
"""netoptd on all paths at once: untouched at first, then beside the traffic until it has settled,
then measured like the fixed arms, then stopped. What its changes say is read with pure functions."""
import dataclasses
import ipaddress
import time

import routes
from harness import difference
from netopt import Daemon
from wan_arms import measures, pinger, set_arm
from wan_measure import DEFAULT, within
from wan_traffic import Sources, go_along

CONFIG = "[Daemon]\nMode=auto\n"
UNTOUCHED_SECONDS = 20
POLL_SECONDS = 2.0
# Longer than any pause of a daemon that still has something to try: three windows of evidence are
# 90 s.
QUIET_SECONDS = 180
LIMIT_SECONDS = 900


@dataclasses.dataclass
class Run:
    """What came of it. Times in rows are CLOCK_MONOTONIC, as wanload's."""

    started: float = 0.0
    settled: float = 0.0   # when nothing had happened for QUIET_SECONDS, or the patience ended
    ended: float = 0.0
    timed_out: bool = False
    changes: list = dataclasses.field(default_factory=list)
    realtime_offset: float = 0.0  # CLOCK_REALTIME - CLOCK_MONOTONIC
    clients: dict = dataclasses.field(default_factory=dict)  # path: rows
    rival: list = dataclasses.field(default_factory=list)
    pings: list = dataclasses.field(default_factory=list)
    status: int = 0
    left: list = dataclasses.field(default_factory=list)  # what is not as before
    controllers: list = dataclasses.field(default_factory=list)
    routes: list = dataclasses.field(default_factory=list)  # its own, before the stop
    log: str = ""

    def age(self, realtime_usec):
        """Seconds since the daemon's start of a time it gave."""
        return realtime_usec / 1e6 - self.realtime_offset - self.started


def is_act(change):
    """Whether a change is or was in the kernel: an advice alone is none."""
    return change["state"] != "advised"


def last_event_usec(changes):
    """CLOCK_REALTIME of the last thing that happened to any change; 0 if nothing did."""
    return max((change["decidedRealtimeUsec"] or change["proposedRealtimeUsec"]
                for change in changes if is_act(change)), default=0)


def is_quiet(changes, now_usec, started_usec, quiet_s):
    """No trial, and nothing began or ended for a while."""
    if any(change["state"] == "trial" for change in changes):
        return False
    return now_usec - max(last_event_usec(changes), started_usec) >= quiet_s * 1e6


def concerns(change, address):
    """Whether the path of a change is, or contains, an address."""
    if not change["path"]:
        return False
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(change["path"], strict=False)
    except ValueError:
        return False


def standing(changes, address):
    """The changes for a path that were kept and are in force."""
    return [change for change in changes
            if change["verdict"] == "kept" and change["inForce"] and concerns(change, address)]


def settle_seconds(run, address):
    """From the start to the last verdict that stayed, for one path; None if there is none."""
    ages = [run.age(change["decidedRealtimeUsec"]) for change in standing(run.changes, address)]
    return max(ages, default=None)


def watch(daemon, run, sources, limit, quiet, tell, expect=False):
    """Until it has settled; tells each change once in each of its states. Where one is expected, it
    has not settled before the first: some evidence takes longer than the quiet."""
    told = set()
    while True:
        sources.pump(POLL_SECONDS)
        run.changes = daemon.changes()
        now = time.monotonic()
        for change in reversed(run.changes):
            mark = (change["id"], change["state"], change["verdict"], change["inForce"])
            if mark not in told:
                told.add(mark)
                tell(now - run.started, change)
        started_usec = (run.started + run.realtime_offset) * 1e6
        began = not expect or last_event_usec(run.changes) > 0
        if began and is_quiet(run.changes, time.time() * 1e6, started_usec, quiet):
            return
        if now - run.started > limit:
            run.timed_out = True
            return


def run_daemon(world, seconds, limit, quiet, tell):
    """The whole phase; `seconds` are measured once it has settled."""
    run = Run(realtime_offset=time.time() - time.monotonic())
    set_arm(world, DEFAULT)
    with Sources() as sources:
        clients = {path.name: sources.add(world.transfers(path, 0)) for path in world.paths}
        rivals = [sources.add(world.rival_transfers(path)) for path in world.paths if path.rival]
        pings = sources.add(pinger(world))
        sources.pump(UNTOUCHED_SECONDS)
        before = world.state()
        with Daemon(world.host, CONFIG) as daemon:
            go_along(daemon.process)
            run.started = time.monotonic()
            watch(daemon, run, sources, limit, quiet, tell)
            run.settled = time.monotonic()
            sources.pump(seconds)
            run.changes, run.ended = daemon.changes(), time.monotonic()
            run.controllers = daemon.call("GetStatus")["controllers"]
            run.routes = routes.ours(world.host)
            run.status = daemon.stop()
            run.log = daemon.log()
        run.left = difference(before, world.state())
        run.clients = {name: client.rows for name, client in clients.items()}
        run.rival = [row for rival in rivals for row in rival.rows]
        run.pings = pings.rows
    return run


def span_measures(world, run, begin, end):
    """{path: Measure} of a span of the run."""
    return measures(world, {name: within(rows, begin, end) for name, rows in run.clients.items()},
                    within(run.rival, begin, end), run.pings)


def settled_measures(world, run):
    """{path: Measure} of the time after it had settled."""
    return span_measures(world, run, run.settled, run.ended)


def whole_measures(world, run):
    """{path: Measure} from the daemon's start to its end, trials and all."""
    return span_measures(world, run, run.started, run.ended)
