#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What must hold when things go wrong: the daemon is stopped, killed, killed and started again, an
administrator changes a value under it, a second instance comes. No transfers: the values are fixed
by the configuration, which writes at once, so that each case takes a second."""
import os
import signal
import sys
import time

import harness
from netopt import Daemon

FIXED = """[Daemon]
Mode=auto
Interval=1s
[Tuning]
CongestionControl=bbr
Buffers=16M
FastOpen=3
"""
CC, RMEM, WMEM = ("net.ipv4.tcp_congestion_control", "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem")
TUNED = {CC: "bbr", RMEM: "4096\t131072\t16777216", WMEM: "4096\t16384\t16777216",
         "net.ipv4.tcp_fastopen": "3"}


def wait(condition, seconds=8.0):
    """Polls until the condition holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


def settings(namespace):
    """The tunables as they are."""
    return {key: namespace.sysctl(key) for key in TUNED}


class Case:
    """A namespace with a tuned daemon in it, and what was before."""

    def __init__(self, config=FIXED):
        self.stack = harness.contextlib.ExitStack()
        self.config = config

    def __enter__(self):
        harness.remove_stale_namespaces()
        self.stack.enter_context(harness.allowed_congestion_control("cubic", "bbr"))
        self.namespace = self.stack.enter_context(harness.Namespace("host"))
        self.namespace.set_sysctls(harness.KERNEL_DEFAULTS)
        self.before = self.namespace.snapshot()
        self.daemon = self.stack.enter_context(Daemon(self.namespace, self.config))
        return self

    def __exit__(self, *_):
        self.stack.close()

    def tuned(self):
        """Waits until every fixed value is in the kernel."""
        return wait(lambda: settings(self.namespace) == TUNED)

    def check_restored(self, tap, name):
        """Every sysctl of the namespace is byte for byte what it was."""
        changed = harness.difference(self.before, self.namespace.snapshot())
        if not tap.ok(not changed, f"{name}: every sysctl byte-equal to before", str(changed)):
            tap.note(self.daemon.log())


def stop(tap):
    """SIGTERM, SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        with Case() as case:
            tap.ok(case.tuned(), "tuned", str(settings(case.namespace)))
            started = time.monotonic()
            status = case.daemon.stop(number)
            tap.ok(status == 0, f"signal {number}: exit status 0", str(status))
            tap.ok(time.monotonic() - started < 1, f"signal {number}: within a second")
            case.check_restored(tap, f"stop by signal {number}")


def kill_and_recover(tap):
    """SIGKILL, then netoptd --recover."""
    with Case() as case:
        tap.ok(case.tuned(), "tuned")
        case.daemon.stop(signal.SIGKILL)
        tap.ok(settings(case.namespace) == TUNED, "killed: the values are still there")
        tap.ok(case.daemon.recover() == 0, "--recover: exit status 0")
        case.check_restored(tap, "SIGKILL and --recover")
        tap.ok(case.daemon.recover() == 0, "--recover once more: nothing to do")
        case.check_restored(tap, "--recover twice")


def kill_and_restart(tap):
    """SIGKILL, start, stop."""
    with Case() as case:
        tap.ok(case.tuned(), "tuned")
        case.daemon.stop(signal.SIGKILL)
        case.daemon.start()
        tap.ok("put back" in case.daemon.log(), "the new instance recovers first, and says so")
        tap.ok(case.tuned(), "and tunes again")
        original = case.daemon.tunable(CC)["original"]
        tap.ok(original == "cubic", "with the true original", original)
        case.daemon.stop()
        case.check_restored(tap, "SIGKILL, restart, stop")


def kill_often(tap):
    """SIGKILL at many moments of start-up and tuning."""
    with Case() as case:
        for i in range(25):
            case.daemon.stop(signal.SIGKILL)
            process = case.namespace.spawn(case.daemon.argv(), stderr=harness.subprocess.DEVNULL)
            time.sleep(i * 0.004)
            process.kill()
            process.wait()
        tap.ok(case.daemon.recover() == 0, "--recover after 25 kills")
        case.check_restored(tap, "25 kills in the first 100 ms")


def keep(tap):
    """OnStop=keep."""
    with Case(FIXED.replace("Interval=1s", "Interval=1s\nOnStop=keep")) as case:
        tap.ok(case.tuned(), "tuned")
        case.daemon.stop()
        tap.ok(settings(case.namespace) == TUNED, "OnStop=keep: the values stay")
        tap.ok("stays changed" in case.daemon.log(), "and it says so")
        tap.ok(case.daemon.recover() == 0 and settings(case.namespace) == TUNED,
               "--recover does not take back what was kept on purpose")


def foreign(tap):
    """An administrator's hand, while tuned and across stop."""
    with Case() as case:
        tap.ok(case.tuned(), "tuned")
        mine = "4096\t131072\t7777777"
        case.namespace.set_sysctls({RMEM: mine})
        tap.ok(wait(lambda: case.daemon.tunable(RMEM)["owner"] == "foreign"),
               "reported as foreign", str(case.daemon.tunable(RMEM)))
        time.sleep(2.5)
        tap.ok(case.namespace.sysctl(RMEM) == mine, "not written again")
        tap.ok(case.daemon.log().count("was changed by somebody else") >= 1, "logged")
        case.daemon.stop()
        tap.ok(case.namespace.sysctl(RMEM) == mine, "left alone by the stop")
        now = settings(case.namespace)
        tap.ok(now[CC] == "cubic" and now[WMEM] == "4096\t16384\t4194304",
               "what is ours went back", str(now))


