#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every command of netoptctl on a real terminal (tmux): daemon up with 0, 1 and 1000 items, down,
hung, and out of reach; 40, 80 and 200 columns; with colour, with NO_COLOR, and in the C locale.

No line may be wider than the terminal, no escape sequence come where there is to be no colour, no
byte but ASCII in the C locale; what the terminal shows must be what was written; and the exit status
must be the documented one."""
import itertools
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import unicodedata

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "net")]
from fake import Definition, Fake  # noqa: E402
from tap import Tap  # noqa: E402

WIDTHS = (40, 80, 200)
HEIGHT = 24
LOOKS = {
    "colour": "LC_ALL=C.UTF-8",
    "no colour": "LC_ALL=C.UTF-8 NO_COLOR=1",
    "C locale": "LC_ALL=C",
}
STATES = ("0 items", "1 item", "1000 items", "denied", "down", "hung", "out of reach")
EXPECTED = {"down": {3}, "hung": {1}, "out of reach": {4}}
WITHOUT_DAEMON = ("help", "completion")
PROGRAMS = ("measure", "watch", "audit", "report")  # have tests of their own
RAW = {("completion", None)}  # scripts are not folded
CHANGING = ("revert", "pause", "resume", "reload", "trial", "apply", "hold", "log-level")
WORDS = {"ID": "1", "ID|all": "1", "ADDRESS": "192.0.2.1", "bash|zsh|fish": "bash",
         "LEVEL": "info", "GROUP": "group1", "NAME": "web-0"}
SGR = re.compile(r"\x1b\[[0-9;]*m")
LIMIT_SECONDS = 120


def columns(text):
    """The columns a terminal gives to a text."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
               for c in text)


class Terminal:
    """A tmux server of our own."""

    def __init__(self, directory):
        self.socket = os.path.join(directory, "tmux")
        self.environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": directory,
                            "TERM": "xterm-256color"}

    def tmux(self, *words, check=True):
        """One command of tmux; its output."""
        return subprocess.run(["tmux", "-u", "-f", "/dev/null", "-S", self.socket, *words],
                              check=check, capture_output=True, env=self.environment,
                              timeout=60).stdout.decode()

    def start(self, name, width, script, raw=None):
        """A session that runs a script once its output is recorded."""
        go = script + ".go"
        self.tmux("new-session", "-d", "-s", name, "-x", str(width), "-y", str(HEIGHT),
                  f"while [ ! -e {go} ]; do sleep 0.02; done; exec sh {script}",
                  ";", "set-option", "-t", name, "status", "off",
                  ";", "resize-window", "-t", name, "-x", str(width), "-y", str(HEIGHT))
        if raw:
            self.tmux("pipe-pane", "-t", name, f"cat > {raw}")
        with open(go, "w", encoding="ascii"):
            pass

    def close(self):
        """Ends the server and all that runs in it."""
        self.tmux("kill-server", check=False)


def wait_for(path, seconds):
    """True once the file is there."""
    end = time.monotonic() + seconds
    while not os.path.exists(path):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


