#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every command of netoptctl on a real terminal (tmux): daemon up with 0, 1 and 1000 items, down,
hung, and out of reach; 40, 80 and 200 columns; with colour, with NO_COLOR, and in the C locale.

No line may be wider than the terminal, no escape sequence come where there is to be no colour, no
byte but ASCII in the C locale; what the terminal shows must be what was written; and the exit status
must be the documented one."""
import itertools
import json
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
import idl  # noqa: E402
from fake import Fake  # noqa: E402
from tap import Tap  # noqa: E402

WIDTHS = [int(word) for word in sys.argv[1:]] or (40, 80, 200)
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
RAW = ("completion", "export")  # files of other programs are not folded
CHANGING = ("revert", "release", "pause", "resume", "reload", "trial", "apply", "hold")
WORDS = {"ID": "1", "ID|all": "1", "ADDRESS": "192.0.2.1", "KEY|ADDRESS": "192.0.2.1",
         "bash|zsh|fish": "bash", "LEVEL": "info", "NAME": "web-0", "SUBJECT": "1"}
SGR = re.compile(r"\x1b\[[0-9;]*m")
LIMIT_SECONDS = 240  # on a machine that is busy; it takes a tenth of that


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
        definition = idl.interface("org.netopt.Daemon")
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
                     ["compare", "group2"], ["endpoints", "web-0"], ["revert", "all", "--dry-run"],
                     ["export", "--format=ip"], ["flows", "-p"], ["explain", "web-0"],
                     ["log-level", "info"], ["stauts"], ["status", "extra"],
                     ["--help"], ["help", "check"]]
        return commands

    def argv(self, state, words):
        """The command line."""
        argv = [self.program, "--socket", self.sockets[state], "--timeout=30ms"
                if state == "hung" else "--timeout=20s", *words]
        if state == "out of reach" and os.geteuid() == 0:
            argv = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *argv]
        return argv

    def runs(self):
        """Every command in every state of the daemon."""
        return list(itertools.product(STATES, self.commands))

    def script(self, name, look):
        """The whole run in one look."""
        path = self.path(name + ".sh")
        with open(path, "w", encoding="utf-8") as file:
            file.write(f"cd /\nexport {LOOKS[look]} PAGER=cat\nunset COLUMNS LINES\n"
                       f"exec 3> {path}.status\nstty -echo\n")
            for number, run in enumerate(self.runs()):
                file.write(f"echo @@ {number}\n{shlex.join(self.argv(*run))}\necho $? >&3\n")
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
    if state == "denied" and "--dry-run" not in words and (
            words[0] in CHANGING or words == ["log-level", "info"]):
        return {4}
    if words[0] == "verify":
        return {1}  # it is made up that something differs
    if words[0] == "check":
        return {"0 items": {1}}.get(state, {0, 1, 6})
    if words == ["compare", "group2"] and state != "1000 items":
        return {1}  # no such group
    return {0}


def blocks(raw):
    """The lines of each command, in their order."""
    found, lines = [], None
    for line in raw.replace("\r\n", "\n").split("\n"):
        if line.startswith("@@ "):
            if lines is not None:
                found.append(lines)
            lines = []
        elif lines is not None:
            lines.append(line)
    return found


def faults_of(words, lines, width, look):
    """What is wrong with the output of one command."""
    for line in lines:
        plain = SGR.sub("", line)
        if words[0] not in RAW and columns(plain) > width:
            yield f"{columns(plain)} columns: {plain}"
        if look == "no colour" and "\x1b" in line:
            yield f"an escape sequence: {line!r}"
        if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", plain):
            yield f"a control character: {plain!r}"
        if look == "C locale" and not plain.isascii():
            yield f"not ASCII: {plain!r}"
        if "\ufffd" in plain:
            yield f"not UTF-8: {plain!r}"


def differences(runs, written, shown):
    """Where the terminal shows something else than was written; it knows no blanks at the end."""
    for (state, words), ours, theirs in zip(runs, written, shown):
        ours = [SGR.sub("", line).rstrip() for line in ours]
        theirs = [line.rstrip() for line in theirs]
        if words[0] not in RAW and ours != theirs:
            pair = next((pair for pair in zip(ours, theirs) if pair[0] != pair[1]), "length")
            yield f"{state}: {' '.join(words)}: {pair}"


def check_run(tap, bench, terminal, width, look):
    """One session, once it has ended."""
    name, title = f"{width}-{look.replace(' ', '-')}", f"{width} columns, {look}"
    path, runs = bench.path(name + ".sh"), bench.runs()
    if not tap.ok(wait_for(path + ".done", LIMIT_SECONDS), f"{title}: ran"):
        tap.note(terminal.tmux("capture-pane", "-p", "-t", name))
        return
    with open(bench.path(name + ".raw"), "rb") as file:
        raw = file.read().decode(errors="replace")
    written = blocks(raw)
    faults = [f"{state}: {' '.join(words)}: {fault}" for (state, words), lines
              in zip(runs, written) for fault in faults_of(words, lines, width, look)]
    tap.ok(not faults, f"{title}: readable", f"{len(faults)} faults")
    tap.note("\n".join(faults[:15]))
    check_statuses(tap, runs, path, title, len(written))
    tap.ok(("\x1b[" in raw) == (look != "no colour"), f"{title}: colour or not")
    screens = [len(lines) for (state, words), lines in zip(runs, written)
               if words == ["status"] and state == "1 item"]
    tap.ok(screens and max(screens) < HEIGHT, f"{title}: status is one screen", f"{screens} lines")
    shown = blocks(terminal.tmux("capture-pane", "-p", "-t", name, "-S", "-", "-E", "-"))
    differ = list(differences(runs, written, shown))
    tap.ok(len(shown) == len(runs) and not differ, f"{title}: shown as written",
           f"{len(shown)} of {len(runs)}; {differ[:2]}")


def check_statuses(tap, runs, path, title, found):
    """The exit status of each command."""
    with open(path + ".status", encoding="ascii") as file:
        statuses = [int(word) for word in file.read().split()]
    tap.ok(len(statuses) == len(runs) == found, f"{title}: all ran", f"{found} of {len(runs)}")
    wrong = [f"{state}: {' '.join(words)}: {status}" for (state, words), status
             in zip(runs, statuses) if status not in expected(state, words)]
    tap.ok(not wrong, f"{title}: exit statuses", "; ".join(wrong[:10]))


def check_json(tap, bench):
    """With --json every command prints one object, also when it fails; with 0, 1 and 1000 items it
    has the same members of the same types."""
    wrong, shapes = [], {}
    for state, words in bench.runs():
        done = subprocess.run(bench.argv(state, ["--json=short", *words]), capture_output=True,
                              check=False, timeout=30)
        name = f"{state}: {' '.join(words)}"
        try:
            reply = json.loads(done.stdout)
        except ValueError:
            wrong.append(f"{name}: no JSON: {done.stdout[:80]!r}")
            continue
        if done.returncode not in expected(state, words) or done.stderr:
            wrong.append(f"{name}: {done.returncode} {done.stderr[:80]!r}")
        # An exit status of these two can be their answer.
        answers = words[0] in ("check", "verify")
        if ("error" in reply) != (state in EXPECTED if answers
                                  else done.returncode in (1, 2, 3, 4)):
            wrong.append(f"{name}: {done.returncode}, {sorted(reply)}")
        if state.endswith(("item", "items")) and "error" not in reply:
            shape = {key: isinstance(value, list) for key, value in reply.items()}
            if shapes.setdefault(" ".join(words), shape) != shape:
                wrong.append(f"{name}: another shape: {shape}")
    tap.ok(not wrong, "JSON everywhere", f"{len(wrong)} of {len(bench.runs())}")
    tap.note("\n".join(wrong[:15]))


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
        tap.group("JSON", check_json, bench)
    finally:
        terminal.close()
        bench.close()
        shutil.rmtree(directory, ignore_errors=True)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
