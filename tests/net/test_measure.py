#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Is what netoptctl measure prints the truth? TCP and HTTPS over 1, 20 and 150 ms at once, against
what the emulated links recorded; what it takes besides waiting; and a path on which nothing comes
back."""
import json
import os
import shutil
import sys
import tempfile
import time

import harness
from harness import build_path
from tap import Skip

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "bench"))
# pylint: disable=wrong-import-position
import sensors_truth
from sensors_accuracy import KINDS, make_certificate

RTTS_MS = (1, 20, 150)
BAR_US, BAR_SHARE = 300, 0.01
INTERVAL_MS = 50
# A p99 takes 100; of https over 150 ms, of some 0.9 s each, there is no time for so many.
COUNT, COUNT_SLOW = 110, 50
SHOWN = {"tcp": ("connect",), "https": ("connect", "tls", "request", "transfer", "reused")}
# A virtual machine stands still at times. Then the record says when the link got to see a packet,
# not when that was sent. A p99 of so few is the second or third longest: two stalls are enough.
DISTURBED_US = 1000
STALLS = 2
OVERHEAD_S = 1.0


def nearest_rank(values, permille):
    """The quantile as the program takes it."""
    values = sorted(values)
    return values[max(0, -(-len(values) * permille // 1000) - 1)]


def url_of(kind, address):
    """That of the far side's server of this kind."""
    port, rest = KINDS[kind]
    return f"{kind}://{address}:{port}{rest}"


def start(lab, kind, link, count):
    """netoptctl in the host's namespace, its output in a file; returns both and the time."""
    file = tempfile.TemporaryFile()
    process = lab.host.spawn(
        [build_path("cli", "netoptctl"), "measure", "--json", "-k", "-n", str(count), "-i",
         f"{INTERVAL_MS}ms", url_of(kind, link.peer_address)], stdout=file)
    return process, file, time.monotonic()


def finish(process, file):
    """Its exit status and the one target of its document."""
    status = process.wait(100)
    with file:
        file.seek(0)
        return status, json.load(file)["targets"][0]


def of_probes(packets):
    """Those of connections with two requests, as each probe makes them: a connection beside it only
    shakes hands, and leaves."""
    by_source = {}
    for packet in packets:
        key = packet["source"]
        by_source.setdefault(key, []).append(packet)
    return [packet for group in by_source.values()
            if any(len(one["flights"]) > 5 for one in sensors_truth.conversations(group))
            for packet in group]


def truth_of(kind, link):
    """{phase: [us, ...]} from the record of the link."""
    target = f"{link.peer_address}:{KINDS[kind][0]}"
    packets = [packet for packet in link.packets() if packet["target"] == target]
    return sensors_truth.OF_KIND[kind](of_probes(packets) if kind == "https" else packets)


def disturbed(permille, witness):
    """Whether the machine stood still too often to judge this quantile: (so, how often)."""
    long = [end - begin for begin, end in witness.rows() if end - begin > DISTURBED_US * 1000]
    share = witness.share(BAR_US)
    so = harness.explained(permille, share) or permille > 950 and len(long) >= STALLS
    return so, f"{len(long)} times over {DISTURBED_US} us, up to {max(long, default=0) // 1000}; " \
               f"{share:.2%} of the time over {BAR_US}"


def compare(tap, title, target, truth, witness):
    """Each quantile that it gives of each phase."""
    for phase in SHOWN[target["scheme"]]:
        row = next(row for row in target["phases"] if row["phase"] == phase)
        times = truth[phase]
        tap.ok(len(times) == row["count"] > 0, f"{title} {phase}: seen on the link",
               f"{row['count']} of {len(times)}")
        for key, permille in (("p50Usec", 500), ("p95Usec", 950), ("p99Usec", 990)):
            true = nearest_rank(times, permille)
            name = f"{title} {phase}: {key[:3]} within 0.3 ms or 1 % of the truth"
            if row[key] is None:
                tap.ok(key == "p99Usec" and row["count"] < 100, f"{title} {phase}: no {key[:3]} "
                       "of too few", f"{row['count']}")
                continue
            good = abs(row[key] - true) <= max(BAR_US, BAR_SHARE * true)
            so, how = (False, "") if good else disturbed(permille, witness)
            if so:
                tap.skip(name, f"{row[key] - true:+.0f} us of {true:.0f}, but the machine stood "
                         f"still: {how}")
                continue
            tap.ok(good, name, f"{row[key] - true:+.0f} us of {true:.0f}")


