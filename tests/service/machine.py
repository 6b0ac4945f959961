# SPDX-License-Identifier: MIT
"""A real systemd in a container, for tests of the service as it is installed.

A Machine is a cached root file system with an overlay in memory, into which the build under test is
installed, booted by systemd-nspawn in a network namespace of its own: /proc/sys/net there is
writable and nobody else's. It is driven from outside: commands enter its namespaces.

Nothing can stay behind: the caller runs in its own mount namespace (own_mounts()), the container
in a process namespace that dies with us, however we die; the control group and the mount point are
removed at the end, or by the next run. Two machines at a time are fine.
"""
import contextlib
import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
BOOT_SECONDS = 60
OWN_MOUNTS = "NETOPT_TEST_OWN_MOUNTS"
GROUP_PREFIX = "netopt-service-test-"
MACHINE_PREFIX = "netopt-machine-"
# A counter, a secret made on demand, and what is the kernel's and not the namespace's: loading a
# module, or a test beside us, changes the last two.
VOLATILE = re.compile(r"/nf_conntrack_count$|/stable_secret$"
                      r"|/tcp_(available|allowed)_congestion_control$")

_libc = ctypes.CDLL(None, use_errno=True)


class Unavailable(Exception):
    """No machine can run here; its text says why."""


def own_mounts():
    """Starts this program again in a mount namespace of its own; returns there."""
    if os.environ.get(OWN_MOUNTS):
        return
    os.environ[OWN_MOUNTS] = "1"
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", sys.executable,
                          *sys.argv])


def check():
    """Raises Unavailable unless containers can be started."""
    if os.geteuid() != 0:
        raise Unavailable("needs root for a container")
    for program in ("systemd-nspawn", "nsenter", "meson"):
        if not shutil.which(program):
            raise Unavailable(f"{program} is not installed")


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _children(pid):
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            return [int(word) for word in file.read().split()]
    return []


def _comm(pid):
    with contextlib.suppress(OSError):
        with open(f"/proc/{pid}/comm", encoding="utf-8") as file:
            return file.read().strip()
    return None


