#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""netoptd.service under a real systemd: installed, started, steered, killed, hung, stopped, with
the journal and every sysctl of its network namespace read back.

The groups run in order on one machine. Each leaves the service stopped or running as the next one
expects it, and what must never happen (an error in the log that nobody caused, a system call
denied) is checked at the end for all of them together. With --prepare it makes the root file system
of the machine, and no more.
"""
import os
import socket
import sys
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../net"))
# pylint: disable=wrong-import-position
import machine as machines
import rootfs
from service import (SOCKET, TUNING, UNIT, Service, message_ids, mount_of, wait_for)
from tap import Skip, Tap

STOP_SECONDS = 2.0
READY_SECONDS = 0.1
ROUNDS = 10
ENDPOINTS = """
[Endpoint local]
Url=tcp://127.0.0.1:7007
Interval=200ms

[Endpoint nameless]
Url=tcp://silent.example:443
Interval=1s
"""
BUFFER = str(16 << 20)
BY_HAND = "setsid netoptd >/dev/null 2>&1 & echo $!"
CAP_NET_ADMIN = 1 << 12


def ready_usec(properties):
    """From fork to READY=1."""
    return int(properties["ActiveEnterTimestampMonotonic"]) - \
        int(properties["ExecMainStartTimestampMonotonic"])


def put_away(tap, service, what):
    """Stops the service and has everything as it was."""
    seconds = service.must("stop")
    differences = service.differences()
    tap.ok(not differences, f"{what}: stop leaves every value as it was", differences)
    tap.ok(seconds < STOP_SECONDS, f"{what}: stop is quick", f"{seconds:.2f} s")


def test_install(tap, service):
    """What a package would do after unpacking, and what is there then."""
    machine = service.machine
    done = machine.run("systemd-sysusers")
    passwd = machine.run("getent", "passwd", "netopt").stdout.split(":")
    tap.ok(done.returncode == 0 and len(passwd) > 6 and passwd[6].strip().endswith("nologin"),
           "systemd-sysusers makes the user, who cannot log in", ":".join(passwd).strip())
    tap.ok(machine.run("getent", "group", "netopt").returncode == 0, "and the group")

    machine.output("journalctl", "--update-catalog")
    listed = machine.output("journalctl", "--list-catalog").lower()
    missing = [name for name, number in message_ids().items() if number not in listed]
    tap.ok(not missing, "every message id is in the catalog of the journal", ", ".join(missing))
    done = machine.run("systemd-analyze", "verify", "/usr/lib/systemd/system/" + UNIT)
    complaints = [line for line in done.stderr.splitlines()
                  if "netopt" in line and "man " not in line]  # the pages are there, man(1) is not
    tap.ok(not complaints, "systemd-analyze verify has nothing to say", "; ".join(complaints))
    done = machine.run("/usr/sbin/netoptd", "--check-config")
    tap.ok(done.returncode == 0, "the configuration installed is valid", done.stderr.strip())
    tap.ok(service.systemctl("enable")[0] == 0, "the unit can be enabled")


def test_start(tap, service):
    """READY comes when it is true, and does not wait for a name server that says nothing."""
    service.remember()
    service.configure(ENDPOINTS)
    seconds = service.must("start")
    reply = service.call("GetStatus")
    tap.ok(reply, "the control socket answers as soon as start returns")
    properties = service.show()
    tap.ok(properties["ActiveState"] == "active" and properties["Type"] == "notify",
           "active", f"{seconds:.2f} s, READY after {ready_usec(properties) / 1000:.0f} ms")
    tap.ok("Mode=" in properties["StatusText"], "STATUS= is set", properties["StatusText"])
    tap.ok(not service.differences(), "starting changes nothing", service.differences())


def test_privileges(tap, service):
    """The process as the kernel sees it."""
    machine, pid = service.machine, service.pid()
    text = machine.output("cat", f"/proc/{pid}/status")
    status = dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
    uid = machine.output("id", "-u", "netopt").strip()
    gid = machine.output("id", "-g", "netopt").strip()
    tap.ok(set(status["Uid"].split()) == {uid} and uid != "0", "runs as netopt", status["Uid"])
    tap.ok(set(status["Gid"].split() + status["Groups"].split()) == {gid}, "in the group netopt",
           status["Gid"])
    for name in ("CapEff", "CapPrm", "CapBnd"):
        tap.ok(int(status[name], 16) == CAP_NET_ADMIN, f"{name} is CAP_NET_ADMIN and nothing else",
               status[name])
    tap.ok(status["NoNewPrivs"] == "1" and status["Seccomp"] == "2",
           "no new privileges, and system calls are filtered")

    mounts = machine.output("cat", f"/proc/{pid}/mountinfo")
    for path, writable in {"/usr": False, "/etc": False, "/home": False, "/proc/sys/kernel": False,
                           "/proc/sys/vm": False, "/sys/fs/cgroup": False, "/proc/sys/net": True,
                           "/var/lib/netopt": True, "/run/netopt": True}.items():
        tap.ok(mount_of(mounts, path)[1] == writable,
               f"{path} {'can' if writable else 'cannot'} be written")
    modes = machine.output("stat", "-c", "%U %G %a", "/var/lib/netopt", "/run/netopt", SOCKET)
    tap.ok(modes.splitlines() == ["netopt netopt 700", "netopt netopt 755", "netopt netopt 666"],
           "state is private, the control socket is for everybody", modes.replace("\n", ", "))


def test_endpoints(tap, service):
    """Measuring works from inside the sandbox: sockets, TCP_INFO, a resolver without answer."""
    def endpoint(name):
        return {one["name"]: one for one in service.call("ListEndpoints")["endpoints"]}[name]

    tap.ok(wait_for(lambda: endpoint("local")["state"] == "up", 5), "an endpoint is up",
           endpoint("local")["state"])
    tap.ok(wait_for(lambda: any(window["p50Usec"] for window in endpoint("local")["windows"]), 10),
           "its latency is measured")
    tap.ok(endpoint("nameless")["state"] in ("pending", "unresolved"),
           "one without address hurts nobody", endpoint("nameless")["state"])


def test_measure(tap, service):
    """netoptctl finds its program where it was installed, and nobody needs a right."""
    done = service.machine.run("netoptctl", "measure", "-n", "2", "-i", "10ms", "127.0.0.1:1",
                               user="65534")
    tap.ok(done.returncode == 1 and "2 of 2" in done.stdout and "refuses" in done.stderr,
           "netoptctl measure by nobody", done.stderr.strip().replace("\n", " "))


def test_netoptctl(tap, service):
    """The command, by root, by anybody and by a member of the group."""
    machine = service.machine
    if machine.run("test", "-x", "/usr/bin/netoptctl").returncode != 0:
        raise Skip("netoptctl is not built")
    for who, user, group, status in (("root", None, None, 0), ("anybody", "65534", None, 4),
                                     ("a member of netopt", "65534", "netopt", 0)):
        done = machine.run("netoptctl", "status", user=user, group=group)
        tap.ok(done.returncode == 0 and done.stdout, f"netoptctl status by {who}",
               " ".join(done.stderr.split()))
        done = machine.run("netoptctl", "reload", user=user, group=group)
        tap.ok(done.returncode == status, f"netoptctl reload by {who}: exit status {status}",
               f"{done.returncode}, {' '.join(done.stderr.split())}")


def test_change(tap, service):
    """Fixed values, by reload; the log tells each."""
    service.configure(ENDPOINTS + TUNING)
    service.must("reload")
    tap.ok(service.tuned(), "reload applies what the configuration fixes", service.untuned())
    written = {record.get("NETOPT_SYSCTL"): record
               for record in service.log(f"MESSAGE_ID={message_ids()['WRITTEN']}")}
    expected = {"net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem", "net.ipv4.tcp_fastopen",
                "net.ipv4.tcp_congestion_control"}
    tap.ok(expected <= set(written), "each write is in the journal with its NETOPT_SYSCTL",
           ", ".join(sorted(map(str, written))))
    record = written.get("net.ipv4.tcp_congestion_control", {})
    tap.ok(record.get("NETOPT_NEW") == "reno" and record.get("NETOPT_OLD", "reno") != "reno" and
           record.get("NETOPT_CHANGE") and record.get("PRIORITY") == "5" and
           record.get("CODE_FILE"), "with old and new value, change, priority and place",
           record.get("MESSAGE", "none"))
    status = service.show()["StatusText"]
    tap.ok("0 changes" not in status and "in force" in status, "STATUS= follows", status)


def test_reload(tap, service):
    """A bad configuration changes nothing; a good one only what it says."""
    pid = service.pid()
    service.configure(ENDPOINTS + TUNING + "[Daemon]\nModus=auto\nInterval=never\n")
    service.must("reload")
    tap.ok(service.logged("Modus") and service.logged("never"),
           "every problem of an invalid configuration is logged")
    tap.ok(service.logged("old one stays"), "and that the old one stays in force")
    tap.ok(not service.untuned() and service.active() and service.pid() == pid,
           "it does, and the daemon runs on", service.untuned())

    service.configure(ENDPOINTS + TUNING.replace("FastOpen=both\n", ""))
    service.must("reload")
    fastopen = "net.ipv4.tcp_fastopen"
    original = service.originals[fastopen].decode().strip()
    tap.ok(wait_for(lambda: service.machine.sysctl(fastopen) == original, 5),
           "what is fixed no longer goes back to its original")
    tap.ok(service.machine.sysctl("net.ipv4.tcp_congestion_control") == "reno" and
           service.pid() == pid, "and the rest stays")

    service.configure(ENDPOINTS + TUNING)
    for _ in range(ROUNDS):
        service.must("reload")
    tap.ok(service.tuned() and service.pid() == pid and service.active(),
           f"{ROUNDS} reloads on end", service.untuned())


def test_restart(tap, service):
    """A restart gives everything back in between, and has it again after."""
    restored = len(service.log(f"MESSAGE_ID={message_ids()['RESTORED']}"))
    service.must("restart")
    tap.ok(service.tuned(), "restart ends with the values in force", service.untuned())
    count = len(service.log(f"MESSAGE_ID={message_ids()['RESTORED']}")) - restored
    tap.ok(count == 4, "having put all of them back before", f"{count} put back")


def crash_and_watch(tap, service, what, crash, seconds):
    """What must follow on any death: originals, then a new daemon, then the values again."""
    before = service.show()
    service.machine.output("journalctl", "--rotate")
    crash()
    tap.ok(service.restored(seconds), f"{what}: the originals are back", service.differences())
    properties = service.show()
    tap.ok(properties["MainPID"] == "0" and properties["ActiveState"] != "active",
           f"{what}: before the daemon is", f"{properties['ActiveState']}, "
           f"{properties['SubState']}, result {properties['Result']}")
    tap.ok(wait_for(lambda: service.active() and service.pid() != int(before["MainPID"]), 10) and
           service.tuned(), f"{what}: the next one starts, and tunes again", service.untuned())
    tap.ok(int(service.show()["NRestarts"]) == int(before["NRestarts"]) + 1,
           f"{what}: it was one restart")
    record = service.log(f"MESSAGE_ID={message_ids()['RESTORED']}")[-1]
    tap.ok(record["_PID"] not in (before["MainPID"], str(service.pid())),
           f"{what}: it was --recover that put them back", record["MESSAGE"])


def test_kill(tap, service):
    """SIGKILL, which no daemon can do anything about."""
    crash_and_watch(tap, service, "kill -9",
                    lambda: service.must("kill", "--signal=KILL", "--kill-who=main"), 2)


def test_watchdog(tap, service):
    """The event loop pets the watchdog; when it hangs, systemd ends it."""
    tap.ok(service.show()["WatchdogUSec"] == "30s", "the watchdog is set")
    with service.unit_drop_in("[Service]\nWatchdogSec=1s\n"):
        service.must("restart")
        tap.ok(service.tuned(), "a watchdog of 1 s: it starts", service.untuned())
        stamps = set()
        end = time.monotonic() + 2.4
        while time.monotonic() < end:
            stamps.add(service.show()["WatchdogTimestampMonotonic"])
            time.sleep(0.1)
        tap.ok(4 <= len(stamps) <= 8 and service.active(), "notifications come each 0.5 s",
               f"{len(stamps)} in 2.4 s")
        crash_and_watch(tap, service, "hung",
                        lambda: service.must("kill", "--signal=STOP", "--kill-who=main"), 5)
        result = service.machine.journal(f"UNIT={UNIT}", "-n", "30")
        tap.ok(any("Watchdog timeout" in record["MESSAGE"] for record in result),
               "hung: systemd says why")
    service.must("restart")
    tap.ok(service.tuned(), "the watchdog of the unit again", service.untuned())


def test_second(tap, service):
    """There is one netoptd; another one says whose turn it is."""
    pid = service.pid()
    for arguments in ([], ["--recover"]):
        done = service.machine.run("/usr/sbin/netoptd", *arguments)
        tap.ok(done.returncode == 1 and str(pid) in done.stderr,
               f"a second netoptd {' '.join(arguments)} is told of the first", done.stderr.strip())
    tap.ok(not service.untuned() and service.pid() == pid, "and changes nothing",
           service.untuned())


def test_foreign(tap, service):
    """A value that somebody else has written is theirs, on stop, too."""
    machine, key = service.machine, "net.ipv4.tcp_fastopen"
    path = "/proc/sys/" + key.replace(".", "/")
    original = service.originals["net.ipv4.tcp_fastopen"]
    machine.output("sh", "-c", f"echo 2 > {path}")
    service.must("stop")
    tap.ok(machine.sysctl(key) == "2", "a value changed by hand is left alone on stop")
    tap.ok(service.log(f"MESSAGE_ID={message_ids()['FOREIGN']}"), "and the log says so")
    machine.output("sh", "-c", f"echo {original.decode().strip()} > {path}")
    tap.ok(not service.differences(), "everything else is back", service.differences())
    service.must("start")
    tap.ok(service.tuned(), "a new start has no memory of it", service.untuned())


def test_stop(tap, service):
    """The plain case."""
    put_away(tap, service, "plain")
    properties = service.show()
    tap.ok(properties["Result"] == "success" and properties["ExecMainStatus"] == "0",
           "plain: with success", properties["Result"])
    machine = service.machine
    tap.ok(machine.run("test", "-e", "/run/netopt").returncode != 0 and
           machine.run("test", "-e", "/var/lib/netopt/journal").returncode != 0,
           "plain: neither the socket nor a journal stays")


def test_keep(tap, service):
    """OnStop=keep leaves the values, also in the face of ExecStopPost=, and says so."""
    service.configure(TUNING + "[Daemon]\nOnStop=keep\n")
    service.must("start")
    tap.ok(service.tuned(), "keep: values in force", service.untuned())
    service.must("stop")
    tap.ok(not service.untuned(), "keep: they stay after stop", service.untuned())
    tap.ok(service.logged("OnStop=keep: stays changed"), "keep: and the log says so")
    write_back(service)
    tap.ok(not service.differences(), "keep: put back by hand", service.differences())


def write_back(service):
    """The originals, by root."""
    for name in ("tcp_rmem", "tcp_wmem", "tcp_fastopen", "tcp_congestion_control"):
        value = service.originals[f"net.ipv4.{name}"].decode().strip()
        service.machine.output("sh", "-c", f"echo '{value}' > /proc/sys/net/ipv4/{name}")


def test_rounds(tap, service):
    """Again and again, with each denied system call a death instead of an error."""
    service.configure(ENDPOINTS + "[Tuning]\nBuffers=16M\n")  # takes effect at once
    times, problems = [], []
    with service.unit_drop_in("[Service]\nSystemCallErrorNumber=kill\n"):
        for _ in range(ROUNDS):
            service.machine.output("systemctl", "reset-failed")
            service.must("start")
            wmem = wait_for(lambda: service.machine.sysctl("net.ipv4.tcp_wmem").endswith(BUFFER), 5)
            if not wmem:
                problems.append("not tuned")
            times.append(service.must("stop"))
            if service.differences() or service.show()["Result"] != "success":
                problems.append(service.show()["Result"] + service.differences())
    tap.ok(not problems, f"{ROUNDS} times start and stop under a filter that kills",
           "; ".join(problems))
    tap.ok(max(times) < STOP_SECONDS, "each stop is quick", f"at most {max(times):.2f} s")


def test_root(tap, service):
    """What the service left root can put back, and the other way round."""
    machine = service.machine
    service.configure(TUNING)
    with service.unit_drop_in("[Service]\nExecStopPost=\nRestart=no\n"):
        service.must("start")
        tap.ok(service.tuned(), "without ExecStopPost=: values in force", service.untuned())
        service.must("kill", "--signal=KILL", "--kill-who=main")
        wait_for(lambda: not service.active(), 5)
        tap.ok(not service.untuned(), "without ExecStopPost=: they survive kill -9")
        done = machine.run("/usr/sbin/netoptd", "--recover")
        tap.ok(done.returncode == 0 and not service.differences(),
               "root puts back what the service left", done.stderr.strip().splitlines()[-1])
        machine.output("systemctl", "reset-failed")

    pid = machine.output("sh", "-c", BY_HAND).strip()
    tap.ok(service.tuned(), "by hand, by root, with the directory of the service",
           service.untuned())
    machine.output("kill", "-KILL", pid)
    owner = machine.output("stat", "-c", "%U %a", "/var/lib/netopt/journal").strip()
    tap.ok(owner == "netopt 600", "the journal is the service's all the same", owner)
    service.configure(ENDPOINTS)
    service.must("start")
    tap.ok(service.restored(2), "the service puts back what root left", service.differences())
    service.must("stop")


def test_plain_proc(tap, service):
    """As on a host: /proc/sys/net is no mount of its own there, as it is in a container."""
    machine = service.machine
    machine.output("sh", "-c", "while umount -l $(awk '$5 ~ \"^/proc/\" { print $5; exit }' "
                   "/proc/self/mountinfo) 2>/dev/null; do :; done; ! grep -q ' /proc/' "
                   "/proc/self/mountinfo")
    service.configure(TUNING)
    service.must("start")
    tap.ok(service.tuned(), "plain /proc: values in force", service.untuned())
    mounts = machine.output("cat", f"/proc/{service.pid()}/mountinfo")
    host = mount_of(machine.output("cat", "/proc/1/mountinfo"), "/proc")[0]
    tap.ok(mount_of(mounts, "/proc/sys/net") == (host, True) and
           mount_of(mounts, "/proc/self")[0] != host,
           "plain /proc: netoptd has the host's /proc/sys/net within a /proc of its own")
    for name in ("kernel", "vm", "fs"):
        tap.ok(not mount_of(mounts, f"/proc/sys/{name}")[1],
               f"plain /proc: /proc/sys/{name} cannot be written")
    put_away(tap, service, "plain /proc")


def test_without_journald(tap, service):
    """Nobody takes the log: the work goes on."""
    machine = service.machine
    units = ["systemd-journald.socket", "systemd-journald-dev-log.socket",
             "systemd-journald-audit.socket", "systemd-journald.service"]
    machine.run("systemctl", "stop", *units)
    gone = machine.run("systemctl", "is-active", "systemd-journald.service").stdout.strip()
    tap.ok(gone != "active", "journald is stopped", gone)
    service.must("start")
    tap.ok(service.tuned(), "without journald: values in force", service.untuned())
    put_away(tap, service, "without journald")
    machine.run("systemctl", "start", *units)


def test_notify(tap, service):
    """The words for the service manager, and when: asked for by hand, as only so each is seen."""
    machine, path = service.machine, "/run/netopt-notify"
    service.configure(ENDPOINTS)

    def until(word):
        words = []
        while not words or not words[-1].startswith(word):
            words.append(manager.recv(4096).decode())
        return words

    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.settimeout(5)
        manager.bind(f"/proc/{machine.leader}/root{path}")
        times = []
        for _ in range(3):
            begin = time.monotonic()
            pid = machine.output("sh", "-c", f"NOTIFY_SOCKET={path} WATCHDOG_USEC=200000 "
                                 + BY_HAND).strip()
            start = until("READY=1")
            times.append(time.monotonic() - begin)
            machine.output("kill", "-HUP", pid)
            reload = until("RELOADING=1") + until("READY=1")
            watchdog = until("WATCHDOG=1")
            machine.output("kill", pid)
            stop = until("STOPPING=1")
            wait_for(lambda: machine.run("kill", "-0", pid).returncode != 0, 5)
    tap.ok(min(times) < READY_SECONDS, "READY within 100 ms, the name server being silent",
           ", ".join(f"{seconds * 1000:.0f} ms" for seconds in times))
    tap.ok(len(start) == 1 and "STATUS=Mode=" in start[0], "READY comes once, and first",
           repr(start))
    told = [word for word in reload if word.startswith(("RELOADING", "READY"))]
    tap.ok(len(told) == 2 and "MONOTONIC_USEC=" in told[0],
           "a reload is told with its time, and its end", repr(told))
    tap.ok(watchdog and "STATUS=" in stop[-1], "WATCHDOG= and STOPPING=, too", repr(stop[-1]))


def test_log(tap, service):
    """Nothing went wrong but what was made to go wrong."""
    # The lines of the invalid configuration, and the instance that may not run.
    expected = ("Modus", "Interval", "never", "old one stays", "another netoptd")
    errors = [record["MESSAGE"] for record in service.log("-p", "err")]
    unexpected = [text for text in errors if not any(word in text for word in expected)]
    tap.ok(not unexpected, "no error in the log but those provoked", "; ".join(unexpected))
    manager = [record["MESSAGE"] for record in service.machine.journal(f"UNIT={UNIT}")]
    denied = [text for text in manager if "SYS" in text]
    tap.ok(not denied, "no system call was denied", "; ".join(denied))
    # ExecStopPost= failing, an option that this systemd does not know, a timeout.
    wrong = [text for text in manager if any(word in text for word in (
        "Unknown", "Failed at step", "timed out", "exited, status=", "ignoring"))]
    tap.ok(not wrong, "systemd has nothing to complain of", "; ".join(wrong))


GROUPS = [test_install, test_start, test_privileges, test_endpoints, test_netoptctl, test_measure,
          test_change, test_reload, test_restart, test_kill, test_watchdog, test_second,
          test_foreign, test_stop, test_keep, test_rounds, test_root, test_plain_proc,
          test_without_journald, test_notify, test_log]


def run_groups(tap, machine):
    """All groups on one machine, which is booted."""
    version = machine.output("systemctl", "--version").splitlines()[0]
    tap.note(f"{version}, Linux {os.uname().release}")
    service = Service(machine)
    # One that accepts, and a name server that hears and says nothing.
    with machine.bound_socket(socket.SOCK_STREAM, ("127.0.0.1", 7007)) as listener, \
            machine.bound_socket(socket.SOCK_DGRAM, ("127.0.0.1", 53)):
        listener.listen(4096)
        for group in GROUPS:
            begin = time.monotonic()
            tap.group(group.__name__, group, service)
            tap.note(f"{group.__name__}: {time.monotonic() - begin:.1f} s")


def programs_of(build):
    """What is to run in the machine."""
    paths = [os.path.join(build, *parts)
             for parts in (("daemon", "netoptd"), ("cli", "netoptctl"))]
    return [path for path in paths if os.path.exists(path)]


def prepare(tap, build):
    """The root file system alone, so that it can be made beside tests that wait."""
    with rootfs.cached(programs_of(build), tap.note) as root:
        tap.ok(os.path.isdir(os.path.join(root, "usr")), "a root file system", root)


def run(tap, build):
    """Makes the machine and runs all on it. Raises Unavailable if none can be had here."""
    with rootfs.cached(programs_of(build), tap.note) as root:
        try:
            with machines.Machine(root) as machine:
                machine.install(build)
                machine.write("/etc/resolv.conf", "nameserver 127.0.0.1\n")
                machine.boot()
                with open(rootfs.marker(root), "w", encoding="ascii"):
                    pass
                run_groups(tap, machine)
        except machines.Unavailable as reason:
            if not os.path.exists(rootfs.marker(root)):
                raise
            raise RuntimeError("the machine does not boot, as it did before") from reason


def main():
    """TAP on stdout."""
    build = os.environ.get("NETOPT_BUILD")
    if not build:
        print("1..0 # SKIP NETOPT_BUILD (the meson build directory) is not set")
        return 0
    tap = Tap()
    try:
        machines.check()
        machines.own_mounts()
        (prepare if "--prepare" in sys.argv else run)(tap, build)
    except (machines.Unavailable, rootfs.Unavailable) as reason:
        print(f"1..0 # SKIP {reason}")
        return 0
    except Exception as error:  # a failure like every other, and not only of this program
        tap.note(traceback.format_exc())
        tap.ok(False, "the machine", f"{type(error).__name__}: {error}")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
