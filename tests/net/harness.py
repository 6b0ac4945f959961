#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Namespaces, the emulated WAN and TAP, for tests that drive real programs on the real kernel.

A test creates a `Lab`: two network namespaces, "host" (where the program under test runs) and
"peer" (the rest of the world), joined by one or more links of wanlink. Nothing outside of those
namespaces is touched, with one exception that cannot be avoided: a child namespace may only use a
congestion control that is in the *initial* namespace's tcp_allowed_congestion_control, so
`allowed_congestion_control()` extends that list while tests run and puts it back, shared safely
by tests that run at the same time (see allowed.py).

Cleaning up is the first concern. Everything is an ExitStack in the end, signals become exceptions,
children die with us (PR_SET_PDEATHSIG) and wanlink's devices die with it. What only SIGKILL can
leave behind, namespaces and the extended list, is removed by the next run: both are marked with
the process id of their owner.

Namespaces are entered by setns(2) in a forked child, never in the test's own process. The view of
/proc/sys/net follows the namespace of whoever looks.

Paths: the build directory comes from NETOPT_BUILD, nothing is hard-coded.
"""
import atexit
import contextlib
import ctypes
import json
import os
import pickle
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

from allowed import allowed_congestion_control
from tap import Skip, Tap

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
NETNS_DIR = "/run/netns"
# Servers in the peer stand for another machine, so what is busy on this one must not hold them up.
# It matters more than it seems: a receiver that finds whole flights in its queue whenever it comes
# to read has its window autotuning stuck at the initial 64 KB (Linux 6.16 and newer subtract what
# is queued from what was read). Below wanlink's priority.
REMOTE_PRIORITY = 10
# For a program of ours to start or to answer. How fast it is, is no matter here: a busy machine is
# slow, and only what never answers is at fault.
PATIENCE_SECONDS = 30.0

# What a Linux host had before 6.16: what most hosts still run with. A new namespace copies the
# congestion control and the buffers of the initial one, so they are always set.
KERNEL_DEFAULTS = {
    "net.ipv4.tcp_congestion_control": "cubic",
    "net.ipv4.tcp_rmem": "4096 131072 6291456",
    "net.ipv4.tcp_wmem": "4096 16384 4194304",
    "net.ipv4.tcp_fastopen": "1",
}
# The far side must not be the limit: these are the buffers of a current kernel.
PEER_DEFAULTS = {
    "net.ipv4.tcp_congestion_control": "cubic",
    "net.ipv4.tcp_rmem": "4096 131072 33554432",
    "net.ipv4.tcp_wmem": "4096 16384 4194304",
    "net.ipv4.tcp_fastopen": "3",
}
# Counters that look like settings: they move by themselves.
VOLATILE = re.compile(r"netfilter/nf_conntrack_count$|ipv4/inet_peer|/stable_secret$")

_libc = ctypes.CDLL(None, use_errno=True)


# --- processes -------------------------------------------------------------------------------

def build_path(*parts):
    """The path of a built file, e.g. build_path("daemon", "netoptd")."""
    root = os.environ.get("NETOPT_BUILD")
    if not root:
        raise Skip("NETOPT_BUILD (the meson build directory) is not set")
    path = os.path.join(root, *parts)
    if not os.path.exists(path):
        raise Skip(f"{os.path.join(*parts)} is not built")
    return path


def require_root():
    """Raises Skip unless namespaces and TUN devices can be created."""
    if os.geteuid() != 0:
        raise Skip("needs root for network namespaces")
    if not os.path.exists("/dev/net/tun"):
        raise Skip("no /dev/net/tun")


def setns(name):
    """Enters a named namespace for good: only in a child process."""
    fd = os.open(os.path.join(NETNS_DIR, name), os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _libc.setns(fd, CLONE_NEWNET) != 0:
            error = ctypes.get_errno()
            raise OSError(error, f"setns {name}: {os.strerror(error)}")
    finally:
        os.close(fd)


def _die_with_parent(parent):
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _default_signals():
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _call_child(name, function, args, pipe):
    try:
        _default_signals()
        setns(name)
        answer = (True, function(*args))
    except BaseException as error:  # whatever it was, the parent shall hear of it
        traceback.print_exc()
        answer = (False, f"{type(error).__name__}: {error}")
    try:
        with os.fdopen(pipe, "wb") as out:
            pickle.dump(answer, out)
    finally:
        os._exit(0)


def call_in(name, function, *args):
    """function(*args) in a child inside the namespace; returns its (picklable) result."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        _die_with_parent(parent)
        _call_child(name, function, args, writer)
    os.close(writer)
    try:
        with os.fdopen(reader, "rb") as source:
            data = source.read()
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    finally:
        os.waitpid(pid, 0)
    if not data:
        raise RuntimeError(f"child in {name} died")
    good, value = pickle.loads(data)
    if not good:
        raise RuntimeError(f"in {name}: {value}")
    return value


