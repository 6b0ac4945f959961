#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The EXAMPLES of netoptctl(1), as they stand there: each is run by a shell on a host on which
www.example.com, db.example.com and 192.0.2.1 exist and a daemon runs, and ends as it should. In a
mount namespace, so that /etc and /run are those of the test."""
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

import harness
import netopt
from harness import Skip, build_path
from loop import Transfers

HERE = os.path.dirname(os.path.abspath(__file__))
PAGE = os.path.join(HERE, "..", "..", "man", "netoptctl.1")
SERVER = os.path.join(HERE, "examples_server.py")
sys.path.insert(0, os.path.join(HERE, "..", "bench"))
from sensors_accuracy import make_certificate  # noqa: E402  pylint: disable=wrong-import-position

WEB, DATABASE, FAR = "www.example.com", "db.example.com", "192.0.2.1"
NETWORK = "192.0.2.0/24"  # a route to the host alone would be somebody else's to change
CONFIG = """[Daemon]
Mode={mode}
[Tuning]
CongestionControl=bbr
FastOpen=both
[Endpoint website]
Url=https://www.example.com/
Interval=200ms
Group=cdn
[Endpoint database]
Url=tcp://db.example.com:5432
Interval=100ms
Group=cdn
"""
HISTORY_SECONDS = 14  # for a p99 of the database
ADVISED = "7"         # the number that the page gives to what was advised
LONG_SECONDS = 120
INTERRUPTED = ("-n 0 ", "watch")
INTERRUPT_SECONDS = 3
# 6: there is something to improve; 1: systemd-resolved is not installed in this place.
# check: whatever is true of a page served by a busy machine.
STATUSES = {"audit": {0, 6}, "audit --fix": {1}, "check": {0, 1, 2}}


def examples():
    """The commands of the section, each with what continues it."""
    with open(PAGE, encoding="utf-8") as file:
        section = file.read().partition("\n.Sh EXAMPLES\n")[2].partition("\n.Sh ")[0]
    for escape, character in ((r"\(aq", "'"), (r"\e", "\\"), (r"\-", "-"), (r"\&", "")):
        section = section.replace(escape, character)
    commands = []
    for line in section.splitlines():
        line = line.removeprefix(".Dl ")
        if line.startswith(("$ ", "# ")):
            commands.append(line[2:].replace("sudo ", ""))
        elif not line.startswith(".") and line.startswith(" "):
            commands[-1] += "\n" + line
    return commands


def is_endless(command):
    """Whether it goes on until it is interrupted."""
    return any(word in command for word in INTERRUPTED)


class World:
    """The host, what it talks to, and the place where the examples are run."""

    def __init__(self, directory, lab, link, daemon):
        self.directory, self.lab, self.daemon = directory, lab, daemon
        for name in ("here", "run"):
            os.mkdir(self.path(name))
        subprocess.run(["cp", "-a", "/etc", self.path("etc")], check=True)
        os.remove(self.path("etc", "resolv.conf"))
        os.makedirs(self.path("etc", "sysctl.d"), exist_ok=True)
        self.write("etc/hosts", f"127.0.0.1 localhost\n{link.peer_address} {WEB} {DATABASE}\n"
                            f"{link.peer_address6} {WEB} {DATABASE}\n")
        self.write("etc/resolv.conf", f"nameserver {link.peer_address}\n")
        self.write("enter", f"""set -e
