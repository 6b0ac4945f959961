# SPDX-License-Identifier: MIT
"""The emulated paths of the WAN bench: one host and one peer, six links at once.

`shallow` is shared with a flow that is not the host's: host and rival each reach its link through a
router of their own side, so that the two meet at the bottleneck and nowhere else.

    host ── wan0 … wan4 ── peer          host ── router ── wan5 ── peer
                                        rival ──┘
"""
import contextlib
import dataclasses

import bench  # noqa: F401  (finds tests/net)
import routes
from harness import KERNEL_DEFAULTS, Lab, Link, Namespace
from wan_traffic import Source, load_argv

RIVAL_SECONDS = 10
# All of them together are 1.2 Gbit/s. Links that look at their packets four thousand times a second
# (see wanlink.c) leave room for that on two processors, if nobody else needs those; the two fast
# paths where nothing is to be gained transfer for less of the time, which leaves some more.


@dataclasses.dataclass(frozen=True)
class Path:
    """One link, and the transfers on it: `seconds` each with a `gap` in between."""

    name: str
    title: str
    words: dict
    seconds: float = 6
    gap: float = 0.3
    rival: bool = False
    coarse: str = "250us"  # how often the link looks: see wanlink.c
    extra: bool = False    # not one of the six: only by its name


PATHS = {path.name: path for path in (
    Path("lfn", "150 ms, 300 Mbit/s", {"rtt": "150ms", "rate": "300M"}),
    Path("lossy", "100 ms, 100 Mbit/s, 0.5 % loss",
         {"rtt": "100ms", "rate": "100M", "queue": "2500k", "loss": "0.5%"}),
    Path("bloat", "20 ms, 50 Mbit/s, 4 MB queue",
         {"rtt": "20ms", "rate": "50M", "queue": "4M"}),
    Path("metro", "8 ms, 200 Mbit/s", {"rtt": "8ms", "rate": "200M"}, 2, 3),
    Path("lan", "0.5 ms, 500 Mbit/s", {"rtt": "500us", "rate": "500M", "queue": "250k"}, 1, 3,
         coarse="100us"),
    Path("shallow", "40 ms, 50 Mbit/s, 62 KB, shared",
         {"rtt": "40ms", "rate": "50M", "queue": "62500"}, rival=True),
    # A fourth is to be gained, and the trial has to find it among transfers that differ by more.
    Path("slight", "40 ms, 50 Mbit/s, 0.03 % loss",
         {"rtt": "40ms", "rate": "50M", "up_loss": "0.03%"}, extra=True),
)}
SIX = [name for name, path in PATHS.items() if not path.extra]


class World:
    """The lab with the links of some paths; `address` is the peer's on each of them."""

    def __init__(self, names, receiving=False):
        self.paths = [PATHS[name] for name in names]
        self.receiving = receiving
        self.address, self.links = {}, {}
        self.stack = contextlib.ExitStack()
        self.lab = self.host = self.rival = None

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.lab = stack.enter_context(Lab())
            self.host = self.lab.host
            for number, path in enumerate(self.paths):
                end = self._router(stack, number) if path.rival else self.host
                link = stack.enter_context(Link(end, self.lab.peer, number=number,
                                                seed=number + 1, record_syn=False,
                                                coarse=path.coarse, **path.words))
                self.links[path.name], self.address[path.name] = link, link.peer_address
                if path.rival:
                    self._way_back(number)
                self.lab.sink(link.peer_address, 9000,
                              *(["--serve", f"{path.seconds + 3}s"] if self.receiving else []))
                if path.rival:
                    self.lab.sink(link.peer_address, 9001)
            if self.receiving:
                self.lab.peer.set_sysctls({"net.ipv4.tcp_wmem": "4096 16384 67108864"})
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def _router(self, stack, number):
        router = stack.enter_context(Namespace("router"))
        self.rival = stack.enter_context(Namespace("rival"))
        self.rival.set_sysctls(KERNEL_DEFAULTS)
        router.set_sysctls({"net.ipv4.ip_forward": "1"})
        for third, end in enumerate((self.host, self.rival)):
            routes.veth(end, router, f"via{third}", (f"10.78.{third}.1", f"10.78.{third}.2"))
            routes.ip(end, "route", "add", f"10.77.{number}.0/24", "via", f"10.78.{third}.2")
        return router

    def _way_back(self, number):
        routes.ip(self.lab.peer, "route", "add", "10.78.0.0/16", "via", f"10.77.{number}.1")

    def transfers(self, path, repeat, row=None):
        """The host's transfers on a path."""
        mode = "recv" if self.receiving else "send"
        return Source(self.host, load_argv(mode, self.address[path.name], seconds=path.seconds,
                                           gap=path.gap, repeat=repeat), row=row)

    def rival_transfers(self, path):
        """The rival's, one after the other until ended."""
        return Source(self.rival, load_argv("send", self.address[path.name], 9001,
                                            seconds=RIVAL_SECONDS, gap=0, repeat=0))

    def state(self):
        """All of the host that must be as before in the end: sysctls, routes, rules."""
        return {**self.host.snapshot(), **routes.snapshot(self.host)}
