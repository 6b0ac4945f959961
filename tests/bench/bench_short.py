#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Short transfers, 60 KB: by default, with an initial window set by hand, and by netoptd.

On 100 ms, 200 Mbit/s a greater initial window saves round trips; on 40 ms, 5 Mbit/s with a queue of
16 KB it is lost in the queue, and must not make anything worse. netoptd sees both at once, and beside
the short transfers some of 300 KB to learn from. A time is from the first write until the last byte
is acknowledged, as tuning.md has it; with the handshake it is one round trip more."""
import time

import bench
import wan_daemon
import wan_report
from bench import quantile
from harness import Lab, difference
from netopt import Daemon
from wan_paths import ip
from wan_traffic import Source, Sources, bursts, load_argv

FAST = {"rtt": "100ms", "rate": "200M"}
THIN = {"rtt": "40ms", "rate": "5M", "queue": "16k"}
BY_HAND = 44
BYTES, LONGER_BYTES = "60k", "300k"
FAST_BAR = 0.5
# The times are alike to a millisecond, so a tail loss more would show.
THIN_BAR = 1.03
LEARNING_GAP, GAP = 0.4, 0.1
LIMIT_SECONDS = 900


def add_options(parser):
    """The command line of this bench."""
    parser.add_argument("--count", type=int, default=30, help="transfers measured of each kind")
    parser.add_argument("--limit", type=float, default=LIMIT_SECONDS, help="seconds to learn in")
    parser.add_argument("--quiet", type=float, default=wan_daemon.QUIET_SECONDS,
                        help="seconds without a change after which it has learned")


def times_ms(rows):
    """How long each took."""
    return [row["seconds"] * 1000 for row in rows if "seconds" in row]


def show(figures, title, rows):
    """Quantiles of one series; returns its p50."""
    times, retrans = times_ms(rows), sum(row["retrans"] for row in rows) / len(rows)
    handshake = quantile([row["connectSeconds"] * 1000 for row in rows], 500)
    figures.note(f"{title:34} p50 {quantile(times, 500):6.1f}  p90 {quantile(times, 900):6.1f} ms"
                 f"  sent again {retrans:4.1f}  window {quantile([r['cwnd'] for r in rows], 500)}"
                 f"  with handshake {quantile(times, 500) + handshake:6.1f} ms")
    return quantile(times, 500)


class Short:
    """The two links in one lab."""

    def __init__(self, figures, lab):
        self.figures, self.lab, self.options = figures, lab, figures.options
        self.links = {"fast": lab.link(number=0, record_syn=False, **FAST),
                      "thin": lab.link(number=1, record_syn=False, **THIN)}
        for link in self.links.values():
            lab.sink(link.peer_address)

    def series(self, name, title):
        """The p50 of one series on one link."""
        rows = bursts(self.lab.host, self.links[name].peer_address, self.options.count, bytes=BYTES,
                      gap=GAP)
        return show(self.figures, f"{name}, {title}", rows)

    def by_hand(self, name):
        """The same with a route of our own."""
        link = self.links[name]
        route = [f"{link.peer_address}/32", "dev", link.device, "src", link.host_address]
        ip(self.lab.host, "route", "add", *route, "initcwnd", str(BY_HAND))
        p50 = self.series(name, f"initcwnd {BY_HAND} by hand")
        ip(self.lab.host, "route", "del", *route)
        return p50

    def learn(self, daemon):
        """Traffic on both links until netoptd has settled; what the short ones took meanwhile."""
        run = wan_daemon.Run(realtime_offset=time.time() - time.monotonic(),
                             started=time.monotonic())
        with Sources() as sources:
            short = {name: sources.add(self._client(link, BYTES))
                     for name, link in self.links.items()}
            for link in self.links.values():
                sources.add(self._client(link, LONGER_BYTES))
            wan_daemon.watch(daemon, run, sources, self.options.limit, self.options.quiet,
                             lambda age, change: self.figures.note(
                                 wan_report.change_line(age, change)))
            return run, {name: source.rows for name, source in short.items()}

    def _client(self, link, size):
        return Source(self.lab.host, load_argv("burst", link.peer_address, repeat=0, bytes=size,
                                               gap=LEARNING_GAP))


def netoptd(figures, short, default):
    """Learned, measured, stopped."""
    before = short.lab.host.snapshot(), ip(short.lab.host, "route", "show", "table", "all")
    with Daemon(short.lab.host, wan_daemon.CONFIG) as daemon:
        run, rows = short.learn(daemon)
        figures.figure("seconds until nothing happened any more", time.monotonic() - run.started,
                       "s", digits=0)
        figures.note(ip(short.lab.host, "route", "show", "proto", "199").strip() or
                     "no route of netoptd's")
        learned = {name: short.series(name, "netoptd, learned") for name in short.links}
        for row in daemon.call("GetStatus")["controllers"]:
            figures.note(f"{row['name']}: {row['idleReason']}")
        daemon.stop()
    figures.figure("fast: p50 after learning, of the default's", learned["fast"] / default["fast"],
                   "", FAST_BAR, digits=3)
    figures.figure("thin: p50 after learning, of the default's", learned["thin"] / default["thin"],
                   "", THIN_BAR, digits=3)
    while_learning = show(figures, "thin, while netoptd learned", rows["thin"])
    show(figures, "fast, while netoptd learned", rows["fast"])
    # Beside other traffic than that of the series above, so against the first of its kind.
    first = quantile(times_ms(rows["thin"][:figures.options.count]), 500)
    figures.figure("thin: p50 of the whole time, of its beginning", while_learning / first, "",
                   THIN_BAR, digits=3)
    after = short.lab.host.snapshot(), ip(short.lab.host, "route", "show", "table", "all")
    left = difference(before[0], after[0])
    figures.figure("sysctls not as before", len(left), "", 0, digits=0)
    figures.figure("routes not as before", int(before[1] != after[1]), "", 0, digits=0)


def measure(figures):
    """Default, by hand, netoptd."""
    with Lab() as lab:
        short = Short(figures, lab)
        default = {name: short.series(name, "default") for name in short.links}
        hand = {name: short.by_hand(name) for name in short.links}
        for name in short.links:
            figures.figure(f"{name}: p50 with initcwnd {BY_HAND} by hand, of the default's",
                           hand[name] / default[name], "", digits=3)
        netoptd(figures, short, default)


if __name__ == "__main__":
    bench.main(__doc__.splitlines()[0], measure, add_options)
