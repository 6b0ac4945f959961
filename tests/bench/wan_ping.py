#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Echo requests to several addresses in turn, until killed: one JSON line for each.

    wan_ping.py INTERVAL ADDRESS...

Runs inside a namespace as a small real-time process (harness.spawn), so that what is busy there is
not measured; the reply is stamped by the kernel. A request unanswered for TIMEOUT_S is a loss, and
gives a line without a time. The start is CLOCK_MONOTONIC, as wanload's.
"""
import json
import select
import socket
import struct
import sys
import time

TIMEOUT_S = 5.0
ECHO, ECHO_REPLY = 8, 0
SO_TIMESTAMPNS = 35
IDENTIFIER = 0x6e6f


def checksum(data):
    """The Internet checksum of an even number of bytes."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def request(sequence):
    """An echo request with 56 bytes of data."""
    body = bytes(56)
    head = struct.pack("!BBHHH", ECHO, 0, 0, IDENTIFIER, sequence)
    head = struct.pack("!BBHHH", ECHO, 0, checksum(head + body), IDENTIFIER, sequence)
    return head + body


class Pinger:
    """Requests that wait for their replies, by sequence number."""

    def __init__(self, addresses):
        self.addresses = addresses
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.socket.setblocking(False)
        self.sequence, self.waiting = 0, {}

    def send(self):
        """To the next address."""
        address = self.addresses[self.sequence % len(self.addresses)]
        number = self.sequence % 65536
        self.waiting[number] = (address, time.monotonic_ns(), time.time_ns())
        try:
            self.socket.sendto(request(number), (address, 0))
        except OSError:
            pass  # no route, no room: a loss
        self.sequence += 1

    def receive(self):
        """All that is there."""
        while True:
            try:
                packet, ancillary, _, _ = self.socket.recvmsg(1024, 64)
            except BlockingIOError:
                return
            head = packet[(packet[0] & 15) * 4:][:8]
            kind, _, _, identifier, number = struct.unpack("!BBHHH", head)
            if kind != ECHO_REPLY or identifier != IDENTIFIER or number not in self.waiting:
                continue
            seconds, nanoseconds = struct.unpack("qq", ancillary[0][2])
            address, start, start_real = self.waiting.pop(number)
            tell(address, start, seconds * 10**9 + nanoseconds - start_real)

    def expire(self):
        """What no reply will come for."""
        limit = time.monotonic_ns() - TIMEOUT_S * 1e9
        for number in [n for n, (_, start, _) in self.waiting.items() if start < limit]:
            address, start, _ = self.waiting.pop(number)
            tell(address, start, None)


def tell(address, start_ns, taken_ns):
    """One line."""
    print(json.dumps({"to": address, "start": start_ns / 1e9,
                      "ms": None if taken_ns is None else taken_ns / 1e6}), flush=True)


def main():
    """The command."""
    gap = float(sys.argv[1]) / len(sys.argv[2:])
    pinger, due = Pinger(sys.argv[2:]), time.monotonic()
    while True:
        left = due - time.monotonic()
        if left <= 0:
            pinger.send()
            pinger.expire()
            due = max(due + gap, time.monotonic())
            continue
        if select.select([pinger.socket], [], [], left)[0]:
            pinger.receive()


if __name__ == "__main__":
    main()
