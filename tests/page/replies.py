# SPDX-License-Identifier: MIT
"""Replies of a daemon with many endpoints, long histories and many changes, so that what the client
makes of them can be looked at."""
import math
import time

MINUTE_USEC = 60 * 10**6
LONG_NAME = "a-name-that-is-much-longer-than-anybody-would-want-to-see-it.example.org"


def window(p50):
    """Ten minutes of an endpoint."""
    return {"span": "10min", "count": 60, "failures": 1, "lossPermille": 16, "minUsec": p50 // 2,
            "meanUsec": p50, "p50Usec": p50, "p95Usec": 2 * p50, "p99Usec": 3 * p50,
            "maxUsec": 9 * p50}


def target(family, p50):
    """One address family of an endpoint."""
    shares = (("resolve", 5), ("propagation", 50), ("queueing", 10), ("tls", 15), ("server", 15),
              ("transfer", 3), ("overhead", 2))
    parts = [{"part": part, "usec": p50 * share // 100} for part, share in shares]
    return {"family": family, "address": "192.0.2.1", "decomposition": {
        "samples": 60, "rounds": 3, "floorUsec": p50 // 6, "parts": parts,
        "totalUsec": sum(part["usec"] for part in parts)}}


def endpoint(number):
    """One of many."""
    p50 = 1000 * (number + 1)
    return {"name": LONG_NAME if number == 0 else f"endpoint{number}",
            "url": f"https://host{number}.example.org/health", "scheme": "https",
            "state": "down" if number == 3 else "up", "slo": "missed" if number == 5 else "met",
            "windows": [window(p50)], "targets": [target("ipv4", p50)]}


def history(number, n):
    """Minutes, with a gap and some losses."""
    wave = [int(20000 * (number + 1) * (1.2 + math.sin(i / 9 + number))) for i in range(n)]
    gap = [None if 40 <= i < 55 else value for i, value in enumerate(wave)]
    return {"name": f"endpoint{number}", "kind": "endpoint",
            "startRealtimeUsec": int(time.time() * 1e6) - n * MINUTE_USEC,
            "p50Usec": gap, "p95Usec": [value and 2 * value for value in gap],
            "lossPermille": [500 if i % 50 == 7 else 0 for i in range(n)], "count": [6] * n}


def change(number):
    """A change with a full trial."""
    now = int(time.time() * 1e6)
    trial = {"kind": "switchback", "pairs": 60, "pairsDropped": 2, "gainPermille": 123,
             "gainLowPermille": 40, "gainHighPermille": 260, "beforeGoodputBps": 25 * 10**6,
             "afterGoodputBps": 61 * 10**6, "beforeSrttP90Usec": 250000,
             "afterSrttP90Usec": 120000, "beforeRetransPpm": 4000, "afterRetransPpm": 9000,
             "differencesMilliLog": [None if i == 9 else int(400 * math.sin(i)) for i in range(60)]}
    return {"id": number, "controller": "congestion", "path": "2001:db8:1234:5678:9abc:def0:1:2",
            "state": "decided", "verdict": "kept" if number % 2 else "restored", "inForce": True,
            "proposedRealtimeUsec": now - 3600 * 10**6, "decidedRealtimeUsec": now - 30 * MINUTE_USEC,
            "tunables": [{"key": "route.congctl", "old": "unset", "new": "bbr"}],
            "summary": "packets are lost without a queue <b>here</b> " * 4,
            "formula": "loss 0.5 % at srtt 1.02 of the floor " * 4, "evidence": [], "trial": trial,
            "provisional": True, "retests": 0, "hoursUtc": [1], "reason": "the new value was better"}


def status(endpoints, changes):
    """What the page needs of it."""
    return {"version": "0.1.0", "mode": "auto", "kernel": "6.18.0", "health": "degraded",
            "healthReasons": ["1 endpoint is down"], "endpointsUp": endpoints - 1,
            "endpointsDown": 1, "paths": 12, "changesInForce": changes, "changesRestored": 3,
            "tunablesForeign": 0}


def many(endpoints, changes, minutes=180):
    """The replies of a busy daemon, whole."""
    return {"GetStatus": status(endpoints, changes),
            "ListEndpoints": {"endpoints": [endpoint(i) for i in range(endpoints)],
                              "total": endpoints},
            "GetHistory": {"stepUsec": MINUTE_USEC, "total": endpoints,
                           "series": [history(i, minutes) for i in range(min(endpoints, 100))]},
            "ListChanges": {"changes": [change(i) for i in range(changes, 0, -1)]}}
