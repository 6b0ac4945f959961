# SPDX-License-Identifier: MIT
"""What the WAN bench measures of a path in one setting, and the arithmetic on it. Pure.

A setting is called an arm; the arm of the kernel's defaults is the one that must be beaten. Which
fixed arm is best on a path, the oracle, is found from the runs of all of them:

1. An arm counts as different from the default one only if its transfers are, by the rank-sum test
   (|z| >= DIFFERENT), or, when they are too few for that, if all of them are on one side by APART:
   without that the oracle would be the luckiest of five measurements.
2. An arm must harm nobody: a rival on the path keeps RIVAL_KEEPS of what it has beside the default
   arm.
3. Goodput comes first: the arms that are left are those within GOODPUT_SLACK of the greatest. If the
   default arm is one of them, others have to be better in something, or it is the oracle: the least
   ping p95 wins, if it is lower than the default's by PING_WORTH, and by PING_WORTH_MS.

netoptd is then held to the oracle's goodput (GOODPUT_BAR) and to its ping p95 (PING_BAR).
"""
import dataclasses
import math

from bench import quantile

DEFAULT = "default"
DIFFERENT, APART = 3.0, 0.2
RIVAL_KEEPS = 0.7
GOODPUT_SLACK = 0.05
PING_WORTH, PING_WORTH_MS = 0.17, 2.0
GOODPUT_BAR, PING_BAR = 0.95, 1.2
PINGS_MIN = 20


@dataclasses.dataclass
class Measure:
    """Transfers, pings and the rival's transfers of one arm on one path; a sum of such is one."""

    transfers: list = dataclasses.field(default_factory=list)
    pings: list = dataclasses.field(default_factory=list)  # in ms, None for a loss
    rival: list = dataclasses.field(default_factory=list)

    def __add__(self, other):
        return Measure(self.transfers + other.transfers, self.pings + other.pings,
                       self.rival + other.rival)

    @property
    def goodput(self):
        """Mbit/s while transferring; None if nothing was."""
        return rate_mbps(self.transfers)

    @property
    def rival_goodput(self):
        """The same of the rival."""
        return rate_mbps(self.rival)

    @property
    def ping_p95(self):
        """ms; None if there are too few."""
        times = [ping for ping in self.pings if ping is not None]
        return quantile(times, 950) if len(times) >= PINGS_MIN else None

    @property
    def ping_lost(self):
        """Share of the requests without a reply."""
        return self.pings.count(None) / len(self.pings) if self.pings else None

    @property
    def retrans(self):
        """Share of the segments that were sent again."""
        sent = sum(row.get("segsOut", 0) for row in self.transfers)
        return sum(row.get("retrans", 0) for row in self.transfers) / sent if sent else None

    @property
    def congestion(self):
        """The congestion control of the last transfer."""
        return self.transfers[-1].get("cc") if self.transfers else None

    def summary(self):
        """As JSON has it."""
        return {"goodputMbps": self.goodput, "pingP95Ms": self.ping_p95,
                "pingLostShare": self.ping_lost, "retransShare": self.retrans,
                "rivalMbps": self.rival_goodput, "transfers": len(self.transfers),
                "pings": len(self.pings), "congestion": self.congestion}


def moved(row):
    """Bytes of a transfer."""
    return row.get("bytesAcked", row.get("bytesReceived", 0))


def rate_mbps(transfers):
    """All bytes over all time; None without time."""
    seconds = sum(row.get("seconds", 0) for row in transfers)
    return sum(map(moved, transfers)) * 8 / seconds / 1e6 if seconds else None


def each_mbps(transfers):
    """The goodput of each transfer; one that failed has none."""
    return [moved(row) * 8 / row["seconds"] / 1e6 if row.get("seconds") else 0.0
            for row in transfers]


def under_load(pings, transfers):
    """The times of those pings that were sent while a transfer was under way."""
    spans = [(row["start"], row["start"] + row["seconds"]) for row in transfers
             if "seconds" in row]
    return [ping["ms"] for ping in pings
            if any(begin <= ping["start"] <= end for begin, end in spans)]


def within(rows, begin, end):
    """Those that began and ended in a span of time."""
    return [row for row in rows
            if begin <= row["start"] and row["start"] + row.get("seconds", 0) <= end]


def rank_sum_z(ours, theirs):
    """How much greater ours are than theirs, in standard deviations of the rank-sum test (no
    correction for ties but their middle ranks); 0 if either is empty."""
    if not ours or not theirs:
        return 0.0
    greater = sum((a > b) + (a == b) / 2 for a in ours for b in theirs)
    n, m = len(ours), len(theirs)
    return (greater - n * m / 2) / math.sqrt(n * m * (n + m + 1) / 12)


def differs(arm, base):
    """Whether the transfers of two arms are of different goodput."""
    ours, theirs = each_mbps(arm.transfers), each_mbps(base.transfers)
    if not ours or not theirs:
        return False
    if abs(rank_sum_z(ours, theirs)) >= DIFFERENT:
        return True
    apart = min(ours) > max(theirs) or max(ours) < min(theirs)
    return apart and abs(arm.goodput - base.goodput) >= APART * base.goodput


def harmless(arm, base):
    """Whether a rival keeps enough."""
    return base.rival_goodput is None or \
        (arm.rival_goodput or 0) >= RIVAL_KEEPS * base.rival_goodput


def much_lower(ping, base):
    """Whether a ping p95 is lower by enough to choose an arm for it."""
    return ping is not None and base is not None and \
        ping <= (1 - PING_WORTH) * base and ping <= base - PING_WORTH_MS


def oracle(arms):
    """Of {arm: Measure of one path}, with the default arm among them, the name of the best."""
    base = arms[DEFAULT]
    known = {name: arm for name, arm in arms.items()
             if arm.goodput is not None and (name == DEFAULT or harmless(arm, base))}
    # What cannot be told from the default arm has its goodput.
    goodput = {name: arm.goodput if name == DEFAULT or differs(arm, base) else base.goodput
               for name, arm in known.items()}
    best = max(goodput.values())
    near = {name: known[name] for name, value in goodput.items()
            if value >= (1 - GOODPUT_SLACK) * best}
    rest = {name: arm for name, arm in near.items() if name != DEFAULT}
    if DEFAULT in near:
        rest = {name: arm for name, arm in rest.items() if much_lower(arm.ping_p95, base.ping_p95)}
        if not rest:
            return DEFAULT
    return min(rest, key=lambda name: (rest[name].ping_p95 is None, rest[name].ping_p95 or 0,
                                       -goodput[name]))


def ratio(value, reference):
    """value / reference; None if either is not known."""
    return value / reference if value is not None and reference else None


def against(arm, best):
    """(goodput, ping p95) relative to those of the oracle."""
    return ratio(arm.goodput, best.goodput), ratio(arm.ping_p95, best.ping_p95)
