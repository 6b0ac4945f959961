# SPDX-License-Identifier: MIT
"""The rules: each takes a Tree and yields (path, line, what is wrong), and is one row of RULES.

What is agreed in words (ARCHITECTURE.md, CONTRIBUTING.md) and can be checked stands here. A rule
needs a tree below bad/ with its name, in which it finds exactly what is marked: see lint.py.
"""
import os
import re
import shutil

MAX_FUNCTION, MAX_FUNCTION_P90, MAX_FUNCTION_MEDIAN = 60, 35, 15
MAX_FILE = 600
CLANG_FORMAT = 14  # Debian 12's; others break lines elsewhere

# Who may include whom; everybody may include its own layer. The composition root, daemon/*.c, may
# include all of the daemon, as may serve/, which shows it.
DAEMON = ("run", "config", "kern", "model", "probe", "tune", "policy", "serve")
LAYERS = {
    "common": (),
    "run": ("common",), "config": ("common",), "kern": ("common",), "model": ("common",),
    "probe": ("common", "run"),
    "tune": ("common", "kern", "model"),
    "policy": ("common", "model"),
    "serve": ("common",) + DAEMON,
    "daemon": ("common",) + DAEMON,
    "cli": ("common",),
    "measure": ("common", "cli", "run", "config", "model", "probe"),
    "audit": ("common", "cli", "config", "kern", "model"),
}
# Programs of their own in cli/: a layer above it, for which nothing else may be mistaken.
PROGRAMS = {"cli/measure": "measure", "cli/audit/": "audit"}
# Files of the composition root that others may include as well.
SHARED = {"daemon/administered.h": ("audit",)}
GENERATED = {"netopt-build.h": None, "interface-idl.h": "common/interface.c"}

# One door for each library: the files and folders that may include it.
DOORS = {
    "json-c/": ("common/json.c",),
    "event2/": ("daemon/run/loop.c", "daemon/probe/", "daemon/serve/"),
    "netlink/": ("daemon/kern/",),
    "systemd/": ("daemon/run/",),
    "ncurses.h": ("cli/watch_terminal.c",),
    "openssl/": ("daemon/probe/tls_context.c", "daemon/probe/tls_socket.c"),
}

# Calls that lose errors or bounds, and those that start a shell.
NUMBERS = "strtol strtoll strtoul strtoull strtoimax strtoumax strtod strtof strtold".split()
FORBIDDEN = ("atoi atol atoll atof sprintf vsprintf strcpy strcat strncpy strncat stpcpy gets "
             "strtok system popen").split()
LOOSE = "sscanf scanf fscanf".split()  # read numbers as loosely; tests may, for what they know
NUMBERS_DOOR = "common/parse.c"


class Missing(Exception):
    """A tool that a rule needs is not installed, or is another version."""


def layer_of(path):
    """common, cli, a folder of daemon/, `daemon` for the composition root; None for tests."""
    parts = path.split("/")
    for prefix, layer in PROGRAMS.items():
        if path.startswith(prefix):
            return layer
    if parts[0] == "daemon":
        return parts[1] if len(parts) > 2 else "daemon"
    return parts[0] if parts[0] in LAYERS else None


def layers(tree):
    """A file includes only its own layer and those below it."""
    for source in tree.product():
        layer = layer_of(source.path)
        if layer not in LAYERS:
            yield source.path, 1, "is in a folder that belongs to no layer"
            continue
        for include in source.includes:
            if include.system:
                continue
            if include.name in GENERATED:
                only = GENERATED[include.name]
                if only and source.path != only:
                    yield source.path, include.line, f"{include.name} is for {only} alone"
                continue
            if layer in SHARED.get(include.name, ()):
                continue
            target = layer_of(include.name)
            if target != layer and target not in LAYERS[layer]:
                yield source.path, include.line, f"{layer} must not include {include.name}"


def reach(graph, start):
    """Every node that can be reached from start by at least one edge."""
    seen, todo = set(), list(graph.get(start, ()))
    while todo:
        node = todo.pop()
        if node not in seen:
            seen.add(node)
            todo += graph.get(node, ())
    return seen


def cycles(tree):
    """No header includes itself by way of others."""
    graph = {path: [include.name for include in source.includes if not include.system]
             for path, source in tree.sources.items()}
    reachable = {path: reach(graph, path) for path in graph}
    for path, source in tree.sources.items():
        for include in source.includes:
            if path in reachable.get(include.name, ()) or include.name == path:
                yield path, include.line, f"{include.name} leads back to {path}"


def own_header(tree):
    """x.c includes x.h first, so that each header is shown to stand on its own."""
    for source in tree.sources.values():
        header = source.stem + ".h"
        if source.header or header not in tree.sources:
            continue
        if not source.includes or source.includes[0].name != header:
            line = source.includes[0].line if source.includes else 1
            yield source.path, line, f"must include {header} first"


def include_order(tree):
    """<...> of system and libraries before our own. Before both stands the header that the file
    implements or tests, whatever its name: several files may share one."""
    for source in tree.sources.values():
        ours = False
        for include in source.includes[not source.includes or not source.includes[0].system:]:
            if include.system and ours:
                yield source.path, include.line, f"<{include.name}> comes after headers of ours"
            ours = ours or not include.system


def doors(tree):
    """Each library is included only behind its one door."""
    for source in tree.product():
        for include in source.includes:
            for prefix, allowed in DOORS.items():
                if include.name.startswith(prefix) and not source.path.startswith(allowed):
                    yield source.path, include.line, f"{include.name} only in {' '.join(allowed)}"


