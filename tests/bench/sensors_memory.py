# SPDX-License-Identifier: MIT
"""The memory of netoptd with much to see, and with nothing to do."""
import ctypes
import os
import struct
import tempfile
import time

import bench
from harness import Namespace
from netopt import Daemon
from sensors_sweep import MANY_PATHS, SIZES, connections, crowd

BAR_MANY_MIB, BAR_IDLE_MIB, BAR_IDLE_RSS_MIB = 10, 3, 8
SETTLE_S = 12
IN_OPEN = 0x20
# All sockets in each sweep, and no destination merged with its neighbours: the most there can be.
MANY = "[Daemon]\nMode=observe\nInterval=1s\nDiscover=no\nCpuBudget=100%\nPrefixIPv4=32\n"
IDLE = "[Daemon]\nMode=observe\nDiscover=no\n"
TLS = IDLE + "[Endpoint tls]\nUrl=tls://127.0.0.1:7443\nInterval=1s\n"


class Opened:
    """Whether a file was opened: inotify(7)."""

    def __init__(self, path):
        libc = ctypes.CDLL(None, use_errno=True)
        self.fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self.fd < 0 or libc.inotify_add_watch(self.fd, path.encode(), IN_OPEN) < 0:
            raise OSError(ctypes.get_errno(), "inotify")

    def close(self):
        """True if it was."""
        try:
            return len(os.read(self.fd, 4096)) >= struct.calcsize("iIII")
        except BlockingIOError:
            return False
        finally:
            os.close(self.fd)


def mib(pid):
    """VmRSS and RssAnon in MiB."""
    memory = bench.memory_kib(pid)
    return memory["VmRSS"] / 1024, memory["RssAnon"] / 1024


def many(figures):
    """A busy server."""
    with crowd() as namespace:
        connections(namespace, SIZES[-1], MANY_PATHS)
        with Daemon(namespace, MANY) as daemon:
            time.sleep(SETTLE_S)
            status = daemon.call("GetStatus")
            resident, anonymous = mib(daemon.process.pid)
    figures.note(f"{status['flows']} flows, {status['paths']} paths, "
                 f"{status['sweep']['count']} sweeps")
    if status["flows"] < SIZES[-1] * 0.99 or status["paths"] < MANY_PATHS * 0.99:
        figures.missing("private memory with many flows (RssAnon)", "not all flows were seen")
        return
    figures.figure("private memory with many flows (RssAnon)", anonymous, "MiB", BAR_MANY_MIB,
                   digits=2)
    figures.figure("  resident (VmRSS)", resident, "MiB", digits=2)


def few(namespace, config):
    """(VmRSS, RssAnon, whether OpenSSL was initialised): that opens its configuration file."""
    with tempfile.NamedTemporaryFile(prefix="netopt-openssl-", mode="w") as file:
        opened = Opened(file.name)
        os.environ["OPENSSL_CONF"] = file.name
        try:
            with Daemon(namespace, config) as daemon:
                time.sleep(SETTLE_S)
                memory = mib(daemon.process.pid)
        finally:
            del os.environ["OPENSSL_CONF"]
            initialised = opened.close()
    return (*memory, initialised)


def idle(figures):
    """Nothing to do, and one TLS endpoint beside it."""
    with Namespace("idle") as namespace:
        resident, anonymous, initialised = few(namespace, IDLE)
        figures.figure("idle: private memory (RssAnon)", anonymous, "MiB", BAR_IDLE_MIB, digits=2)
        figures.figure("idle: resident (VmRSS)", resident, "MiB", BAR_IDLE_RSS_MIB, digits=2)
        figures.figure("idle: OpenSSL was initialised", initialised, "times", 0, digits=0)
        resident, anonymous, initialised = few(namespace, TLS)
        figures.figure("one tls endpoint: private memory (RssAnon)", anonymous, "MiB", digits=2)
        figures.figure("one tls endpoint: resident (VmRSS)", resident, "MiB", digits=2)
        figures.figure("one tls endpoint: OpenSSL was initialised", initialised, "times", 1,
                       digits=0, at_least=True)


def measure(figures):
    """the daemon's own memory"""
    many(figures)
    idle(figures)
