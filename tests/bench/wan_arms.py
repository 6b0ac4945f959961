# SPDX-License-Identifier: MIT
"""The fixed settings of the WAN bench, and how they are run: in blocks, round by round, each with
all paths busy. The default arm has two blocks in each round, as all others are compared with it."""
import time

import bench  # noqa: F401  (finds tests/net)
from harness import KERNEL_DEFAULTS
from routes import ip
from wan_measure import DEFAULT, Measure, under_load
from wan_traffic import Source, Sources, ping_argv

PING_SECONDS = 0.1
# Until the queues have drained: the longest is 4 MB at 50 Mbit/s.
DRAIN_SECONDS = 1.5
# For the last transfer to be closed, or reset.
PATIENCE_SECONDS = 20


def _buffers(mib):
    return {"net.ipv4.tcp_rmem": f"4096 131072 {mib << 20}",
            "net.ipv4.tcp_wmem": f"4096 16384 {mib << 20}"}


BBR = {"net.ipv4.tcp_congestion_control": "bbr"}
ARMS = {
    DEFAULT: {},
    "tuned": _buffers(16),  # of its profile network-throughput
    "bbr": BBR,
    "cubic 64 MB": _buffers(64),
    "bbr 64 MB": {**_buffers(64), **BBR},
}
# Receiving, the host's congestion control does not matter.
RECEIVING_ARMS = (DEFAULT, "tuned", "cubic 64 MB")


def order(arms):
    """The blocks of a round."""
    others = [name for name in arms if name != DEFAULT]
    half = len(others) // 2
    return [DEFAULT, *others[:half], DEFAULT, *others[half:]]


def set_arm(world, name):
    """Writes the setting; what the kernel remembers of the paths is forgotten."""
    world.host.set_sysctls({**KERNEL_DEFAULTS, **ARMS[name]})
    ip(world.host, "tcp_metrics", "flush")


def pinger(world, row=None):
    """Echo requests over all paths."""
    return Source(world.host, ping_argv([world.address[path.name] for path in world.paths],
                                        PING_SECONDS), realtime=True, row=row)


def measures(world, clients, rival, pings):
    """{path: Measure} of rows of transfers by path, of the rival and of the pinger."""
    result = {}
    for path in world.paths:
        mine = [row for row in pings if row["to"] == world.address[path.name]]
        result[path.name] = Measure(clients[path.name], under_load(mine, clients[path.name]),
                                    rival if path.rival else [])
    return result


def block(world, name, seconds):
    """One arm for so long: {path: Measure}."""
    set_arm(world, name)
    with Sources() as sources:
        pings = sources.add(pinger(world))
        clients = {path.name: sources.add(
            world.transfers(path, max(1, round(seconds / (path.seconds + path.gap)))))
            for path in world.paths}
        rivals = [sources.add(world.rival_transfers(path)) for path in world.paths if path.rival]
        sources.pump(seconds + PATIENCE_SECONDS,
                     until=lambda: all(client.ended for client in clients.values()))
        result = measures(world, {key: client.rows for key, client in clients.items()},
                          [row for rival in rivals for row in rival.rows], pings.rows)
    time.sleep(DRAIN_SECONDS)
    return result


def merge(total, part, arm):
    """Adds {path: Measure} of an arm to {arm: {path: Measure}}."""
    mine = total.setdefault(arm, {})
    for path, measure in part.items():
        mine[path] = mine.get(path, Measure()) + measure


def run_round(world, arms, seconds, total, tell):
    """One block of each arm; tell(arm, {path: Measure}) after each."""
    for name in order(arms):
        part = block(world, name, seconds)
        merge(total, part, name)
        tell(name, part)
