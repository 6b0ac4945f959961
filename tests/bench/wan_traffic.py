# SPDX-License-Identifier: MIT
"""Programs that make traffic in a namespace and print JSON lines, read together and without threads.

They, and the bench that starts them one after the other, go before whatever else the machine does:
what is to be measured is the path. The daemon does not.
"""
import json
import os
import selectors
import subprocess
import sys
import time

import bench  # noqa: F401  (finds tests/net)
from harness import build_path, endpoint, stop

NICE = -20
HERE = os.path.dirname(os.path.abspath(__file__))


def go_first():
    """Makes this process, and those it starts from now on, win over others."""
    os.setpriority(os.PRIO_PROCESS, 0, NICE)


def go_along(process):
    """Makes a process as any other again."""
    os.setpriority(os.PRIO_PROCESS, process.pid, 0)


class Source:
    """One such program; its lines so far are in rows."""

    def __init__(self, namespace, argv, realtime=False, row=None):
        self.namespace = namespace
        self.process = namespace.spawn(argv, realtime=realtime, stdout=subprocess.PIPE)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.rest, self.rows, self.ended, self.row = b"", [], False, row

    def read(self):
        """What is there; notes the end."""
        data = self.process.stdout.read(1 << 16)
        if data is None:
            return
        self.ended = not data
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.rows.append(json.loads(line))
            if self.row:
                self.row(self.rows[-1])

    def close(self):
        """Ends the program."""
        stop(self.process)
        self.process.stdout.close()
        if self.process in self.namespace.processes:
            self.namespace.processes.remove(self.process)


class Sources:
    """Several of them."""

    def __init__(self):
        self.all, self.selector = [], selectors.DefaultSelector()

    def add(self, source):
        """One more; returned."""
        self.all.append(source)
        self.selector.register(source.process.stdout, selectors.EVENT_READ, source)
        return source

    def pump(self, seconds=None, until=lambda: False):
        """Reads for so long, or until the condition holds; it is looked at after each reading and
        at least once a second."""
        end = time.monotonic() + seconds if seconds is not None else float("inf")
        while not until():
            left = end - time.monotonic()
            if left <= 0:
                return
            if not self.selector.get_map():
                time.sleep(min(left, 0.1))
            for key, _ in self.selector.select(min(left, 1.0)):
                key.data.read()
                if key.data.ended:
                    self.selector.unregister(key.fileobj)

    def close(self):
        """Ends all."""
        for source in self.all:
            source.close()
        self.selector.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def load_argv(mode, address, port=9000, **words):
    """wanload's command line: load_argv("send", "10.77.0.2", seconds=5, repeat=0)."""
    argv = [build_path("tests", "net", "wanload"), mode, "--connect", endpoint(address, port)]
    for word, value in words.items():
        argv += ["--" + word, str(value)]
    return argv


def ping_argv(addresses, interval):
    """Echo requests to each address every `interval` seconds."""
    return [sys.executable, os.path.join(HERE, "wan_ping.py"), str(interval), *addresses]


def bursts(namespace, address, number, **words):
    """`number` results of wanload's bursts (see wanload-burst.c), one connection after the other."""
    per_connection = words.get("count", 1)
    with Sources() as sources:
        source = sources.add(Source(namespace, load_argv(
            "burst", address, repeat=-(-number // per_connection), **words)))
        sources.pump(until=lambda: source.ended)
    if any("error" in row for row in source.rows):
        raise RuntimeError(f"a burst failed: {source.rows}")
    return source.rows[:number]
