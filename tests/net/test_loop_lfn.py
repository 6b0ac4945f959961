#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""150 ms, 300 Mbit/s, no loss: the send buffer is the limit, and nothing else. It is raised, proven on
connections born after that, and kept."""
import sys

import harness
import loop

PATH = {"rtt": "150ms", "rate": "300M", **loop.COARSE}


def run(tap):
    """The scenario."""
    loop.check_gain(tap, PATH, controller="buffers", key="net.ipv4.tcp_wmem", formula="2.1 * BDP",
                    # 1.87 times with the machine for itself (./setup demo); beside other links the
                    # processors carry a little less.
                    gain=1.6, limit_seconds=420)


if __name__ == "__main__":
    sys.exit(harness.main([("long fat path", run)]))
