#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Downloads over 150 ms, 300 Mbit/s from a peer with large send buffers: the receive window of this
host, tcp_rmem, is the limit. It is raised, proven and kept."""
import sys

import harness
import loop

PATH = {"rtt": "150ms", "rate": "300M", "queue": "12M", **loop.COARSE}
PEER = {"net.ipv4.tcp_wmem": "4096 16384 67108864"}


def run(tap):
    """The scenario."""
    loop.check_gain(tap, PATH, controller="buffers", key="net.ipv4.tcp_rmem", formula="BDP",
                    # 6 MB offer 160 to 209 Mbit/s of the 285 that the path carries.
                    gain=1.15, limit_seconds=420, peer=PEER, mode="recv",
                    serve=("--serve", "8s"))


if __name__ == "__main__":
    sys.exit(harness.main([("downloads over a long fat path", run)]))
