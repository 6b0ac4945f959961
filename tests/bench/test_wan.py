#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The WAN bench's arithmetic, table and picture, on measurements written down by hand."""
import os
import sys
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))
import wan_arms  # noqa: E402
import wan_daemon  # noqa: E402
import wan_measure  # noqa: E402
import wan_report  # noqa: E402
import wan_svg  # noqa: E402
from tap import Tap  # noqa: E402
from wan_measure import DEFAULT, Measure  # noqa: E402

SVG = "{http://www.w3.org/2000/svg}"
ADDRESS = "10.77.0.2"


def transfers(*rates, start=0.0, seconds=6.0):
    """One transfer for each rate in Mbit/s, one after the other."""
    return [{"start": start + i * seconds, "seconds": seconds, "cc": "cubic", "retrans": 1,
             "bytesAcked": round(rate * 1e6 / 8 * seconds), "segsOut": 100}
            for i, rate in enumerate(rates)]


def arm(rate, ping=10.0, rival=None, spread=0.02):
    """Twelve transfers around a rate, and pings that are all alike."""
    rates = [rate * (1 + spread * (i % 4 - 1.5)) for i in range(12)]
    return Measure(transfers(*rates), [ping] * 100, [] if rival is None else transfers(rival))


def change(number, controller, path, state="decided", verdict="kept", at=100, in_force=True):
    """A change as ListChanges gives it; decided 50 s after it was proposed."""
    return {"id": number, "controller": controller, "path": path, "state": state,
            "verdict": verdict, "inForce": in_force, "proposedRealtimeUsec": at * 10**6,
            "decidedRealtimeUsec": (at + 50) * 10**6 if state == "decided" else None,
            "tunables": [{"key": "net.ipv4.tcp_wmem", "old": "1 2 3", "new": "1 2 <4>"}],
            "trial": {"gainPermille": None, "beforeGoodputBps": None, "afterGoodputBps": None},
            "reason": None}


def test_measure(tap):
    """Sums, shares, quantiles; nothing is made of nothing."""
    both = Measure(transfers(10, 20), [1.0] * 95 + [9.0] * 5, transfers(4)) + \
        Measure(transfers(60), [None] * 100)
    tap.ok(abs(both.goodput - 30) < 1e-6, "goodput is all bytes over all time", str(both.goodput))
    tap.ok(both.ping_p95 == 1.0 and both.ping_lost == 0.5, "a ping lost is no time")
    tap.ok(both.retrans == 0.01 and round(both.rival_goodput, 6) == 4, "retransmits, rival")
    empty = Measure()
    tap.ok(set(empty.summary().values()) == {None, 0}, "nothing measured is nothing known")
    failed = Measure(transfers(10) + [{"start": 6.0, "error": "refused"}])
    tap.ok(wan_measure.each_mbps(failed.transfers)[1] == 0.0, "a transfer that failed had nothing")


def test_spans(tap):
    """Which pings and transfers count."""
    rows = transfers(1, 1) + transfers(1, start=20)
    pings = [{"start": at, "ms": at} for at in (0.5, 11.9, 13, 20.5, 27)]
    tap.ok(wan_measure.under_load(pings, rows) == [0.5, 11.9, 20.5], "pings under load")
    tap.ok(len(wan_measure.within(rows, 5, 26)) == 2, "a transfer must lie in the span as a whole")


def test_rank_sum(tap):
    """Against values from a table: 4 and 5 samples, all greater."""
    z = wan_measure.rank_sum_z([6, 7, 8, 9], [1, 2, 3, 4, 5])
    tap.ok(abs(z - 2.4495) < 1e-3, "all greater", str(z))
    tap.ok(wan_measure.rank_sum_z([1, 2, 3], [1, 2, 3]) == 0, "the same")
    tap.ok(wan_measure.rank_sum_z([], [1]) == 0, "none")


def test_oracle(tap):
    """What is best."""
    cases = (
        ("more goodput wins, whatever the ping", "a", {"a": arm(200, 300), DEFAULT: arm(100, 150)}),
        ("of equal goodput the lower ping", "b",
         {DEFAULT: arm(10), "a": arm(80, 300), "b": arm(78, 120)}),
        ("but not for more than 5 % of goodput", "a",
         {DEFAULT: arm(10), "a": arm(80, 300), "b": arm(70, 120)}),
        ("the default's goodput at a much lower ping", "a", {DEFAULT: arm(47, 310),
                                                             "a": arm(46.9, 50)}),
        ("not at one that is hardly lower", DEFAULT, {DEFAULT: arm(186, 16.5), "a": arm(187, 15)}),
        ("not at one that is lower by less than 2 ms", DEFAULT, {DEFAULT: arm(460, 4),
                                                                 "a": arm(460, 2.5)}),
        ("never what starves the rival", DEFAULT, {DEFAULT: arm(20, rival=25),
                                                   "a": arm(43, rival=3)}),
        ("but what leaves it enough", "a", {DEFAULT: arm(20, rival=25), "a": arm(27, rival=18)}),
        ("luck is no reason", DEFAULT, {DEFAULT: arm(20, spread=0.3), "a": arm(21.5, spread=0.3)}),
        ("what measured nothing is none", DEFAULT, {DEFAULT: arm(20), "a": Measure()}),
    )
    for name, want, arms in cases:
        got = wan_measure.oracle(arms)
        tap.ok(got == want, name, got)
    few = {DEFAULT: Measure(transfers(4, 9)), "a": Measure(transfers(70, 71))}
    tap.ok(wan_measure.oracle(few) == "a", "few transfers, but far apart")


