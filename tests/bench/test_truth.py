#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""sensors_truth on conversations written down by hand."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "net"))
import sensors_truth  # noqa: E402
from tap import Tap  # noqa: E402

SYN, ACK = sensors_truth.SYN, sensors_truth.ACK
HOST, PEER = "10.0.0.1:4000", "10.0.0.2:443"


def packets(*rows, protocol="tcp", source=HOST, target=PEER, start=0):
    """Rows of (ms, up, bytes, flags or id[, of which so many were sent before])."""
    field = "flags" if protocol == "tcp" else "id"
    result, sent = [], {True: 0xffffff00, False: 0}
    for ms, up, size, value, *again in rows:
        sent[up] -= sum(again)
        result.append({"atNs": int((start + ms) * 1e6), "up": up, "protocol": protocol,
                       "source": source, "target": target, "flags": 0, "id": 0, "bytes": size,
                       "sequence": sent[up] % (1 << 32), field: value})
        sent[up] += size
    return result


def handshake(syns=1):
    """20 ms, from the first SYN on."""
    return [(i * 1.0, True, 0, SYN) for i in range(syns)] + [(20, False, 0, SYN | ACK),
                                                             (20.1, True, 0, ACK)]


def rounded(phases):
    """In ms, as written above."""
    return {name: [round(us / 1000, 3) for us in times] for name, times in phases.items()}


def test_tcp(tap):
    """Handshakes, each SYN once."""
    found = packets(*handshake()) + packets(*handshake(2), source="10.0.0.1:4001")
    again = packets(*handshake(), start=500)
    tap.ok(rounded(sensors_truth.tcp(found)) == {"connect": [20]}, "a SYN sent twice has no time")
    tap.ok(rounded(sensors_truth.tcp(found + again)) == {"connect": [20, 20]},
           "a port used again is another connection")


def test_tls(tap):
    """A flight of two packets each way; the session tickets are none."""
    full = handshake() + [(21, True, 300, ACK), (42, False, 1400, ACK), (42.5, False, 200, ACK),
                          (43, True, 80, ACK), (64, False, 500, ACK)]
    resumed = handshake() + [(21, True, 500, ACK), (41.2, False, 250, ACK), (42, True, 80, ACK)]
    found = packets(*full) + packets(*resumed, source="10.0.0.1:4001")
    tap.ok(rounded(sensors_truth.tls(found)) ==
           {"connect": [20], "tls": [21.5], "resumed": [20.2]}, "full and resumed handshakes")


def test_http(tap):
    """A response in two parts, and a second request; some of it sent twice."""
    turns = [(21, True, 100, ACK), (46, False, 900, ACK), (56, False, 900, ACK),
             (56.5, False, 900, ACK, 900), (57, True, 100, ACK), (57.5, True, 100, ACK, 100),
             (83, False, 900, ACK)]
    want = {"connect": [20], "request": [25], "reused": [26], "transfer": [10]}
    tap.ok(rounded(sensors_truth.http(packets(*handshake(), *turns))) == want, "http")
    tls = [(21, True, 300, ACK), (42, False, 900, ACK), (43, True, 60, ACK)]
    later = [(ms + 22.5, *rest) for ms, *rest in turns]
    want = {**want, "tls": [21]}
    tap.ok(rounded(sensors_truth.https(packets(*handshake(), *tls, *later))) == want,
           "https: the request follows the end of the handshake")


def test_datagrams(tap):
    """What is lost is no time; answers belong to their questions."""
    rows = [(0, True, 56, 1), (10, True, 56, 2), (30.5, False, 56, 2), (40, False, 56, 7)]
    tap.ok(rounded(sensors_truth.icmp(packets(*rows, protocol="icmp"))) == {"echo": [20.5]}, "icmp")
    rows = [(0, True, 30, 9), (21, False, 60, 9), (22, True, 30, 10), (42, False, 60, 10)]
    tap.ok(rounded(sensors_truth.dns(packets(*rows, protocol="udp"))) ==
           {"answer": [21], "cached": [20]}, "dns")


def main():
    """All of them."""
    tap = Tap()
    for function in (test_tcp, test_tls, test_http, test_datagrams):
        tap.group(function.__name__, function)
    sys.exit(tap.finish())


if __name__ == "__main__":
    main()