class Bench:
    """The program, the daemons and what to run."""

    def __init__(self, directory):
        build = os.environ["NETOPT_BUILD"]
        self.directory = directory
        self.program = os.path.join(directory, "netoptctl")
        shutil.copy(os.path.join(build, "cli", "netoptctl"), self.program)
        os.chmod(directory, 0o755)
        definition = Definition(os.path.join(HERE, "..", "..", "common",
                                             "org.netopt.Daemon.varlink"))
        self.fakes = [Fake(self.path("s0"), definition, 0), Fake(self.path("s1"), definition, 1),
                      Fake(self.path("s1000"), definition, 1000),
                      Fake(self.path("denied"), definition, 1, "denied"),
                      Fake(self.path("hung"), definition, 1, "hung")]
        os.mkdir(self.path("closed"))
        self.fakes.append(Fake(self.path("closed", "s"), definition))
        os.chmod(self.path("closed"), 0o700 if os.geteuid() == 0 else 0)
        self.sockets = {"0 items": self.path("s0"), "1 item": self.path("s1"),
                        "1000 items": self.path("s1000"), "denied": self.path("denied"),
                        "down": self.path("nobody"), "hung": self.path("hung"),
                        "out of reach": self.path("closed", "s")}
        self.commands = self.read_commands()

    def path(self, *parts):
        """A path of this run."""
        return os.path.join(self.directory, *parts)

    def close(self):
        """Ends the daemons."""
        os.chmod(self.path("closed"), 0o700)
        for fake in self.fakes:
            fake.close()

    def read_commands(self):
        """The words of each command, from the help: so none is forgotten."""
        text = subprocess.run([self.program, "help"], check=True, capture_output=True).stdout.decode()
        commands = []
        for line in text.partition("Commands:\n")[2].partition("\n\n")[0].splitlines():
            left = re.split(r"\s{2,}", line.strip())[0].split()
            if left[0] in PROGRAMS:
                continue
            words = [WORDS.get(word, word) for word in left[1:] if not word.startswith("[")]
            commands.append([left[0], *words])
        commands += [["status", "--full"], ["diff", "--defaults"], ["check", "--max-p50=1ms"],
                     ["compare", "group1"], ["endpoints", "web-0"], ["revert", "all", "--dry-run"],
                     ["export", "--format=ip"], ["flows", "-p"], ["stauts"], ["status", "extra"],
                     ["--help"], ["help", "check"]]
        return commands

    def line(self, state, words):
        """The shell's line for one command; the status of each goes to descriptor 3."""
        argv = [self.program, "--socket", self.sockets[state], "--timeout=30ms"
                if state == "hung" else "--timeout=20s", *words]
        if state == "out of reach" and os.geteuid() == 0:
            argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *argv]
        return (f"printf '@@ %s\\n' {shlex.quote(state + ' : ' + ' '.join(words))}\n"
                f"{shlex.join(argv)}\necho $? >&3\n")

    def script(self, name, look):
        """The whole run in one look."""
        path = self.path(name + ".sh")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"cd /\nexport {LOOKS[look]} PAGER=cat\nunset COLUMNS LINES\n"
                       f"exec 3> {path}.status\nstty -echo\n")
            for state, words in itertools.product(STATES, self.commands):
                file.write(self.line(state, words))
            file.write(f"echo @@ end\nsleep 0.3\n: > {path}.done\nsleep 100\n")
        return path


def expected(state, words):
    """The statuses that are right."""
    if words == ["stauts"] or words == ["status", "extra"]:
        return {2}
    if words[0] in WITHOUT_DAEMON or words == ["--help"]:
        return {0}
    if state in EXPECTED:
        return EXPECTED[state]
    if state == "denied" and words[0] in CHANGING and "--dry-run" not in words:
        return {4}
    if words[0] == "check":
        return {"0 items": {1}}.get(state, {0, 1, 6})
    if words == ["compare", "group1"] and state != "1000 items":
        return {0, 1}
    return {0}


def blocks(raw):
    """(title, lines) of each command."""
    title, lines = None, []
    for line in raw.replace("\r\n", "\n").split("\n"):
        if line.startswith("@@ "):
            if title:
                yield title, lines
            title, lines = line[3:], []
        else:
            lines.append(line)


def faults_of(title, lines, width, look):
    """What is wrong with the output of one command."""
    state, _, command = title.partition(" : ")
    raw = command.split()[:1] in (["completion"], ["export"])
    for line in lines:
        plain = SGR.sub("", line)
        if not raw and columns(plain) > width:
            yield f"{columns(plain)} columns: {plain}"
        if look != "colour" and state != "" and "\x1b" in line and look == "no colour":
            yield f"an escape sequence: {line!r}"
        if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", plain):
            yield f"a control character: {plain!r}"
        if look == "C locale" and not plain.isascii():
            yield f"not ASCII: {plain!r}"
        if "\ufffd" in plain:
            yield f"not UTF-8: {plain!r}"


