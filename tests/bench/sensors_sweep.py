# SPDX-License-Identifier: MIT
"""Sweeps over many sockets: see sweep.c, which measures, and sockets.c, which makes them."""
import contextlib
import json
import subprocess

from harness import Namespace, build_path

# Half of them are connections, both ends being on this host.
SIZES = (1000, 2000, 5000, 10000, 20000)
TEST_SIZES = (1000, 2000, 4000)
ROUNDS = 21
TEST_ROUNDS = 9
# The growth is over flows alone, so the number of destinations is the same from the beginning on.
GROWTH_PATHS = 256
MANY_PATHS = 4096
PORTS_APART = 16
BAR_BARE, BAR_SS, BAR_R2, BAR_BYTES = 1.3, 0.333, 0.99, 160
# As a test: time per socket at the most of them by that at the fewest. A quadratic growth would
# make it 4; a machine that is disturbed makes it anything, once.
TEST_GROWTH, ATTEMPTS = 2, 3


@contextlib.contextmanager
def crowd(role="crowd"):
    """A namespace in which 10.64.0.0/15 is local, for connections() to be made in."""
    with Namespace(role) as namespace:
        subprocess.run(["ip", "-n", namespace.name, "route", "add", "local", "10.64.0.0/15",
                        "dev", "lo"], check=True)
        yield namespace


def connections(namespace, sockets, paths, port=9000):
    """So many established sockets more, half of them at each end."""
    return namespace.started(
        [build_path("tests", "bench", "sockets"), "--connections", str(sockets // 2),
         "--remotes", str(paths // 2), "--port", str(port)], timeout=60)


def sweep(namespace, rounds, *arguments):
    """What sweep.c prints."""
    done = namespace.run([build_path("tests", "bench", "sweep"), "--rounds", str(rounds),
                          *arguments], timeout=300)
    if done.returncode != 0:
        raise RuntimeError(f"sweep: {done.stderr}")
    return json.loads(done.stdout)


def line(xs, ys):
    """The least-squares line through points: slope and R²."""
    mean_x, mean_y = sum(xs) / len(xs), sum(ys) / len(ys)
    sxx = sum((x - mean_x) ** 2 for x in xs)
    syy = sum((y - mean_y) ** 2 for y in ys)
    sxy = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys))
    return sxy / sxx, sxy * sxy / (sxx * syy)


def grown(sizes, rounds):
    """The sweeps over more and more flows to the same destinations."""
    results = []
    with crowd() as namespace:
        for number, size in enumerate(sizes):
            have = results[-1]["sockets"] if results else 0
            connections(namespace, size - have, GROWTH_PATHS, 9000 + number * PORTS_APART)
            results.append(sweep(namespace, rounds, "--ss", "no"))
    return results


def per_socket(result):
    """Processor time of a sweep by what it saw, us."""
    return result["sweep"]["cpuUsec"] / result["sockets"]


def growth(figures, sizes, rounds):
    """Is it linear in the number of flows?"""
    for _ in range(ATTEMPTS if figures.tap else 1):
        results = grown(sizes, rounds)
        ratio = per_socket(results[-1]) / per_socket(results[0])
        if ratio <= TEST_GROWTH:
            break
    for result in results:
        figures.note(f"{result['sockets']:6} sockets: {result['sweep']['cpuUsec'] / 1000:7.2f} ms, "
                     f"bare loop {result['bare']['cpuUsec'] / 1000:7.2f} ms, "
                     f"{result['keptBytes'] / 1024:7.0f} KiB kept")
    counts = [result["sockets"] for result in results]
    slope, r2 = line(counts, [result["sweep"]["cpuUsec"] for result in results])
    figures.figure("growth: time per socket", slope, "us", digits=2)
    figures.figure("growth: time per socket, most / fewest", ratio, "",
                   TEST_GROWTH if figures.tap else None, digits=2)
    figures.figure("growth: R² of a straight line", r2, "", None if figures.tap else BAR_R2,
                   digits=4, at_least=True)
    slope, _ = line(counts, [result["keptBytes"] for result in results])
    figures.figure("growth: bytes kept per flow", slope, "bytes", BAR_BYTES, digits=0)


def ratios(figures, size, paths, rounds):
    """One size, against the bare loop and ss."""
    with crowd() as namespace:
        connections(namespace, size, paths)
        result = sweep(namespace, rounds)
    times = {name: {clock: result[name][clock] / 1000 for clock in ("cpuUsec", "wallUsec")}
             for name in ("bare", "sweep", "slice", "ss")}
    figures.note(f"{result['sockets']} sockets, {result['paths']} paths, medians of {rounds} "
                 "rounds in turns: processor / wall time")
    for name, title in (("bare", "bare loop, nothing parsed"), ("sweep", "sweep into the paths"),
                        ("slice", f"one slice of 8 ({result['sliceSockets']:.0f} sockets)"),
                        ("ss", "ss -tinmH")):
        figures.note(f"  {title:40} {times[name]['cpuUsec']:8.2f} / "
                     f"{times[name]['wallUsec']:8.2f} ms")
    figures.figure("sweep / bare loop", times["sweep"]["cpuUsec"] / times["bare"]["cpuUsec"], "",
                   BAR_BARE, digits=2, tap_bar=2.5)
    figures.figure("sweep / ss -tinmH", times["sweep"]["cpuUsec"] / times["ss"]["cpuUsec"], "",
                   BAR_SS, digits=3, tap_bar=0.7)
    figures.figure("slice of 8 / sweep", times["slice"]["cpuUsec"] / times["sweep"]["cpuUsec"], "",
                   digits=2)


def measure(figures):
    """one look at all established sockets of a namespace"""
    if figures.tap:
        growth(figures, TEST_SIZES, TEST_ROUNDS)
        ratios(figures, TEST_SIZES[-1], GROWTH_PATHS, TEST_ROUNDS)
        return
    growth(figures, SIZES, ROUNDS)
    ratios(figures, SIZES[-1], MANY_PATHS, ROUNDS)
