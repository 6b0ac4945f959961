# SPDX-License-Identifier: MIT
"""The one setting outside of their namespaces that tests have to change.

A child namespace may only use a congestion control that is in the *initial* namespace's
tcp_allowed_congestion_control. That list is extended while tests run and put back by the last one:
the record of who uses it, and of what it was, is a file under a lock. A holder whose process is
gone does not count, so a run that was killed is made good by the next.
"""
import contextlib
import fcntl
import json
import os
import subprocess
import time

from tap import Skip

STATE_PATH = "/run/netopt-tests-congestion-control.json"
ALLOWED_PATH = "/proc/sys/net/ipv4/tcp_allowed_congestion_control"
AVAILABLE_PATH = "/proc/sys/net/ipv4/tcp_available_congestion_control"


class Holders:
    """The shared record of who extended the allowed list, and what it was before."""

    def __init__(self):
        self.file = None

    def __enter__(self):
        fd = os.open(STATE_PATH, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.file = os.fdopen(fd, "r+", encoding="ascii")
        fcntl.flock(self.file, fcntl.LOCK_EX)
        return self

    def __exit__(self, *_):
        self.file.close()

    def load(self):
        self.file.seek(0)
        try:
            state = json.loads(self.file.read())
        except ValueError:
            state = {"original": None, "holders": []}
        state["holders"] = [h for h in state["holders"] if os.path.exists(f"/proc/{h['pid']}")]
        return state

    def store(self, state):
        self.file.seek(0)
        self.file.truncate()
        json.dump(state, self.file)
        self.file.flush()
        os.fsync(self.file.fileno())


def read_words(path):
    with open(path, encoding="ascii") as file:
        return file.read().split()


def _write_allowed(words):
    with open(ALLOWED_PATH, "w", encoding="ascii") as file:
        file.write(" ".join(words))


def _release_allowed(token):
    with Holders() as holders:
        state = holders.load()
        state["holders"] = [h for h in state["holders"] if h["token"] != token]
        if not state["holders"] and state["original"] is not None:
            _write_allowed(state["original"])
            state["original"] = None
        holders.store(state)


def _acquire_allowed(names, token):
    with Holders() as holders:
        state = holders.load()
        if not state["holders"] and state["original"] is not None:
            _write_allowed(state["original"])  # left behind by a run that was killed
            state["original"] = None
        current = read_words(ALLOWED_PATH)
        missing = [name for name in names if name not in current]
        if state["original"] is None:
            state["original"] = current
        state["holders"].append({"pid": os.getpid(), "token": token})
        holders.store(state)  # before the write, so that a kill in between leaves no trace
        if missing:
            _write_allowed(current + missing)


@contextlib.contextmanager
def allowed_congestion_control(*names):
    """Lets child namespaces use `names`; raises Skip when the kernel or our rights forbid it."""
    for name in names:
        if name not in read_words(AVAILABLE_PATH):
            with contextlib.suppress(OSError):
                subprocess.run(["modprobe", f"tcp_{name}"], check=False,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if name not in read_words(AVAILABLE_PATH):
            raise Skip(f"this kernel has no congestion control {name}")
    if not os.access(ALLOWED_PATH, os.W_OK) or os.geteuid() != 0:
        missing = [name for name in names if name not in read_words(ALLOWED_PATH)]
        if missing:
            raise Skip(f"congestion control {' '.join(missing)} is not allowed here")
        yield
        return
    token = f"{os.getpid()}-{time.monotonic_ns()}"
    try:
        _acquire_allowed(names, token)
        yield
    finally:
        _release_allowed(token)