def run_all(tap, lab, links, witness):
    """Everything at once: what is measured is waiting, which nobody disturbs."""
    running = [(rtt, kind, link, *start(lab, kind, link,
                                        COUNT_SLOW if kind == "https" and rtt > 100 else COUNT))
               for rtt, link in zip(RTTS_MS, links) for kind in SHOWN]
    for rtt, kind, link, process, file, begun in running:
        status, target = finish(process, file)
        took_s = time.monotonic() - begun
        title = f"{kind} over {rtt} ms"
        tap.ok(status == 0 and target["losses"] == 0, f"{title}: all succeed",
               f"exit status {status}, {target['failuresByReason']}")
        compare(tap, title, target, truth_of(kind, link), witness)
        if (rtt, kind) == (RTTS_MS[0], "tcp"):
            waited_s = target["samples"][-1]["atUsec"] / 1e6
            tap.ok(abs(waited_s - (COUNT - 1) * INTERVAL_MS / 1000) < 0.5,
                   f"{title}: it waits as long as it was told", f"{waited_s:.2f} s")
            tap.ok(took_s - waited_s < OVERHEAD_S, f"{title}: under {OVERHEAD_S} s besides",
                   f"{took_s - waited_s:.2f} s")


def parts(tap, lab, link):
    """Where the time goes: the server thinks for 5 ms, pauses for 10, the path takes 20."""
    process, file, _ = start(lab, "https", link, 12)
    _, target = finish(process, file)
    split = {part["part"]: part["usec"] for part in target["decomposition"]["parts"]}
    tap.ok(abs(split["propagation"] - 60000) < 2000, "20 ms: three round trips of propagation",
           f"{split}")
    tap.ok(abs(split["server"] - 5000) < 1000, "20 ms: the server's time")
    tap.ok(abs(split["transfer"] - 10000) < 1000, "20 ms: the transfer's")


def silence(tap, lab, link):
    """Nothing comes back: a reason, a remedy, exit status 1."""
    link.set(up_loss="100%")
    done = lab.host.run([build_path("cli", "netoptctl"), "measure", "-n", "2", "--timeout",
                         "300ms", url_of("tcp", link.peer_address)])
    link.set(up_loss="0")
    tap.ok(done.returncode == 1 and "2 of 2 (100.0 %): timeout in connect" in done.stdout,
           "a silent path: exit status 1, and what was lost", done.stdout.strip())
    tap.ok("does not answer" in done.stderr and "--timeout" in done.stderr,
           "a silent path: why, and what to do", done.stderr.strip().replace("\n", " "))


def run(tap):
    """One lab for all of it."""
    if not shutil.which("openssl"):
        raise Skip("openssl is not installed")
    with harness.awake() as witness, harness.Lab() as lab, \
            tempfile.TemporaryDirectory(prefix="netopt-tls-") as directory:
        links = [lab.link(number=number, rtt=f"{rtt}ms", record=True)
                 for number, rtt in enumerate(RTTS_MS)]
        certificate, key = make_certificate(directory, [link.peer_address for link in links])
        lab.peer.started([build_path("tests", "bench", "farside"), "--certificate", certificate,
                          "--key", key, "--think", "5ms", "--pause", "10ms"], realtime=True)
        run_all(tap, lab, links, witness)
        parts(tap, lab, links[1])
        silence(tap, lab, links[0])


if __name__ == "__main__":
    sys.exit(harness.main([("measure", run)]))