def foreign_then_killed(tap):
    """An administrator's hand between a SIGKILL and the recovery."""
    with Case() as case:
        tap.ok(case.tuned(), "tuned")
        case.daemon.stop(signal.SIGKILL)
        mine = "4096\t131072\t7777777"
        case.namespace.set_sysctls({RMEM: mine})
        case.daemon.recover()
        tap.ok(case.namespace.sysctl(RMEM) == mine, "--recover leaves it alone")
        tap.ok(case.namespace.sysctl(CC) == "cubic", "and puts back the rest")
        tap.ok("somebody else's" in case.daemon.log(), "and says so")


def revert_and_pause(tap):
    """The verbs that change, over the socket."""
    with Case() as case:
        tap.ok(case.tuned(), "tuned")
        change = next(c for c in case.daemon.changes() if c["tunables"][0]["key"] == CC)
        case.daemon.call("Pause")
        case.daemon.call("Revert", id=change["id"])
        tap.ok(case.namespace.sysctl(CC) == "cubic", "revert ID puts it back")
        tap.ok(case.namespace.sysctl(WMEM).endswith("16777216"), "and only it")
        case.daemon.call("Revert", all=True)
        case.check_restored(tap, "revert all")
        case.daemon.call("Resume")


def reload(tap):
    """SIGHUP with a good and a bad configuration."""
    with Case() as case:
        tap.ok(case.tuned(), "tuned")
        case.daemon.write_config("[Tuning]\nBufers=16M\n")
        os.kill(case.daemon.process.pid, signal.SIGHUP)
        tap.ok(wait(lambda: case.daemon.call("GetStatus")["lastReloadError"] is not None),
               "a bad reload is reported")
        tap.ok("did you mean" in case.daemon.log() and settings(case.namespace) == TUNED,
               "the old configuration stays in force")
        case.daemon.write_config("[Daemon]\nMode=observe\n")
        os.kill(case.daemon.process.pid, signal.SIGHUP)
        tap.ok(wait(lambda: settings(case.namespace)[CC] == "cubic"),
               "a good reload takes back what is no longer fixed", str(settings(case.namespace)))
        tap.ok(case.daemon.call("GetStatus")["lastReloadError"] is None, "and clears the error")


def second_instance(tap):
    """A second daemon says who holds the lock."""
    with Case() as case:
        done = case.namespace.run(case.daemon.argv())
        tap.ok(done.returncode == 1, "a second instance exits 1", str(done.returncode))
        tap.ok(f"pid {case.daemon.process.pid}" in done.stderr, "and says who holds it",
               done.stderr.strip()[:200])
        case.daemon.call("GetStatus")


def no_state_directory(tap):
    """A state directory that cannot be used: measuring only."""
    with Case("[Daemon]\nMode=observe\n") as case:
        case.daemon.stop()
        case.daemon.write_config(FIXED)
        case.daemon.state = "/proc/no-such-directory/state"
        case.daemon.start()
        time.sleep(2)
        status = case.daemon.call("GetStatus")
        tap.ok(not status["tuning"]["possible"] and "state directory" in status["tuning"]["reason"],
               "it says why nothing is tuned", str(status["tuning"]))
        case.check_restored(tap, "nothing was written")