def calls(tree):
    """No call that loses errors or bounds; numbers are read in one place."""
    names = re.compile(r"(?<![\w.>])(" + "|".join(NUMBERS + FORBIDDEN + LOOSE) + r")\s*\(")
    for source in tree.sources.values():
        for number, line in enumerate(source.code, 1):
            for name in names.findall(line):
                allowed = name in NUMBERS and source.path == NUMBERS_DOOR or \
                    name in LOOSE and source.path.startswith("tests/")
                if not allowed:
                    yield source.path, number, f"{name}() is not used here"


def sizes(tree):
    """Functions of at most 60 lines, files of at most 600; the distribution of style too."""
    for source in tree.sources.values():
        if len(source.lines) - 1 > MAX_FILE:
            yield source.path, MAX_FILE + 1, f"has {len(source.lines) - 1} lines, over {MAX_FILE}"
        for function in source.functions():
            if function.length > MAX_FUNCTION:
                yield (source.path, function.first,
                       f"{function.name}() has {function.length} lines, over {MAX_FUNCTION}")


def distribution(tree):
    """Median and 90th percentile of the lines of a function of the programs, and their number."""
    lengths = sorted(function.length for source in tree.product()
                     for function in source.functions())
    if not lengths:
        return 0, 0, 0
    return lengths[len(lengths) // 2], lengths[len(lengths) * 9 // 10], len(lengths)


def licence(tree):
    """Every file of code says its licence in its first lines."""
    for path in tree.matching(".c", ".h", ".py", ".sh") + ["setup", ".ci/run"]:
        if path not in tree.files:
            continue
        with open(os.path.join(tree.root, path), encoding="utf-8") as file:
            head = [file.readline() for _ in range(2)]
        lines = head if head[0].startswith("#!") else head[:1]
        if not any("SPDX-License-Identifier: MIT" in line for line in lines):
            yield path, 1, "does not begin with SPDX-License-Identifier: MIT"


def essay(tree):
    """Every header, and every file without one, says at its head what it is."""
    for source in tree.product():
        if not source.header and source.stem + ".h" in tree.sources:
            continue
        rest = source.text.partition("\n")[2].replace("#pragma once", "").lstrip()
        if not rest.startswith("/*"):
            yield source.path, 1, "does not say what it is"


def block_before(lines, number):
    """The number of the first line of the block (what stands between empty lines) of a line."""
    while number > 1 and lines[number - 2].strip():
        number -= 1
    return number


def documented(tree):
    """A function that a header declares has a comment in its block or in the one before, which
    is that of its type, or of the whole file."""
    for source in tree.product():
        for line, name in source.prototypes() if source.header else ():
            first = block_before(source.lines, line)
            above = first - 1
            while above > 1 and (not source.lines[above - 1].strip() or
                                 source.lines[above - 1].startswith("#")):
                above -= 1
            first = block_before(source.lines, max(above, 1))
            if "/*" not in "\n".join(source.lines[first - 1:line]):
                yield source.path, line, f"{name}() is not described"


def pragma_once(tree):
    """Every header can be included twice."""
    for source in tree.sources.values():
        if source.header and "#pragma once" not in source.lines:
            yield source.path, 1, "has no #pragma once"


def tool(name):
    """Missing, if a program is not installed."""
    if not shutil.which(name):
        raise Missing(f"{name} is not installed")


def messages(lines, pattern):
    """(path, line, text) of each line of a tool's output that matches."""
    for line in lines:
        match = re.match(pattern, line)
        if match:
            yield match["path"], int(match["line"]), match["text"]


def clang_format(tree):
    """All C has the shape of .clang-format."""
    tool("clang-format")
    version = re.search(r"version (\d+)", " ".join(tree.run(["clang-format", "--version"])))
    if not version or int(version[1]) != CLANG_FORMAT:
        raise Missing(f"needs clang-format {CLANG_FORMAT}")
    paths = list(tree.sources)
    lines = tree.run(["clang-format", "--dry-run", "-Werror", *paths]) if paths else []
    yield from messages(lines, r"(?P<path>[^:]+):(?P<line>\d+):\d+: error: (?P<text>.*)")


def shell(tree):
    """Shell scripts hold before shellcheck."""
    tool("shellcheck")
    paths = [path for path in tree.files if path in ("setup", ".ci/run") or path.endswith(".sh")]
    lines = tree.run(["shellcheck", "-f", "gcc", *paths]) if paths else []
    yield from messages(lines, r"(?P<path>[^:]+):(?P<line>\d+):\d+: (?P<text>.*)")


def manual(tree):
    """Manual pages hold before mandoc."""
    tool("mandoc")
    paths = [path for path in tree.files if re.match(r"man/.*\.[1578]$", path)]
    lines = tree.run(["mandoc", "-Tlint", "-Wwarning", *paths]) if paths else []
    yield from messages(lines, r"mandoc: (?P<path>[^:]+):(?P<line>\d+):\d+: (?P<text>.*)")


def python(tree):
    """Python scripts compile."""
    for path in tree.matching(".py"):
        with open(os.path.join(tree.root, path), "rb") as file:
            try:
                compile(file.read(), path, "exec")
            except SyntaxError as error:
                yield path, error.lineno or 1, error.msg


RULES = (layers, cycles, own_header, include_order, doors, calls, sizes, licence, essay,
         documented, pragma_once, clang_format, shell, manual, python)