def test_against(tap):
    """Ratios."""
    goodput, ping = wan_measure.against(arm(95, 12), arm(100, 10))
    tap.ok(abs(goodput - 0.95) < 1e-6 and abs(ping - 1.2) < 1e-9, "relative to the oracle")
    tap.ok(wan_measure.against(Measure(), arm(100, 10)) == (None, None), "unknown")


def test_order(tap):
    """The default arm twice in each round, each other one once."""
    found = wan_arms.order(list(wan_arms.ARMS))
    tap.ok(found.count(DEFAULT) == 2 and sorted(set(found)) == sorted(wan_arms.ARMS) and
           len(found) == len(wan_arms.ARMS) + 1, "blocks of a round", str(found))


def test_settling(tap):
    """When nothing happens any more, and what stands for a path."""
    quiet = wan_daemon.is_quiet
    trial = change(1, "buffers", ADDRESS, "trial", "none")
    tap.ok(not quiet([trial], 900e6, 0, 180), "a trial is under way")
    done = [change(1, "buffers", ADDRESS)]  # decided at 150
    tap.ok(not quiet(done, 329e6, 0, 180) and quiet(done, 331e6, 0, 180), "quiet for 180 s")
    tap.ok(not quiet([], 179e6, 0, 180) and quiet([], 181e6, 0, 180), "since the start")
    advice = change(2, "ports", None, "advised", "none", at=320)
    tap.ok(quiet([advice, *done], 331e6, 0, 180), "advice is no act")
    changes = [change(4, "congestion", "10.77.0.0/24"), change(3, "idle", ADDRESS, in_force=False),
               change(2, "initcwnd", "10.77.1.2"), change(1, "buffers", None)]
    found = wan_daemon.standing(changes, ADDRESS)
    tap.ok([row["id"] for row in found] == [4], "an address, or a prefix around it")
    run = wan_daemon.Run(started=30.0, realtime_offset=50.0, changes=changes)
    tap.ok(wan_daemon.settle_seconds(run, ADDRESS) == 70, "time until settled")
    tap.ok(wan_daemon.settle_seconds(run, "10.9.9.9") is None, "nothing to settle")


def example():
    """Results of two paths, with a daemon that made a change on one of them."""
    run = wan_daemon.Run(started=0.0, settled=300.0, ended=400.0, changes=[
        change(2, "congestion", "10.77.1.2", verdict="restored", in_force=False),
        change(1, "buffers", ADDRESS)])
    paths = {}
    for name, best, address in (("lfn", 200, ADDRESS), ("<odd & path>", 90, "10.77.1.2")):
        arms = {DEFAULT: arm(100, 150), "bbr": arm(best, 900)}
        rows = transfers(*[100.0] * 20 + [200.0] * 40)
        paths[name] = wan_report.path_result(arms, Measure(rows, [None] * 5))
        paths[name].update(title=name, address=address, whole=Measure(rows).summary(),
                           line=wan_report.path_line(run, rows, address))
    return {"about": "1 < 2", "paths": paths, "daemon": wan_report.daemon_result(run)}


def test_table(tap):
    """Every arm has its line; what is not known is a dash."""
    lines = wan_report.table(example())
    tap.ok(len(lines) == 1 + 2 * (1 + 3), "a line for each arm of each path")
    tap.ok(["bbr" in line for line in lines if "*" in line] == [True, False],
           "a star for the oracle of each path")
    netoptd = next(line for line in lines if "netoptd" in line)
    tap.ok("- ms" in netoptd and "166.7" in netoptd, "no ping, but a goodput", netoptd)


def test_picture(tap):
    """It is XML, whatever is in the words, and shows every bar, transfer and verdict."""
    results = example()
    root = ElementTree.fromstring(wan_svg.draw(results).encode())
    texts = [element.text for element in root.iter(SVG + "text")]
    tap.ok(root.tag == SVG + "svg", "well-formed")
    tap.ok("<odd & path>" in texts and "1 < 2" in texts, "words are words")
    tap.ok("buffers kept" in texts and "congestion restored" in texts, "verdicts")
    lines = [element.get("points").split() for element in root.iter(SVG + "polyline")]
    tap.ok([len(points) for points in lines] == [60, 60], "every transfer")
    width = float(root.get("width"))
    inside = all(0 <= float(box.get("x")) <= float(box.get("x")) + float(box.get("width")) <= width
                 for box in root.iter(SVG + "rect") if box.get("x"))
    tap.ok(inside, "nothing sticks out")
    results["daemon"] = None
    ElementTree.fromstring(wan_svg.draw(results).encode())
    tap.ok(True, "without netoptd, too")


def main():
    """All of them."""
    tap = Tap()
    for function in (test_measure, test_spans, test_rank_sum, test_oracle, test_against, test_order,
                     test_settling, test_table, test_picture):
        tap.group(function.__name__, function)
    sys.exit(tap.finish())


if __name__ == "__main__":
    main()
