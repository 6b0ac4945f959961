#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""1 MB after a pause of 3 s on a warm connection at 100 ms, cubic: by default, by hand, by netoptd.

The kernel lets the congestion window of a connection that was idle fall to the initial one
(tcp_slow_start_after_idle), and this is what that costs connections that are kept. netoptd has three
such connections to see it in, each with ten bursts before a new one takes its place."""
import time

import bench
import wan_daemon
import wan_report
from bench import quantile
from harness import Lab, difference
from netopt import Daemon
from wan_traffic import Source, Sources, bursts, go_along, go_first, load_argv

PATH = {"rtt": "100ms", "rate": "200M"}
BURST = {"bytes": "1M", "gap": 3, "warm": 2}
KEY = "net.ipv4.tcp_slow_start_after_idle"
BAR = 0.4
CLIENTS, BURSTS = 3, 10


def add_options(parser):
    """The command line of this bench."""
    parser.add_argument("--count", type=int, default=10, help="bursts measured of each kind")
    parser.add_argument("--limit", type=float, default=wan_daemon.LIMIT_SECONDS,
                        help="seconds to find out in")
    parser.add_argument("--quiet", type=float, default=wan_daemon.QUIET_SECONDS,
                        help="seconds without a change after which it has")


def series(figures, lab, address, title):
    """The p50 of some bursts on one connection, in ms."""
    rows = bursts(lab.host, address, figures.options.count, count=figures.options.count, **BURST)
    times = [row["seconds"] * 1000 for row in rows]
    figures.note(f"{title:26} p50 {quantile(times, 500):6.1f}  p90 {quantile(times, 900):6.1f} ms"
                 f"  sent again {sum(row['retrans'] for row in rows) / len(rows):4.1f}"
                 f"  {rows[0]['cc']}")
    return quantile(times, 500)


def watch(figures, lab, address, daemon):
    """Traffic until netoptd has settled."""
    run = wan_daemon.Run(realtime_offset=time.time() - time.monotonic(), started=time.monotonic())
    with Sources() as sources:
        for _ in range(CLIENTS):
            sources.add(Source(lab.host, load_argv("burst", address, repeat=0, count=BURSTS,
                                                   **BURST)))
        wan_daemon.watch(daemon, run, sources, figures.options.limit, figures.options.quiet,
                         lambda age, change: figures.note(wan_report.change_line(age, change)),
                         expect=True)
    figures.figure("seconds until nothing happened any more", time.monotonic() - run.started, "s",
                   digits=0)


def measure(figures):
    """Default, by hand, netoptd."""
    go_first()
    with Lab() as lab, lab.link(record_syn=False, **PATH) as link:
        address = link.peer_address
        lab.sink(address)
        before = lab.host.snapshot()
        default = series(figures, lab, address, "default")
        lab.host.set_sysctls({KEY: "0"})
        figures.figure(f"{KEY.rpartition('.')[2]} = 0 by hand, p50 of the default's",
                       series(figures, lab, address, "by hand") / default, "", digits=3)
        lab.host.set_sysctls({KEY: "1"})
        with Daemon(lab.host, wan_daemon.CONFIG) as daemon:
            go_along(daemon.process)
            watch(figures, lab, address, daemon)
            figures.figure("netoptd, p50 of the default's",
                           series(figures, lab, address, "netoptd") / default, "", BAR, digits=3)
            for row in daemon.call("GetStatus")["controllers"]:
                figures.note(f"{row['name']}: {row['idleReason']}")
            daemon.stop()
        figures.figure("sysctls not as before", len(difference(before, lab.host.snapshot())), "",
                       0, digits=0)


if __name__ == "__main__":
    bench.main(__doc__.splitlines()[0], measure, add_options)