def _mount(*arguments):
    done = subprocess.run(["mount", *arguments], check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise Unavailable(f"mount {' '.join(arguments)}: {done.stdout.strip()}")


def _booted():
    """Whether the host itself runs systemd."""
    return os.path.isdir("/run/systemd/system")


class ControlGroup:
    """Where the container's own hierarchy begins; on a host without systemd we have to make it.
    systemd-nspawn makes the same path in an old hierarchy that it finds mounted, too."""

    def __init__(self):
        self.name = GROUP_PREFIX + str(os.getpid())
        self.hierarchies, self.path = [], None
        if _booted():
            return
        with open("/proc/self/mounts", encoding="utf-8") as file:
            mounts = [line.split() for line in file]
        self.hierarchies = [words[1] for words in mounts if words[2] in ("cgroup", "cgroup2")]
        unified = [words[1] for words in mounts if words[2] == "cgroup2"]
        if not unified:
            raise Unavailable("no cgroup2 hierarchy is mounted")
        self._remove_stale()
        self.path = os.path.join(unified[0], self.name)
        try:
            os.mkdir(self.path)
        except OSError as error:
            raise Unavailable(f"no control group can be made: {error}") from error

    def _remove(self, name):
        """Whether nothing is left of it."""
        left = False
        for hierarchy in self.hierarchies:
            path = os.path.join(hierarchy, name)
            for folder, _, _ in os.walk(path, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)
            left = left or os.path.isdir(path)
        return not left

    def _remove_stale(self):
        for hierarchy in self.hierarchies:
            for name in os.listdir(hierarchy):
                pid = name[len(GROUP_PREFIX):]
                if name.startswith(GROUP_PREFIX) and not os.path.exists(f"/proc/{pid}"):
                    self._remove(name)

    def enter(self):
        """The calling process and its children from now on."""
        if self.path:
            with open(os.path.join(self.path, "cgroup.procs"), "w", encoding="ascii") as file:
                file.write("0")

    def close(self):
        """Removes it, once it is empty."""
        end = time.monotonic() + 5
        while not self._remove(self.name) and time.monotonic() < end:
            time.sleep(0.02)  # the last processes are on their way out


class Machine:
    """See above. Use as a context manager, then boot()."""

    def __init__(self, lower):
        self.lower = lower
        self.process = self.group = self.leader = None
        self._remove_stale()
        self.base = tempfile.mkdtemp(prefix=f"{MACHINE_PREFIX}{os.getpid()}-")
        self.root = os.path.join(self.base, "root")

    @staticmethod
    def _remove_stale():
        """The mount points of runs that were killed: empty, as their mounts went with them."""
        for entry in os.scandir(tempfile.gettempdir()):
            match = re.fullmatch(MACHINE_PREFIX + r"(\d+)-\w+", entry.name)
            if match and not os.path.exists(f"/proc/{match[1]}"):
                with contextlib.suppress(OSError):
                    os.rmdir(entry.path)

    def __enter__(self):
        # The only trace in the host's file system is this empty directory.
        _mount("-t", "tmpfs", "-o", "size=512m,mode=0755", "tmpfs", self.base)
        for name in ("upper", "work", "root"):
            os.mkdir(os.path.join(self.base, name), 0o755)
        _mount("-t", "overlay", "overlay", "-o",
               f"lowerdir={self.lower},upperdir={self.base}/upper,workdir={self.base}/work",
               self.root)
        return self

    def __exit__(self, *_):
        if self.process:
            self.process.kill()
            self.process.wait()
        if self.group:
            self.group.close()
        subprocess.run(["umount", "--recursive", "--lazy", self.base], check=False)
        with contextlib.suppress(OSError):
            os.rmdir(self.base)

    def install(self, build):
        """`meson install` of what is built."""
        done = subprocess.run(["meson", "install", "--no-rebuild", "-C", build], check=False,
                              env={**os.environ, "DESTDIR": self.root}, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"meson install: {done.stdout[-2000:]}")

    def write(self, path, text):
        """A file of the machine, before or after it is booted."""
        place = self.root + path
        os.makedirs(os.path.dirname(place), exist_ok=True)
        with open(place, "w", encoding="utf-8") as file:
            file.write(text)

    def remove(self, path):
        """Removes a file of the machine, which need not exist."""
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.root + path)

    def boot(self):
        """Returns when systemd has started everything."""
        # The container's first process would outlive a killed systemd-nspawn.
        argv = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
                "systemd-nspawn", "--directory", self.root, "--register=no", "--private-network",
                "--resolv-conf=off", "--timezone=off", "--link-journal=no", "--console=pipe",
                "--quiet", "--boot", "--machine", f"netopt-{os.getpid()}"]
        self.group = ControlGroup()
        if not _booted():
            argv.insert(argv.index("--boot"), "--keep-unit")
            _mount("-t", "tmpfs", "tmpfs", "/run")

        def prepare():
            _die_with_parent()
            self.group.enter()

        with open(os.path.join(self.base, "console"), "wb") as console:
            self.process = subprocess.Popen(
                argv, stdin=subprocess.DEVNULL, stdout=console, stderr=console, preexec_fn=prepare,
                env={**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"})
        self._await_leader()
        # "degraded" is told by the caller's checks of what failed.
        self.run("systemctl", "is-system-running", "--wait", timeout=BOOT_SECONDS)

    def console(self):
        """What systemd-nspawn and the container's console said."""
        with open(os.path.join(self.base, "console"), encoding="utf-8", errors="replace") as file:
            return file.read()

    def _find_leader(self):
        """The container's systemd: a grandchild, once its socket is there and so it listens."""
        for nspawn in _children(self.process.pid):
            for pid in _children(nspawn):
                if _comm(pid) == "systemd" and \
                        os.path.exists(f"/proc/{pid}/root/run/systemd/private"):
                    return pid
        return None

    def _await_leader(self):
        end = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise Unavailable(f"systemd-nspawn cannot start here: {self.console().strip()}")
            self.leader = self._find_leader()
            if self.leader:
                return
            time.sleep(0.02)
        raise Unavailable(f"the container does not boot: {self.console().strip()[-500:]}")

    # --- inside ---

    def run(self, *argv, timeout=20.0, user=None, group=None):
        """A command inside, by root or another user; never raises for its exit status."""
        enter = ["nsenter", "--target", str(self.leader), "--mount", "--uts", "--ipc", "--net",
                 "--pid", "--cgroup", "--wd=/"]
        if user:
            enter += ["setpriv", "--reuid", user, "--regid", group or user, "--clear-groups"]
        return subprocess.run(
            [*enter, *argv], check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, timeout=timeout, preexec_fn=_die_with_parent,
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"})

    def output(self, *argv, **options):
        """The output of a command that has to succeed."""
        done = self.run(*argv, **options)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(argv)}: {done.returncode}: {done.stderr.strip()}")
        return done.stdout

    def show(self, unit):
        """The properties of a unit, as a dict."""
        lines = self.output("systemctl", "show", unit).splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def journal(self, *matches):
        """Records of the journal, oldest first, each a dict."""
        self.run("journalctl", "--sync")
        lines = self.output("journalctl", "--no-pager", "--all", "--output", "json", *matches)
        return [json.loads(line) for line in lines.splitlines()]

    @contextlib.contextmanager
    def _network(self):
        """In the machine's network namespace, for as long as it lasts."""
        ours = os.open("/proc/self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        theirs = os.open(f"/proc/{self.leader}/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _libc.setns(theirs, CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            yield
        finally:
            if _libc.setns(ours, CLONE_NEWNET) != 0:
                os.abort()  # everything after would act on the wrong network
            os.close(ours)
            os.close(theirs)

    def sysctls(self):
        """Everything below /proc/sys/net as the kernel gives it, {path: bytes}. What one sees
        there follows the network namespace of who looks."""
        values = {}
        with self._network():
            for folder, _, names in os.walk("/proc/sys/net"):
                for path in (os.path.join(folder, name) for name in names):
                    if VOLATILE.search(path):
                        continue
                    with contextlib.suppress(OSError), open(path, "rb") as file:
                        values[path[len("/proc/sys/"):].replace("/", ".")] = file.read()
        return values

    def sysctl(self, key):
        """One value, without the newline, blanks made one."""
        with self._network(), open("/proc/sys/" + key.replace(".", "/"), encoding="ascii") as file:
            return " ".join(file.read().split())

    def bound_socket(self, kind, address):
        """A socket of ours in the machine's network, as of a server there."""
        with self._network():
            made = socket.socket(socket.AF_INET, kind)
            made.bind(address)
        return made

    def varlink(self, path, method, **parameters):
        """One call over a Unix socket of the machine, by root; the reply as a dict."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(5)
            client.connect(f"/proc/{self.leader}/root{path}")
            message = {"method": method, "parameters": parameters}
            client.sendall(json.dumps(message).encode() + b"\0")
            data = b""
            while not data.endswith(b"\0"):
                piece = client.recv(65536)
                if not piece:
                    raise ConnectionError("closed without a reply")
                data += piece
        return json.loads(data[:-1])