def spawn(argv, netns=None, realtime=False, **options):
    """A subprocess.Popen, inside a namespace if one is given, that dies with this process."""
    parent = os.getpid()

    def prepare():
        _default_signals()
        _die_with_parent(parent)
        if realtime:
            with contextlib.suppress(OSError):
                os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(REMOTE_PRIORITY))
        if netns:
            setns(netns)

    options.setdefault("stdin", subprocess.DEVNULL)
    return subprocess.Popen(argv, preexec_fn=prepare, **options)


def stop(process, timeout=5.0, number=signal.SIGTERM):
    """Ends a process: politely, then by force. Returns its return code."""
    if process.poll() is None:
        process.send_signal(number)
        try:
            process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


@contextlib.contextmanager
def busy_loops(count):
    """`count` programs that do nothing but use a processor."""
    loops = []
    try:
        for _ in range(count):
            loops.append(spawn(["/bin/sh", "-c", "while :; do :; done"]))
        time.sleep(0.3)
        yield loops
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def empty_file(what):
    """The path of a new one, for a helper program to write its record to."""
    fd, path = tempfile.mkstemp(prefix=f"netopt-{what}-")
    os.close(fd)
    return path


def json_lines(path):
    """Such a record: an object a line."""
    with open(path, encoding="ascii") as file:
        return [json.loads(line) for line in file]


# What is late only if the machine stands still at one of these: the packet leaves, turns around in
# the link each way, and comes.
MOMENTS_OF_A_ROUND_TRIP = 4