mount --make-rprivate /
mount --bind {self.path("etc")} /etc
mount --bind {self.path("run")} /run
mkdir -p /run/netopt
ln -sf {daemon.socket} /run/netopt/netoptd.sock
export PATH={build_path("cli")}:$PATH SSL_CERT_FILE={self.path("cert.pem")} LC_ALL=C.UTF-8
cd {self.path("here")}
set +e
eval "$1"
""")

    def path(self, *parts):
        """Of a file of this run."""
        return os.path.join(self.directory, *parts)

    def write(self, name, text):
        """A file of this run."""
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def argv(self, command):
        """One example, as a command line."""
        return ["unshare", "--mount", "bash", self.path("enter"), command]

    def run(self, command):
        """Its exit status and what it wrote, both streams. Interrupted as by Ctrl-C where it needs
        to be; what is watched has a terminal, and what takes the whole screen is told to leave it."""
        terminal, screen = "watch" in command, command == "netoptctl watch"
        near, far = pty.openpty() if terminal else os.pipe()
        process = self.lab.host.spawn(
            self.argv(command), start_new_session=True, stdout=far, stderr=far,
            stdin=far if terminal else subprocess.DEVNULL)
        os.close(far)
        output, reader = [], threading.Thread(target=lambda: drain(near, output))
        reader.start()
        if screen:
            time.sleep(INTERRUPT_SECONDS)
            os.write(near, b"q")
        elif is_endless(command):
            time.sleep(INTERRUPT_SECONDS)
            os.killpg(process.pid, signal.SIGINT)
        status = process.wait(LONG_SECONDS)
        reader.join(LONG_SECONDS)
        os.close(near)
        self.lab.host.processes.remove(process)
        return status, b"".join(output).decode(errors="replace")


def drain(fd, output):
    """Reads until the end, which on a terminal is an error."""
    try:
        while chunk := os.read(fd, 65536):
            output.append(chunk)
    except OSError:
        pass


def wanted(command):
    """The exit statuses that are right."""
    if is_endless(command) and "|" in command:
        return {0, 130, -signal.SIGINT}
    for words in sorted(STATUSES, key=len, reverse=True):
        if command.startswith("netoptctl " + words) and "|" not in command:
            return STATUSES[words]
    return {0}


def check(tap, world, command):
    """One example."""
    status, output = world.run(command)
    good = status in wanted(command)
    silent = any(word in command for word in (">", "report", "log-level", "hold", "pause"))
    tap.ok(good and (silent or output.strip()), command.replace("\n", " "),
           f"exit status {status}" if good else f"exit status {status}: {output[-600:]}")
    return output


def advice(world):
    """The number of what is advised now."""
    found = json.loads(world.daemon.ctl("--json", "advise").stdout)["advices"]
    return str(found[0]["id"]) if found else None


def check_files(tap, world):
    """What was to be written is there."""
    for name, start in ((("here", "dns.csv"), ","), (("here", "report.html"), "<!DOCTYPE html>"),
                        (("etc", "sysctl.d", "60-netopt.conf"), "net.ipv4.tcp_congestion_control")):
        with open(world.path(*name), encoding="utf-8") as file:
            tap.ok(start in file.read(), f"{name[-1]} is written")


def run_all(tap, world):
    """In their order; the longest one beside the others, and with something to explain from the
    beginning on."""
    commands = examples()
    tap.ok(len(commands) > 25, "there are examples", f"{len(commands)}")
    tap.ok(world.daemon.ctl("apply", advice(world)).returncode == 0, "a change to explain")
    number = advice(world)
    tap.ok(number, "something else is advised")
    long = [command for command in commands if "--duration" in command]
    rest = [command for command in commands if command not in long]
    side = threading.Thread(target=lambda: [check(tap, world, command) for command in long])
    side.start()
    advised = next(command for command in rest if re.search(rf"\bapply {ADVISED}\b", command))
    at = rest.index(advised) - 1  # with what it answers to, and what is done with it then
    for command in rest[at:at + 4] + rest[:at] + rest[at + 4:]:
        if command.startswith("netoptctl trial"):
            world.daemon.write_config(CONFIG.format(mode="auto"))
            world.daemon.ctl("reload")
        check(tap, world, re.sub(rf"\b(apply|explain|hold) {ADVISED}\b", rf"\1 {number}", command))
    side.join()
    check_files(tap, world)


def run(tap):
    """The host and its far side."""
    for program in ("jq", "openssl"):
        if not shutil.which(program):
            raise Skip(f"{program} is not installed")
    with tempfile.TemporaryDirectory(prefix="netopt-examples-") as directory, \
            harness.Lab() as lab, lab.link(rtt="1ms", rate="20M") as link:
        for namespace, words in ((lab.peer, f"addr add {FAR}/32 dev lo"),
                                 (lab.host, f"route add {NETWORK} via {link.peer_address}")):
            subprocess.run(["ip", "-n", namespace.name, *words.split()], check=True)
        certificate, key = make_certificate(
            directory, [link.peer_address, link.peer_address6], [WEB])
        lab.peer.started([sys.executable, SERVER, certificate, key])
        daemon = netopt.Daemon(lab.host, CONFIG.format(mode="observe"))
        world = World(directory, lab, link, daemon)
        daemon.prefix = world.argv('exec "${@:2}"')
        with Transfers(lab, FAR, seconds=60), daemon:
            time.sleep(HISTORY_SECONDS)
            run_all(tap, world)


if __name__ == "__main__":
    sys.exit(harness.main([("examples", run)]))
