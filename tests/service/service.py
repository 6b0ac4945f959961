# SPDX-License-Identifier: MIT
"""netoptd.service in a Machine: its verbs, and what the tests read of it."""
import contextlib
import os
import re
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../net"))
import idl  # noqa: E402  pylint: disable=wrong-import-position

UNIT = "netoptd.service"
SOCKET = "/run/netopt/netoptd.sock"
DROP_IN = "/etc/netopt.conf.d/50-test.conf"
UNIT_DROP_IN = f"/etc/systemd/system/{UNIT}.d/50-test.conf"
ANNOUNCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../daemon/announce.h")

# What the fixed values below make of the machine's. reno is the one congestion control that every
# namespace may always use, and never the default.
TUNING = "[Tuning]\nBuffers=16M\nFastOpen=both\nCongestionControl=reno\n"
TUNED = {"net.ipv4.tcp_fastopen": "3", "net.ipv4.tcp_congestion_control": "reno"}
BUFFER = {"net.ipv4.tcp_rmem": 16 << 20, "net.ipv4.tcp_wmem": 16 << 20}


def message_ids():
    """The message ids that the daemon uses, by name."""
    with open(ANNOUNCE, encoding="utf-8") as file:
        return dict(re.findall(r"ANNOUNCE_(\w+)_ID\s+\"([0-9a-f]{32})\"", file.read()))


def wait_for(condition, seconds, interval=0.05):
    """What the condition gives once it is true, or gave last."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            return value
        time.sleep(interval)


def mount_of(mountinfo, path):
    """(device, may be written to) of what is mounted at the path, from the text of mountinfo."""
    best = None
    for line in mountinfo.splitlines():
        fields = line.split()
        point = fields[4].rstrip("/")
        if (path + "/").startswith(point + "/") and (best is None or len(point) >= len(best[4])):
            best = [*fields[:4], point, *fields[5:]]
    options = best[5].split(",") + best[-1].split(",")
    return best[2], "ro" not in options


class Service:
    """The unit in a machine. Verbs return what the commands gave; the tests judge."""

    def __init__(self, machine):
        self.machine = machine
        self.originals = None

    def systemctl(self, verb, *arguments):
        """systemctl VERB netoptd: (exit status, its messages, seconds it took)."""
        begin = time.monotonic()
        done = self.machine.run("systemctl", verb, *arguments, UNIT, timeout=60)
        return done.returncode, done.stderr.strip(), time.monotonic() - begin

    def must(self, verb, *arguments):
        """The same, and raises unless it succeeds."""
        status, message, seconds = self.systemctl(verb, *arguments)
        if status != 0:
            raise RuntimeError(f"systemctl {verb}: {message or status}: {self.log_tail()}")
        return seconds

    def show(self):
        """Its properties."""
        return self.machine.show(UNIT)

    def pid(self):
        """Of the running daemon; 0 if there is none."""
        return int(self.show()["MainPID"])

    def active(self):
        """Whether it runs."""
        return self.show()["ActiveState"] == "active"

    def log_tail(self):
        """The last lines, for a failed check."""
        done = self.machine.run("journalctl", "--no-pager", "-n", "6", "-o", "cat", "-u", UNIT)
        return " | ".join(done.stdout.splitlines())

    def log(self, *matches):
        """What netoptd itself logged."""
        return self.machine.journal("_SYSTEMD_UNIT=" + UNIT, "_COMM=netoptd", *matches)

    def logged(self, text, count=1):
        """Waits until a line with this text was logged for the `count`th time."""
        return wait_for(lambda: sum(text in record.get("MESSAGE", "")
                                    for record in self.log()) >= count, 5)

    def call(self, method, **parameters):
        """A method of org.netopt.Daemon; its reply's parameters."""
        name = "org.netopt.Daemon." + method
        reply = self.machine.varlink(SOCKET, name, **parameters)
        idl.check(name, reply)
        if "error" in reply:
            raise RuntimeError(f"{method}: {reply}")
        return reply["parameters"]

    # --- configuration ---

    def configure(self, text):
        """Replaces the drop-in; takes effect with start or reload."""
        self.machine.write(DROP_IN, text)

    @contextlib.contextmanager
    def unit_drop_in(self, text):
        """Changes the unit for a while."""
        self.machine.write(UNIT_DROP_IN, text)
        self.machine.output("systemctl", "daemon-reload")
        try:
            yield
        finally:
            self.machine.remove(UNIT_DROP_IN)
            self.machine.output("systemctl", "daemon-reload")

    # --- values ---

    def remember(self):
        """The values that have to come back."""
        self.originals = self.machine.sysctls()

    def differences(self):
        """What is not as it was, as text; "" if everything is, byte for byte."""
        now = self.machine.sysctls()
        return "; ".join(f"{path}: {self.originals.get(path)!r} → {now.get(path)!r}"
                         for path in sorted(self.originals.keys() | now.keys())
                         if self.originals.get(path) != now.get(path))

    def restored(self, seconds=0.0):
        """Waits for everything to be as it was."""
        return wait_for(lambda: not self.differences(), seconds)

    def untuned(self):
        """Which of the fixed values of TUNING are not in force, as text; "" if all are."""
        wrong = []
        for key, value in TUNED.items():
            now = self.machine.sysctl(key)
            if now != value:
                wrong.append(f"{key} is {now}")
        for key, value in BUFFER.items():
            now = self.machine.sysctl(key)
            if now.split()[2] != str(value):
                wrong.append(f"{key} is {now}")
        return "; ".join(wrong)

    def tuned(self, seconds=5.0):
        """Waits for all of them."""
        return wait_for(lambda: not self.untuned(), seconds)