def unresolved(tap):
    """No DNS: the daemon starts all the same, at once."""
    config = "[Endpoint nowhere]\nUrl=tcp://no.such.host.example:443\nInterval=200ms\n"
    with Case("[Daemon]\nMode=observe\n") as case:
        case.daemon.write_config(config)
        # A busy machine may be slow; waiting for DNS would be slow every time, and slower: 5 s is
        # what a resolver waits. The bench "ready" looks at milliseconds.
        for _ in range(3):
            case.daemon.stop()
            started = time.monotonic()
            case.daemon.start()
            seconds = time.monotonic() - started
            if seconds < 2:
                break
        tap.ok(seconds < 2, "started without waiting for DNS", f"{seconds * 1000:.0f} ms")
        tap.ok(wait(lambda: case.daemon.call("GetStatus")["endpointsUnresolved"] == 1, 15),
               "the endpoint is unresolved")
        row = case.daemon.call("ListEndpoints")["endpoints"][0]
        tap.ok(row["windows"][0]["p50Usec"] is None, "and has no latency, not 0", str(row))


def lessons(tap):
    """What was learned is garbage, somebody else's, or cannot be stored: tuning goes on."""
    with Case() as case:
        file = os.path.join(case.daemon.state, "lessons")
        case.daemon.stop()
        with open(file, "w", encoding="utf-8") as out:
            out.write("netopt-lessons 1\nboot x\n")
        case.daemon.start()
        tap.ok("the file was damaged" in case.daemon.log(), "a damaged file is reported")
        tap.ok(os.path.exists(file + ".damaged") and not os.path.exists(file), "and set aside")
        tap.ok(case.tuned(), "and tuning goes on")
        case.daemon.stop()
        os.symlink("/etc/hostname", file)
        case.daemon.start()
        tap.ok("learned before cannot be read" in case.daemon.log(), "a symlink is not followed")
        tap.ok(case.tuned() and os.path.islink(file), "and left where it is")
        case.daemon.stop()
        case.check_restored(tap, "stop with a symlink for the lessons")


def administered(tap):
    """What sysctl.d sets is left alone, unless OverrideSysctl=yes, also on reload."""
    with Case("[Daemon]\nMode=observe\n") as case:
        directory = os.path.join(case.daemon.directory, "sysctl.d")
        case.daemon.stop()
        os.mkdir(directory)
        with open(os.path.join(directory, "50-admin.conf"), "w", encoding="utf-8") as file:
            file.write("# mine\nnet.ipv4.tcp_congestion_control = cubic\n")
        os.unlink(case.daemon.drop_in)
        case.daemon.write_config(FIXED)
        case.daemon.prefix = ["unshare", "--mount", "sh", "-c",
                              f"mount --bind {directory} /etc/sysctl.d && exec \"$@\"", "sh"]
        case.daemon.start()
        tap.ok(wait(lambda: case.namespace.sysctl(WMEM) == TUNED[WMEM]), "the rest is tuned")
        time.sleep(1.5)
        tap.ok(case.namespace.sysctl(CC) == "cubic", "what the administrator set is not")
        row = case.daemon.tunable(CC)
        tap.ok(row["administered"] == "/etc/sysctl.d/50-admin.conf", "it says where it is set",
               str(row))
        reasons = [row["idleReason"] for row in case.daemon.call("GetStatus")["controllers"]]
        tap.ok(any(reason and "OverrideSysctl=yes" in reason for reason in reasons),
               "and what would allow it", str(reasons))
        case.daemon.write_config(FIXED + "OverrideSysctl=yes\n")
        os.kill(case.daemon.process.pid, signal.SIGHUP)
        tap.ok(case.tuned(), "with OverrideSysctl=yes it is tuned, too",
               str(settings(case.namespace)))
        case.daemon.stop()
        case.check_restored(tap, "administered")


def trial_aa(tap):
    """A trial that cannot begin says why."""
    with Case("[Daemon]\nMode=observe\n") as case:
        for address in ("192.0.2.1", "2001:db8::1"):
            done = case.daemon.ctl("trial", "aa", address)
            tap.ok(done.returncode == 1 and done.stderr.strip(), f"{address}: refused, with a word",
                   done.stdout + done.stderr)
        tap.ok(case.daemon.ctl("trials", "--json").stdout.strip() == '{"trials":[]}', "no trial")
        tap.ok(case.daemon.ctl("routes", "--json").stdout.strip() == '{"routes":[],"total":0}',
               "no route")


CASES = [stop, kill_and_recover, kill_and_restart, kill_often, keep, foreign, foreign_then_killed,
         revert_and_pause, reload, second_instance, no_state_directory, unresolved, lessons,
         administered, trial_aa]

if __name__ == "__main__":
    sys.exit(harness.main([(case.__name__, case) for case in CASES]))
