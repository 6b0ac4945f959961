#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""How long from exec to READY=1, while every name server is out of reach."""
import ctypes
import os
import socket
import statistics
import subprocess
import tempfile
import time

import bench
from harness import Namespace
from netopt import Daemon

CLONE_NEWNS = 0x00020000
ENDPOINTS = 50
RUNS = 20
BAR_MS = 100
CONFIG = "[Daemon]\nMode=auto\n" + "".join(
    f"[Endpoint e{i}]\nUrl=tcp://host{i}.example.net:443\n" for i in range(ENDPOINTS))


def until_ready(namespace, directory):
    """Seconds from the start of a netoptd to its READY=1."""
    path = os.path.join(directory, "notify.sock")
    daemon = Daemon(namespace, CONFIG)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
        notify.bind(path)
        notify.settimeout(30)
        try:
            with open(daemon.log_path, "ab") as log:
                begin = time.monotonic()
                daemon.process = namespace.spawn(daemon.argv(), stdout=log, stderr=log,
                                                 env={**os.environ, "NOTIFY_SOCKET": path})
            while b"READY=1" not in notify.recv(4096).split(b"\n"):
                pass
            return time.monotonic() - begin
        finally:
            daemon.close()
            os.unlink(path)


def black_hole(namespace):
    """Lets packets leave and vanish: a TUN device that nobody reads."""
    for words in (["tuntap", "add", "hole", "mode", "tun"], ["link", "set", "hole", "up"],
                  ["address", "add", "192.0.2.1/24", "dev", "hole"],
                  ["route", "add", "default", "dev", "hole"]):
        subprocess.run(["ip", "-n", namespace.name, *words], check=True)


def resolv_conf(directory):
    """A name server on the far side of the hole, in a mount namespace of our own."""
    path = os.path.join(directory, "resolv.conf")
    with open(path, "w", encoding="ascii") as file:
        file.write("nameserver 192.0.2.53\n")
    if ctypes.CDLL(None).unshare(CLONE_NEWNS) != 0:
        raise OSError("no mount namespace")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    if os.path.exists("/etc/resolv.conf"):
        subprocess.run(["mount", "--bind", path, os.path.realpath("/etc/resolv.conf")], check=True)


def measure(figures):
    """Some starts, one after the other."""
    with tempfile.TemporaryDirectory(prefix="netopt-ready-") as directory:
        resolv_conf(directory)
        with Namespace("ready") as namespace:
            black_hole(namespace)
            times = [until_ready(namespace, directory) * 1000 for _ in range(RUNS)]
    figures.figure(f"median of {RUNS} starts", statistics.median(times), "ms", BAR_MS)
    figures.figure(f"slowest of {RUNS} starts", max(times), "ms", BAR_MS)


if __name__ == "__main__":
    bench.main(__doc__, measure)
