#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Short transfers, 60 KB: by default, with an initial window set by hand, and by netoptd.

On 100 ms, 200 Mbit/s a greater initial window saves round trips; on 40 ms, 5 Mbit/s with a queue of
16 KB it is lost in the queue, and must not make anything worse. netoptd sees both at once, and beside
the short transfers some of 300 KB to learn from. A time is from the first write until the last byte
is acknowledged, as tuning.md has it; with the handshake it is one round trip more."""
import time

import bench
import routes
import wan_daemon
import wan_report
from bench import quantile
from harness import Lab, difference
from netopt import Daemon
from routes import ip
from wan_traffic import Source, Sources, bursts, go_along, go_first, load_argv

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

    def clients(self, sources):
        """On each link connections of both sizes in turns; {link: Source}."""
        return {name: sources.add(Source(self.lab.host, load_argv(
            "burst", link.peer_address, repeat=0, bytes=BYTES, then=LONGER_BYTES,
            gap=LEARNING_GAP))) for name, link in self.links.items()}

    def learn(self, daemon):
        """Traffic on both links until netoptd has settled; what the short ones took meanwhile."""
        run = wan_daemon.Run(realtime_offset=time.time() - time.monotonic(),
                             started=time.monotonic())
        with Sources() as sources:
            clients = self.clients(sources)
            wan_daemon.watch(daemon, run, sources, self.options.limit, self.options.quiet,
                             lambda age, change: self.figures.note(
                                 wan_report.change_line(age, change)), expect=True)
            self.figures.figure("seconds until nothing happened any more",
                                time.monotonic() - run.started, "s", digits=0)
            return {name: only_short(client.rows) for name, client in clients.items()}


def only_short(rows):
    """Without the longer ones."""
    least = min(row["bytes"] for row in rows)
    return [row for row in rows if row["bytes"] == least]


def state(lab):
    """What must be as before."""
    return {**lab.host.snapshot(), **routes.snapshot(lab.host)}


def netoptd(figures, short, default):
    """Learned, measured, stopped."""
    before = state(short.lab)
    with Daemon(short.lab.host, wan_daemon.CONFIG) as daemon:
        go_along(daemon.process)
        rows = short.learn(daemon)
        for line in routes.ours(short.lab.host) or ["no route of netoptd's"]:
            figures.note(line)
        learned = {name: short.series(name, "netoptd, learned") for name in short.links}
        for row in daemon.call("GetStatus")["controllers"]:
            figures.note(f"{row['name']}: {row['idleReason']}")
        daemon.stop()
    during = {name: show(figures, f"{name}, while netoptd learned", rows[name]) for name in rows}
    figures.figure("fast: p50 after learning, of the default's", learned["fast"] / default["fast"],
                   "", FAST_BAR, digits=3)
    for what, values in (("after", learned), ("while", during)):
        figures.figure(f"thin: p50 {what} learning, of the default's",
                       values["thin"] / default["thin"], "", THIN_BAR, digits=3)
    left = difference(before, state(short.lab))
    figures.figure("sysctls, routes and rules not as before", len(left), "", 0, digits=0)
    for line in left:
        figures.note(line)


def measure(figures):
    """Default, by hand, netoptd."""
    go_first()
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
