#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""100 ms, 100 Mbit/s, 0.5 % loss: cubic takes loss for congestion, and the loop finds out, for this
destination alone; and what it found is known after a restart."""
import sys

import harness
import loop

# Two BDP of queue: a loss of this path is never the doing of who sends.
PATH = {"rtt": "100ms", "rate": "100M", "queue": "2500k", "loss": "0.5%"}


def run(tap):
    """The scenario."""
    loop.check_gain(tap, PATH, controller="congestion", key="route.congctl",
                    formula="(Mathis)", gain=10, limit_seconds=600, lesson=True)


if __name__ == "__main__":
    sys.exit(harness.main([("lossy path", run)]))
