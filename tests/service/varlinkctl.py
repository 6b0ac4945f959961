# SPDX-License-Identifier: MIT
"""varlinkctl of another Debian release: a client of Varlink that is not ours.

It runs in a root file system of its own (rootfs.py), by chroot(8), with /proc and the directory of
the socket mounted into it. The caller runs in a mount namespace of its own, so nothing stays.
"""
import contextlib
import json
import os
import re
import subprocess
import tempfile
import time

RELEASE = "trixie"
PACKAGES = ["systemd"]
SEPARATOR = "\x1e"  # of JSON text sequences (RFC 7464)


class Varlinkctl:
    """Its verbs, with one socket. Each gives a CompletedProcess unless it says otherwise."""

    def __init__(self, place, name):
        self.place = place
        self.address = "/mnt/" + name

    def argv(self, *arguments):
        """The command line."""
        return ["chroot", self.place, "/usr/bin/varlinkctl", *arguments]

    def run(self, *arguments, stdin=None, timeout=20):
        """Any of its verbs."""
        return subprocess.run(self.argv(*arguments), input=stdin, capture_output=True, text=True,
                              timeout=timeout, check=False)

    def version(self):
        """Of systemd."""
        return self.run("--version").stdout.split("\n")[0]

    def call(self, method, parameters="{}", *options):
        """(parameters of the reply or None, name of the error or "")."""
        done = self.run("--json=short", *options, "call", self.address, method, parameters)
        if done.returncode == 0:
            return (json.loads(done.stdout) if done.stdout.strip() else {}), ""
        found = re.search(r"(?:failed|returned error): (\S+)", done.stderr)
        return None, found[1] if found else done.stderr.strip() or str(done.returncode)

    def stream(self, method, parameters, count, seconds=20.0):
        """The first replies of --more: [(parameters, seconds since the call)]; then it is ended."""
        begin, replies, text = time.monotonic(), [], ""
        argv = self.argv("--json=short", "--more", "--timeout=infinity", "call", self.address,
                         method, parameters)
        with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            os.set_blocking(process.stdout.fileno(), False)
            while len(replies) < count and time.monotonic() < begin + seconds:
                chunk = process.stdout.read()
                text += (chunk or b"").decode()
                while "\n" in text:
                    line, text = text.split("\n", 1)
                    replies.append((json.loads(line.strip(SEPARATOR)),
                                    time.monotonic() - begin))
                if process.poll() is not None:
                    break
                time.sleep(0.01)
            process.kill()
        return replies


@contextlib.contextmanager
def client(root, directory, name):
    """A Varlinkctl in this root, for the socket `name` in the directory."""
    with tempfile.TemporaryDirectory(prefix="netopt-foreign-") as place:
        mounts = []

        def mount(*arguments):
            subprocess.run(["mount", *arguments], check=True)
            mounts.append(arguments[-1])

        try:
            mount("--bind", root, place)
            mount("-t", "proc", "proc", os.path.join(place, "proc"))
            mount("--bind", directory, os.path.join(place, "mnt"))
            yield Varlinkctl(place, name)
        finally:
            for target in reversed(mounts):
                subprocess.run(["umount", "--lazy", target], check=False)
