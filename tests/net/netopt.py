# SPDX-License-Identifier: MIT
"""The daemon under test: started inside a namespace of a Lab, asked over its control socket."""
import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time

import idl
from harness import build_path, stop


class Daemon:
    """netoptd in a namespace, with a state directory and a socket of its own.

    The control socket is a Unix socket: it is asked from outside of the namespace."""

    def __init__(self, namespace, config="", arguments=()):
        self.namespace = namespace
        self.directory = tempfile.mkdtemp(prefix="netopt-daemon-")
        self.state = os.path.join(self.directory, "state")
        self.socket = os.path.join(self.directory, "netoptd.sock")
        self.config = os.path.join(self.directory, "netopt.conf")
        self.log_path = os.path.join(self.directory, "log")
        self.arguments = list(arguments)
        self.prefix = []  # of the command line, as ["unshare", "--mount"]
        self.process = None
        # What this host's sysctl.d sets is no matter of the tests.
        self.drop_in = os.path.join(self.config + ".d", "00-test.conf")
        os.mkdir(self.config + ".d")
        with open(self.drop_in, "w", encoding="utf-8") as file:
            file.write("[Tuning]\nOverrideSysctl=yes\n")
        self.write_config(config)

    def write_config(self, text):
        """Replaces the configuration file; takes effect with start or reload."""
        with open(self.config, "w", encoding="utf-8") as file:
            file.write(text)

    def argv(self, *extra):
        """The command line of this instance."""
        return [*self.prefix, build_path("daemon", "netoptd"), "-c", self.config, "--state-directory", self.state,
                "--socket", self.socket, "--log-level", "debug", *self.arguments, *extra]

    def start(self, timeout=5.0):
        """Starts it and waits until it answers."""
        with open(self.log_path, "ab") as log:
            self.process = self.namespace.spawn(self.argv(), stdout=log, stderr=log)
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError(f"netoptd ended with {self.process.returncode}: {self.log()}")
            try:
                self.call("GetStatus")
                return self
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"netoptd does not answer: {self.log()}")

    def log(self):
        """All it logged so far."""
        with open(self.log_path, encoding="utf-8", errors="replace") as file:
            return file.read()

    def stop(self, number=signal.SIGTERM, timeout=10):
        """Ends it with a signal; returns its exit status."""
        if self.process is None:
            return None
        process, self.process = self.process, None
        stop(process, timeout, number)
        if process in self.namespace.processes:
            self.namespace.processes.remove(process)
        return process.returncode

    def recover(self):
        """netoptd --recover; returns its exit status."""
        done = self.namespace.run(self.argv("--recover"))
        with open(self.log_path, "a", encoding="utf-8") as log:
            log.write(done.stdout + done.stderr)
        return done.returncode

    def call(self, method, **parameters):
        """One Varlink call; returns its parameters, raises on an error reply, and on a reply that is
        not as the interface definition has it."""
        reply = self.call_full(f"org.netopt.Daemon.{method}", **parameters)
        if "error" in reply:
            raise RuntimeError(f"{method}: {reply}")
        return reply.get("parameters", {})

    def call_full(self, method, **parameters):
        """One call of a method by its full name; returns the whole reply, as defined."""
        message = {"method": method, "parameters": parameters}
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(5)
            sock.connect(self.socket)
            sock.sendall(json.dumps(message).encode() + b"\0")
            data = b""
            while not data.endswith(b"\0"):
                chunk = sock.recv(65536)
                if not chunk:
                    raise ConnectionError("the daemon hung up")
                data += chunk
        reply = json.loads(data[:-1])
        idl.check(method, reply)
        return reply

    def changes(self):
        """The changes, newest first."""
        return self.call("ListChanges")["changes"]

    def tunable(self, key):
        """One row of ListTunables."""
        return next(row for row in self.call("ListTunables")["tunables"] if row["key"] == key)

    def ctl(self, *arguments):
        """netoptctl against this instance; a CompletedProcess."""
        return subprocess.run([build_path("cli", "netoptctl"), "--socket", self.socket, *arguments],
                              capture_output=True, text=True, timeout=20, check=False)

    def close(self):
        """Ends it and removes its directory."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()