class Stillness:
    """When the machine stood still, by wanstill: it has no part in what is measured."""

    def __init__(self):
        self.path = empty_file("still")
        self.process = spawn([build_path("tests", "net", "wanstill"), self.path],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        if read_line(self.process, PATIENCE_SECONDS) != "ready":
            self.close()
            raise RuntimeError("wanstill did not start")
        self.begin_ns = time.monotonic_ns()

    def close(self):
        """Ends the watch."""
        stop(self.process)
        self.process.stdin.close()
        self.process.stdout.close()
        os.unlink(self.path)

    def rows(self, since_ns=0):
        """All stalls so far: (begin, end) in ns of CLOCK_MONOTONIC, of each processor."""
        self.process.stdin.write(b"sync\n")
        if read_line(self.process, PATIENCE_SECONDS) != "ok":
            raise RuntimeError("wanstill does not answer")
        return [(row["beginNs"], row["endNs"]) for row in json_lines(self.path)
                if row["endNs"] > since_ns]

    def stalls(self):
        """Those of all processors as one, in order, without overlaps: whoever waits for one
        processor may wait for any."""
        return union(self.rows())

    def share(self, late_us, since_ns=0):
        """Of all moments, those at which what a processor had to do came so late, or later."""
        since_ns = max(since_ns, self.begin_ns)
        elapsed_ns = (time.monotonic_ns() - since_ns) * len(os.sched_getaffinity(0))
        return excess(self.rows(since_ns), late_us * 1000) / max(elapsed_ns, 1)

    def explains(self, permille, late_us, since_ns=0):
        """Whether the machine itself made this quantile of round trips that late."""
        return explained(permille, self.share(late_us, since_ns))


def excess(rows, late_ns):
    """How long it was longer than that until the end of a stall, in all."""
    return sum(max(0, end - begin - late_ns) for begin, end in rows)


def explained(permille, share):
    """Whether such a share of the moments reaches what a quantile of round trips leaves out. A share
    of few is not exact: half of it is enough."""
    return MOMENTS_OF_A_ROUND_TRIP * share >= (1000 - permille) / 1000 / 2


def union(spans):
    """Spans that overlap or touch become one."""
    result = []
    for begin, end in sorted(spans):
        if result and begin <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((begin, end))
    return result


def overlap(spans, begin, end):
    """How much of begin … end lies within the spans, which do not overlap each other."""
    return sum(max(0, min(end, stop) - max(begin, start)) for start, stop in spans)


@contextlib.contextmanager
def awake():
    """Keeps the processors from sleeping, by loops that give way to everything else: an idle
    virtual machine is woken by its host up to milliseconds late. Yields the Stillness."""
    witness = Stillness()
    try:
        yield witness
    finally:
        witness.close()


def cpu_seconds(pid):
    """User and system time of a process so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _alive(pid):
    return os.path.exists(f"/proc/{pid}")


def exit_on_signals():
    """SIGTERM, SIGINT and SIGHUP unwind the stack, so that every `finally` is reached."""
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)

    def handler(number, _frame):
        for other in numbers:  # a second one must not interrupt the cleaning up
            signal.signal(other, signal.SIG_IGN)
        raise SystemExit(128 + number)

    for number in numbers:
        signal.signal(number, handler)


# --- sysctls ---------------------------------------------------------------------------------

def sysctl_path(key):
    """net.ipv4.tcp_rmem → /proc/sys/net/ipv4/tcp_rmem (a path is taken as it is)."""
    return key if key.startswith("/") else "/proc/sys/" + key.replace(".", "/")


def _write_sysctls(values):
    for key, value in values.items():
        with open(sysctl_path(key), "w", encoding="ascii") as file:
            file.write(value)


def _read_sysctl(key):
    with open(sysctl_path(key), "rb") as file:
        return file.read()


def _snapshot():
    result = {}
    for folder, _, names in os.walk("/proc/sys/net"):
        for name in names:
            path = os.path.join(folder, name)
            if VOLATILE.search(path):
                continue
            try:
                with open(path, "rb") as file:
                    result[path] = file.read()
            except OSError as error:
                result[path] = f"errno {error.errno}".encode()
    return result


def difference(before, after):
    """The keys of two snapshots that differ, each as "path: before → after"."""
    return [f"{path}: {before.get(path)!r} → {after.get(path)!r}"
            for path in sorted(before.keys() | after.keys())
            if before.get(path) != after.get(path)]


# --- namespaces and links ----------------------------------------------------------------------

def remove_stale_namespaces():
    """Deletes the namespaces of runs that no longer exist."""
    for name in os.listdir(NETNS_DIR) if os.path.isdir(NETNS_DIR) else []:
        match = re.fullmatch(r"netopt-(\d+)-.*", name)
        if match and not _alive(int(match[1])):
            subprocess.run(["ip", "netns", "del", name], check=False)


class Namespace:
    """A named network namespace with loopback up."""

    _serial = 0

    def __init__(self, role):
        Namespace._serial += 1
        self.name = f"netopt-{os.getpid()}-{Namespace._serial}-{role}"
        self.processes = []
        self.owner = os.getpid()
        self.exists = False
        atexit.register(self.close)
        subprocess.run(["ip", "netns", "add", self.name], check=True)
        self.exists = True
        subprocess.run(["ip", "-n", self.name, "link", "set", "lo", "up"], check=True)

    def close(self):
        """Ends what runs inside and removes the namespace; may be called twice."""
        if os.getpid() != self.owner or not self.exists:
            return
        self.exists = False
        for process in self.processes:
            stop(process)
        subprocess.run(["ip", "netns", "del", self.name], check=False)
        atexit.unregister(self.close)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def call(self, function, *args):
        """function(*args) inside, in a child process."""
        return call_in(self.name, function, *args)

    def spawn(self, argv, **options):
        """A process inside, ended with the namespace at the latest."""
        process = spawn(argv, self.name, **options)
        self.processes.append(process)
        return process

    def run(self, argv, **options):
        """subprocess.run() inside, output captured as text."""
        process = self.spawn(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, err = process.communicate(timeout=options.get("timeout", 60))
        finally:
            stop(process)
            self.processes.remove(process)
        return subprocess.CompletedProcess(argv, process.returncode, out, err)

    def sysctl(self, key):
        """The value, exactly as the kernel gives it, without the newline."""
        return self.call(_read_sysctl, key).decode().rstrip("\n")

    def set_sysctls(self, values):
        """Writes a dict of sysctls."""
        self.call(_write_sysctls, values)

    def snapshot(self):
        """All of /proc/sys/net as {path: bytes}; compare with difference()."""
        return self.call(_snapshot)

    def started(self, argv, line="ready", timeout=PATIENCE_SECONDS, **options):
        """spawn() a program and wait until it prints `line`."""
        process = self.spawn(argv, stdout=subprocess.PIPE, **options)
        if read_line(process, timeout) != line:
            raise RuntimeError(f"{argv[0]} did not start")
        return process


def read_line(process, timeout):
    """One line of a process's (unbuffered) stdout, without newline; None at its end or timeout."""
    fd, data, end = process.stdout.fileno(), b"", time.monotonic() + timeout
    while not data.endswith(b"\n"):
        left = end - time.monotonic()
        if left <= 0 or not select.select([fd], [], [], left)[0]:
            return None
        byte = os.read(fd, 1)
        if not byte:
            return None
        data += byte
    return data.decode().rstrip("\n")


class Link:
    """One wanlink between two namespaces. Words as in wanspec.h: set(rtt="50ms", up_loss="0")."""

    def __init__(self, host, peer, number=0, seed=1, mtu=1500, record_syn=True, record=False,
                 record_late=False, **words):
        self.host_address, self.peer_address = f"10.77.{number}.1", f"10.77.{number}.2"
        self.host_address6, self.peer_address6 = f"fd77:{number}::1", f"fd77:{number}::2"
        self.device = f"wan{number}"
        self.records = {}
        self.stats_at_end = None
        argv = [build_path("tests", "net", "wanlink"), "--host", host.name, "--peer", peer.name,
                "--device", self.device, "--seed", str(seed), "--mtu", str(mtu)]
        for side in ("host", "peer"):
            argv += [f"--{side}-address", getattr(self, f"{side}_address") + "/24",
                     f"--{side}-address", getattr(self, f"{side}_address6") + "/64"]
        for option, wanted in (("record-syn", record_syn), ("record", record),
                               ("record-late", record_late)):
            if wanted:
                self.records[option] = empty_file(option)
                argv += ["--" + option, self.records[option]]
        for word, value in words.items():
            argv += ["--" + word.replace("_", "-"), str(value)]
        self.process = spawn(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
        if read_line(self.process, PATIENCE_SECONDS) != "ready":
            self.close()
            raise RuntimeError("wanlink did not start")

    def close(self):
        """Ends the link; its last statistics stay in stats_at_end."""
        if self.process is None:
            return
        process, self.process = self.process, None
        with contextlib.suppress(OSError):
            process.stdin.close()
        line = read_line(process, PATIENCE_SECONDS)
        if line and line.startswith("{"):
            self.stats_at_end = json.loads(line)
        stop(process)
        process.stdout.close()
        for path in self.records.values():
            with contextlib.suppress(OSError):
                os.unlink(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _command(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        answer = read_line(self.process, PATIENCE_SECONDS)
        if answer is None or answer.startswith("error"):
            raise RuntimeError(f"wanlink: {line}: {answer}")
        return answer

    def set(self, **words):
        """Changes the link for what arrives from now on. Nothing overtakes packets under way, so
        after a delay was shortened the old one has to pass before the new one is seen."""
        self._command(" ".join(f"{word.replace('_', '-')} {value}"
                               for word, value in words.items()))

    def stats(self):
        """wanlink's statistics so far, as a dict."""
        return json.loads(self._command("stats"))

    def handshakes(self):
        """The truth: a dict for each handshake of the host that was answered (see wansyn.h)."""
        return self._recorded("record-syn")

    def packets(self):
        """All packets of the host so far, if they are recorded (see wanrecord.h)."""
        return self._recorded("record")

    def late(self):
        """Packets that came 100 us late or more, if they are recorded: (due, delivered) in ns."""
        return [(row["dueNs"], row["atNs"]) for row in self._recorded("record-late")]

    def _recorded(self, option):
        self._command("sync")
        return json_lines(self.records[option])


class Lab:
    """Host and peer with the defaults of a kernel, and links between them."""

    def __init__(self, congestion_controls=("cubic", "bbr")):
        self.congestion_controls = congestion_controls
        self.stack = contextlib.ExitStack()
        self.host = self.peer = None

    def __enter__(self):
        require_root()
        exit_on_signals()
        remove_stale_namespaces()
        with contextlib.ExitStack() as stack:
            stack.enter_context(allowed_congestion_control(*self.congestion_controls))
            self.host = stack.enter_context(Namespace("host"))
            self.peer = stack.enter_context(Namespace("peer"))
            self.host.set_sysctls(KERNEL_DEFAULTS)
            self.peer.set_sysctls(PEER_DEFAULTS)
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def link(self, **words):
        """Another link; ended by itself when used as a context manager, else with the lab."""
        return self.stack.enter_context(Link(self.host, self.peer, **words))

    def sink(self, address, port=9000, *extra):
        """wanload's sink in the peer."""
        return self.peer.started([build_path("tests", "net", "wanload"), "sink", "--listen",
                                  endpoint(address, port), *extra], realtime=True)

    def acceptors(self, address, port=7000, count=1):
        """Plain listeners in the peer, for handshakes."""
        return self.peer.started([build_path("tests", "net", "wanload"), "accept", "--listen",
                                  endpoint(address, port), "--count", str(count)],
                                 realtime=True)

    def transfers(self, address, port=9000, seconds=6, repeat=1, gap=0.2, mode="send", extra=()):
        """Runs transfers from the host and returns their results (see wanload-client.c)."""
        argv = [build_path("tests", "net", "wanload"), mode, "--connect", endpoint(address, port),
                "--seconds", str(seconds), "--repeat", str(repeat), "--gap", str(gap), *extra]
        done = self.host.run(argv, timeout=repeat * (seconds + gap + 3) + 10)
        results = [json.loads(line) for line in done.stdout.splitlines()]
        if done.returncode != 0 or len(results) != repeat:
            raise RuntimeError(f"wanload failed: {done.stdout} {done.stderr}")
        return results


def endpoint(address, port):
    """ADDR:PORT, with brackets for IPv6."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


def _connect_rtts(address, port, count, gap):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    rtts = []
    for _ in range(count):
        with socket.socket(family, socket.SOCK_STREAM) as sock:
            sock.connect((address, port))
            info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
            name = sock.getsockname()
        # tcpi_rtt is at 68, tcpi_total_retrans at 100 (linux/tcp.h)
        rtts.append({"rtt_us": struct.unpack_from("=I", info, 68)[0],
                     "retrans": struct.unpack_from("=I", info, 100)[0],
                     "source": endpoint(name[0], name[1])})
        time.sleep(gap)
    return rtts


def connect_rtts(netns, address, port, count, gap=0.01):
    """The kernel's round trip time of `count` handshakes, one after the other."""
    return netns.call(_connect_rtts, address, port, count, gap)


def main(groups):
    """Runs [(name, function(tap))] and exits: the body of a test program."""
    tap = Tap()
    exit_on_signals()
    try:
        require_root()
    except Skip as reason:
        print(f"1..0 # SKIP {reason}")
        sys.exit(0)
    for name, function in groups:
        tap.group(name, function)
    sys.exit(tap.finish())
