#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""netoptctl watch in a real terminal: what is seen, what the keys do, and that the terminal is as it
was before, however it ends."""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../net"))
# pylint: disable=wrong-import-position
import harness
from netopt import Daemon
from scripted import Scripted, change, endpoint
from tap import Tap
from tmux import PROMPT, SIGNALS, Terminal, alive, wait_gone

PROGRAM = "netopt-watch"
FAST = "--interval 100ms"


class Bench:
    """A daemon that says what is wanted, and a terminal with a shell."""

    def __init__(self, columns=80, rows=24, environment=None, streams=True):
        self.directory = tempfile.mkdtemp(prefix="netopt-watch-")
        self.socket = os.path.join(self.directory, "sock")
        self.daemon = Scripted(self.socket, streams).start()
        self.terminal = Terminal(columns, rows, environment)
        self.control = f"{harness.build_path('cli', 'netoptctl')} --socket {self.socket}"

    def watch(self, options=FAST, before=""):
        """Starts it, and waits until it shows something."""
        self.terminal.command(f"{before} {self.control} watch {options}")
        return self.terminal.wait_for("alpha")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.terminal.close()
        if self.daemon.running.is_set():
            self.daemon.stop()
        os.rmdir(self.directory)


def settings(terminal):
    """Those of the line, as stty(1) says them."""
    return terminal.output("stty -a -F $(tty)")


def mark(terminal):
    """Something to find again on the screen of the shell."""
    terminal.command("clear; echo MA''RK")
    terminal.wait_for("MARK")


def check_restored(tap, terminal, before, name):
    """The terminal is as it was."""
    shown = terminal.wait_for("MARK")
    tap.ok(shown and terminal.ask("alternate_on") == "0", f"{name}: the screen of before is back",
           "|".join(line for line in terminal.screen() if line)[-60:])
    tap.ok(terminal.ask("cursor_flag") == "1", f"{name}: the cursor is seen")
    tap.ok(terminal.ask("keypad_flag") == "0", f"{name}: the keypad is as it was")
    after = settings(terminal)
    tap.ok(after == before and "icanon" in after, f"{name}: stty says the same")


def screen(tap):
    """What stands where, in 80x24."""
    with Bench() as bench:
        terminal = bench.terminal
        before = settings(terminal)
        mark(terminal)
        tap.ok(bench.watch(), "it shows the endpoints")
        lines = terminal.screen()
        tap.ok(lines[0].startswith("netoptd ok  2 endpoints, 1 down  1 path  1 change, 1 in force"),
               "the health stands at the top", lines[0])
        tap.ok(re.match(r"alpha +up +20.0 ms +21.0 ms +22.0 ms +0.5 % +▁▅█ ▁", lines[2]),
               "an endpoint", lines[2])
        tap.ok(any(re.match(r"192.0.2.1 +3 .* 12.0 ms +10.0 ms +0.150 % congctl bbr", line)
                   for line in lines), "a path, with what is set on it")
        tap.ok(any(re.match(r" +1 congestion +kept +\+12.0 % 192.0.2.1", line) for line in lines),
               "a change")
        tap.ok(lines[-1].startswith("?:help"), "the keys stand at the bottom", lines[-1])
        tap.ok(terminal.ask("cursor_flag") == "0", "no cursor is in the way")
        bench.daemon.changes = [change(2, "trial", "none"), *bench.daemon.changes]
        tap.ok(terminal.wait_for("*2 congestion  trial"), "a change is shown as it happens")
        bench.daemon.changes[0] = change(2, "decided", "restored")
        tap.ok(terminal.wait_for("*2 congestion  restored"), "and its verdict")
        terminal.keys("q")
        tap.ok(terminal.wait_for(PROMPT), "q ends it")
        tap.ok(terminal.output("echo $?").strip() == "0", "with status 0")
        check_restored(tap, terminal, before, "after q")


def keys(tap):
    """The keys, in the order of the help."""
    with Bench() as bench:
        terminal, daemon = bench.terminal, bench.daemon
        daemon.endpoints += [endpoint(f"e{i:02}", 1000 * i) for i in range(50)]
        tap.ok(bench.watch() and terminal.wait_for("1 of 52"), "a list says how long it is")
        terminal.keys("Down", "Down")
        tap.ok(terminal.wait_for("3 of 52"), "arrows select")
        terminal.keys("NPage", "End")
        tap.ok(terminal.wait_for("52 of 52") and terminal.wait_for("e49"), "the end is reached")
        terminal.keys("Home", "s", "s", "s")
        tap.ok(terminal.wait_for("P50^") and terminal.screen()[2].startswith("beta"),
               "s sorts", terminal.screen()[2])
        terminal.keys("/", "l", "p", "h")
        tap.ok(terminal.wait_for("1 of 52 /lph") and not terminal.shows("e49"), "/ filters")
        terminal.keys("Enter", "Home", "Enter")
        tap.ok(terminal.wait_for("endpoint alpha") and terminal.wait_for("'endpoint': 'alpha'"),
               "enter explains the endpoint")
        terminal.keys("NPage")
        tap.ok(terminal.wait_for("because of reason 30"), "the explanation scrolls")
        terminal.keys("Escape")
        tap.ok(terminal.wait_for("ENDPOINT"), "esc leads back")
        terminal.keys("Escape")
        good = terminal.wait_for("/lph", gone=True)
        terminal.keys("Home")
        tap.ok(good and terminal.wait_for("e49"), "esc ends the filter")
        terminal.keys("Tab", "Enter")
        tap.ok(terminal.wait_for("{'path': '192.0.2.1'}"), "enter explains a path")
        terminal.keys("q", "Tab", "Enter")
        tap.ok(terminal.wait_for("{'id': 1}"), "and a change")
        terminal.keys("q", "p")
        tap.ok(terminal.wait_for("PAUSED"), "p stops the display")
        daemon.endpoints = [endpoint("fresh"), *daemon.endpoints]
        time.sleep(0.5)
        tap.ok(not terminal.shows("fresh"), "nothing moves meanwhile")
        terminal.keys("Space", "BTab", "BTab", "s", "s", "s", "s")
        tap.ok(terminal.wait_for("PAUSED", gone=True) and terminal.wait_for("fresh"),
               "and then it goes on")
        terminal.keys("?")
        tap.ok(terminal.wait_for("this help"), "? helps")


def sizes(tap):
    """The window may change at any time."""
    with Bench() as bench:
        terminal = bench.terminal
        bench.watch()
        for columns, rows in ((200, 50), (40, 10), (80, 24), (60, 16), (41, 11)):
            terminal.resize(columns, rows)
            good = terminal.wait_for("alpha") and terminal.wait_for("?:help")
            time.sleep(0.3)
            lines = terminal.screen()
            tap.ok(good and len(lines) == rows and max(map(len, lines)) <= columns
                   and lines[-1].startswith("?:help"), f"{columns}x{rows}", lines[2])
        terminal.resize(30, 8)
        tap.ok(terminal.wait_for("30x8 is too small"), "30x8 is said to be too small")
        terminal.resize(10, 3)
        time.sleep(0.3)
        terminal.resize(80, 24)
        tap.ok(terminal.wait_for("alpha"), "and it comes back")
    with Bench(40, 10) as bench:
        tap.ok(bench.watch() and bench.terminal.shows("ENDPOINT"), "40x10 from the start",
               bench.terminal.screen()[2])


def plain(tap):
    """Without colours, and without UTF-8."""
    colour = re.compile(r"\x1b\[[0-9;]*3[0-7]")
    with Bench() as bench:
        bench.watch()
        tap.ok(colour.search("\n".join(bench.terminal.screen(True))), "there are colours")
    with Bench(environment={"NO_COLOR": "1"}) as bench:
        tap.ok(bench.watch() and not colour.search("\n".join(bench.terminal.screen(True))),
               "with NO_COLOR there are none")
    with Bench(environment={"LC_ALL": "C"}) as bench:
        bench.daemon.endpoints.append(endpoint("n\u00e4me"))
        good = bench.watch() and bench.terminal.wait_for("n?me")
        text = "\n".join(bench.terminal.screen())
        tap.ok(good and text.isascii() and "_=# _" in text, "with LC_ALL=C all is ASCII",
               bench.terminal.screen()[2])
    with Bench() as bench:
        bench.terminal.command(f"TERM=nonsense {bench.control} watch")
        tap.ok(bench.terminal.wait_for("not known here") and bench.terminal.shows("nonsense"),
               "an unknown terminal is an error")
        tap.ok(bench.watch(before="TERM=vt100") and
               not colour.search("\n".join(bench.terminal.screen(True))),
               "one without colours will do")


def hostile(tap):
    """What peers say does nothing to the terminal."""
    with Bench(120) as bench:
        terminal = bench.terminal
        title = terminal.ask("pane_title")
        bench.daemon.endpoints += [endpoint("x\x1b]2;owned\x07\x1b[2Jy"), endpoint("a\x9b31mb"),
                                   endpoint("\u202ertl")]
        bench.daemon.explanation = "\x1b]2;owned\x07\x1b[5;5H\x1b[?1049lend\n"
        tap.ok(bench.watch() and terminal.wait_for("x?]2;owned??[2Jy"), "names are shown harmless")
        tap.ok(terminal.shows("a?31mb") and terminal.shows("?rtl"), "whatever they are made of")
        terminal.keys("Enter")
        tap.ok(terminal.wait_for("?]2;owned??[5;5H?[?1049lend"), "explanations too")
        tap.ok(terminal.ask("pane_title") == title and terminal.ask("alternate_on") == "1",
               "and the terminal did not hear them")


def endings(tap):
    """However it ends."""
    with Bench() as bench:
        terminal = bench.terminal
        terminal.command("ulimit -c 0")
        before = settings(terminal)
        for name, number in SIGNALS.items():
            mark(terminal)
            bench.watch()
            pid = terminal.child(PROGRAM)
            os.kill(pid, number)
            tap.ok(wait_gone(pid), f"{name} ends it")
            status = terminal.output("echo $?").strip()
            tap.ok(status == str(128 + number), f"{name}: and it dies of that", status)
            check_restored(tap, terminal, before, name)
        mark(terminal)
        bench.watch()
        pid = terminal.child(PROGRAM)
        terminal.keys("C-c")
        tap.ok(wait_gone(pid), "Ctrl-C ends it")
        check_restored(tap, terminal, before, "Ctrl-C")
        mark(terminal)
        bench.watch()
        pid = terminal.child(PROGRAM)
        terminal.keys("C-z")
        tap.ok(terminal.wait_for(PROMPT) and alive(pid), "Ctrl-Z stops it")
        check_restored(tap, terminal, before, "Ctrl-Z")
        terminal.command("fg")
        tap.ok(terminal.wait_for("alpha"), "fg brings it back")
        terminal.keys("Tab")
        tap.ok(terminal.ask("alternate_on") == "1" and terminal.ask("cursor_flag") == "0",
               "on a screen of its own")
        os.kill(pid, signal.SIGSTOP)
        tap.ok(terminal.wait_for("Stopped"), "SIGSTOP stops it, where it is")
        # This shell leaves the line as it finds it: not even Enter is what it was.
        terminal.keys("f", "g", "C-j")
        tap.ok(terminal.wait_for("Stopped", gone=True) and terminal.shows("alpha"),
               "and SIGCONT draws it again")
        terminal.keys("q")
        tap.ok(wait_gone(pid), "and it still ends")
        check_restored(tap, terminal, before, "after all of that")


def hang_up(tap):
    """The terminal goes away."""
    with Bench() as bench:
        bench.watch()
        pid = bench.terminal.child(PROGRAM)
        bench.terminal.tmux("kill-server")
        tap.ok(wait_gone(pid), "it ends with its terminal")


def restart(tap):
    """The daemon goes away and comes back."""
    with Bench() as bench:
        terminal, daemon = bench.terminal, bench.daemon
        bench.watch()
        daemon.stop()
        tap.ok(terminal.wait_for("connection lost, trying again"), "a lost connection is said")
        tap.ok(terminal.shows("alpha"), "what was known is still there")
        terminal.keys("Enter")
        tap.ok(terminal.wait_for("cannot be asked"), "a question says so too")
        terminal.keys("Escape")
        daemon.endpoints = [endpoint("alpha"), endpoint("again")]
        daemon.start()
        tap.ok(terminal.wait_for("again ") and terminal.wait_for("?:help"), "then it goes on")


def older(tap):
    """A daemon that does not stream."""
    with Bench(streams=False) as bench:
        tap.ok(bench.watch(), "it is asked instead")
        bench.daemon.changes = [change(2, "trial", "none"), *bench.daemon.changes]
        tap.ok(bench.terminal.wait_for("*2 congestion  trial"), "and changes are seen")
        asked = {method for method, _ in bench.daemon.calls}
        tap.ok("org.netopt.Daemon.Monitor" in asked and "org.netopt.Daemon.GetStatus" in asked,
               "after Monitor was refused")


def programs(tap):
    """watch --json, and where there is no terminal."""
    control = harness.build_path("cli", "netoptctl")
    with tempfile.TemporaryDirectory(prefix="netopt-watch-") as directory:
        path = os.path.join(directory, "sock")
        words = [control, "--socket", path, "watch", "--interval", "100ms"]
        done = subprocess.run([*words, "--json"], capture_output=True, text=True, timeout=20,
                              check=False)
        tap.ok(done.returncode == 3 and "error" in json.loads(done.stdout),
               "without a daemon: status 3", done.stdout.strip()[:70])
        with Scripted(path) as daemon:
            done = subprocess.run(words, capture_output=True, text=True, timeout=20, check=False,
                                  stdin=subprocess.DEVNULL)
            tap.ok(done.returncode == 2 and "watch --json" in done.stderr,
                   "no terminal: an error that helps", done.stderr.strip())
            with subprocess.Popen([*words, "--json"], stdout=subprocess.PIPE, text=True) as process:
                first = json.loads(process.stdout.readline())
                tap.ok(len(first["endpoints"]) == 2 and len(first["changes"]) == 1,
                       "--json: the first line has all")
                second = json.loads(process.stdout.readline())
                tap.ok(len(second["endpoints"]) == 2 and second["changes"] == [],
                       "the next what is new")
                daemon.stop()
                lost = next(json.loads(line) for line in process.stdout if '"error"' in line)
                tap.ok("trying again" in lost["message"], "a lost connection is a line")
                daemon.start()
                tap.ok("endpoints" in json.loads(process.stdout.readline()), "and then it goes on")
                process.stdout.close()
                begin = time.monotonic()
                tap.ok(process.wait(10) == 0, "nobody reads: it ends, status 0",
                       f"after {time.monotonic() - begin:.2f} s")
        with Scripted(path):
            slow = subprocess.Popen([*words[:-1], "1h", "--json"], stdout=subprocess.PIPE)
            slow.stdout.readline()
            slow.stdout.close()
            tap.ok(slow.wait(10) == 0, "also when nothing is to be said for an hour")
            done = subprocess.run([*words[:-1], "1ms"], capture_output=True, text=True, timeout=20,
                                  check=False)
            tap.ok(done.returncode == 2, "an interval of 1 ms is refused", done.stderr.splitlines()[0])
            done = subprocess.run([*words[:-1], "50ms"], capture_output=True, text=True, timeout=20,
                                  check=False)
            tap.ok(done.returncode == 2 and "100ms to 1h" in done.stderr, "one of 50 ms too")


def cpu_seconds(pid):
    """The processor time of a process."""
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


LISTENER = """
import socket
listener = socket.create_server(("", 9), backlog=128)
print("ready", flush=True)
while True:
    listener.accept()[0].close()