def check_run(tap, bench, terminal, width, look):
    """One session, once it has ended."""
    name = f"{width}-{look.replace(' ', '-')}"
    path = bench.path(name + ".sh")
    if not tap.ok(wait_for(path + ".done", LIMIT_SECONDS), f"{width} columns, {look}: ran"):
        tap.note(terminal.tmux("capture-pane", "-p", "-t", name))
        return
    with open(bench.path(name + ".raw"), "rb") as file:
        raw = file.read().decode(errors="replace")
    found, faults = list(blocks(raw)), []
    for title, lines in found:
        faults += [f"{title}: {fault}" for fault in faults_of(title, lines, width, look)]
    tap.ok(not faults, f"{width} columns, {look}: readable", f"{len(faults)} faults")
    tap.note("\n".join(faults[:15]))
    check_statuses(tap, bench, path, f"{width} columns, {look}", len(found))
    tap.ok(("\x1b[" in raw) == (look != "no colour"), f"{width} columns, {look}: colour or not")
    screens = [len(lines) - 1 for title, lines in found if title == "1 item : status"]
    tap.ok(screens and max(screens) < HEIGHT, f"{width} columns, {look}: status is one screen",
           f"{screens} lines")
    shown = terminal.tmux("capture-pane", "-p", "-t", name, "-S", "-", "-E", "-").rstrip("\n")
    written = SGR.sub("", raw).replace("\r\n", "\n").rstrip("\n")
    shown, written = ([line.rstrip() for line in text.split("\n")] for text in (shown, written))
    differ = [pair for pair in zip(shown, written) if pair[0] != pair[1]
              and columns(pair[1]) <= width]
    wrapped = any(columns(line) > width for line in written)  # scripts, that are not folded
    tap.ok(wrapped or not differ, f"{width} columns, {look}: shown as written",
           f"{differ[:2]}" if differ else "")


def check_statuses(tap, bench, path, name, found):
    """The exit status of each command."""
    with open(path + ".status", encoding="ascii") as file:
        statuses = [int(word) for word in file.read().split()]
    runs = list(itertools.product(STATES, bench.commands))
    tap.ok(len(statuses) == len(runs) == found, f"{name}: all ran", f"{found} of {len(runs)}")
    wrong = [f"{state}: {' '.join(words)}: {status}" for (state, words), status
             in zip(runs, statuses) if status not in expected(state, words)]
    tap.ok(not wrong, f"{name}: exit statuses", "; ".join(wrong[:10]))


def check_matrix(tap, bench, terminal):
    """All sessions at once."""
    terminal.tmux("new-session", "-d", "-s", "first", "sleep 600", ";", "set-option", "-g",
                  "history-limit", "300000", ";", "set-option", "-g", "remain-on-exit", "on")
    for width, look in itertools.product(WIDTHS, LOOKS):
        name = f"{width}-{look.replace(' ', '-')}"
        terminal.start(name, width, bench.script(name, look), bench.path(name + ".raw"))
    for width, look in itertools.product(WIDTHS, LOOKS):
        check_run(tap, bench, terminal, width, look)


def check_pager(tap, bench, terminal):
    """What is longer than the terminal waits in less(1) until the user has seen it."""
    path = bench.path("pager.sh")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"export LC_ALL=C.UTF-8\nunset PAGER LESS COLUMNS LINES\n"
                   f"{bench.program} --socket {bench.sockets['1000 items']} changes\n"
                   f"echo $? > {path}.status\n: > {path}.done\nsleep 100\n")
    terminal.start("pager", 80, path)
    time.sleep(1)
    tap.ok(not os.path.exists(path + ".done"), "pager: waits")
    first = terminal.tmux("capture-pane", "-p", "-t", "pager")
    tap.ok(" ID " in first, "pager: shows the first screen")
    terminal.tmux("send-keys", "-t", "pager", "q")
    done = wait_for(path + ".done", 10)
    with open(path + ".status", encoding="ascii") as file:
        tap.ok(done and file.read().strip() == "0", "pager: left early, status 0")


def main():
    """All of it."""
    missing = [name for name in ("tmux", "less", "setpriv") if not shutil.which(name)]
    if missing:
        print(f"1..0 # SKIP not installed: {' '.join(missing)}")
        return 0
    tap, directory = Tap(), tempfile.mkdtemp(prefix="nt-", dir="/tmp")
    bench, terminal = Bench(directory), Terminal(directory)
    try:
        tap.group("matrix", check_matrix, bench, terminal)
        tap.group("pager", check_pager, bench, terminal)
    finally:
        terminal.close()
        bench.close()
        shutil.rmtree(directory, ignore_errors=True)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