"""


def real(tap):
    """The real daemon with a hundred endpoints on loopback, and what watching it costs."""
    harness.require_root()
    config = "[Daemon]\nMode=observe\nInterval=2s\n" + "".join(
        f"[Endpoint alpha{i:03}]\nUrl=tcp://127.0.0.{i + 1}:9\n" for i in range(100))
    with harness.Namespace("host") as host, \
            host.started([sys.executable, "-c", LISTENER]), Daemon(host, config) as daemon, \
            Terminal(120, 40) as terminal:
        control = f"{harness.build_path('cli', 'netoptctl')} --socket {daemon.socket}"
        terminal.command(f"{control} watch")
        tap.ok(terminal.wait_for("alpha000"), "the real daemon is watched")
        tap.ok(terminal.wait_for("100+ endpoints, 0 down", 20) and terminal.wait_for(" up "),
               "all of them up", terminal.screen()[2])
        terminal.keys("Enter")
        tap.ok(terminal.wait_for("endpoint alpha000")
               and terminal.wait_for("asking netoptd", gone=True), "and explains",
               " ".join(" ".join(terminal.screen()[2:6]).split())[:100])
        terminal.keys("q")
        pid = terminal.child(PROGRAM)
        time.sleep(20)
        before, begin = cpu_seconds(pid), time.monotonic()
        time.sleep(10)
        share = (cpu_seconds(pid) - before) / (time.monotonic() - begin)
        tap.ok(share < 0.01, "idle, it takes less than 1 % of a processor", f"{share:.2%}")
        daemon.stop()
        tap.ok(terminal.wait_for("connection lost"), "the daemon stops")
        daemon.start()
        tap.ok(terminal.wait_for("?:help"), "and is found again")


def main():
    """Runs all, or those that are named."""
    tap = Tap()
    groups = (screen, keys, sizes, plain, hostile, endings, hang_up, restart, older, programs, real)
    for group in groups:
        if not sys.argv[1:] or group.__name__ in sys.argv[1:]:
            tap.group(group.__name__, group)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
