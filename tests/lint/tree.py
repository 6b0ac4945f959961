# SPDX-License-Identifier: MIT
"""The sources as the rules of lint see them: files, includes, functions, declarations.

No C parser: clang-format, itself a rule, gives the code one shape, and that shape is what is read
here. A function begins with a `{` and ends with a `}` that stand alone at the start of a line.
"""
import os
import re
import subprocess
from dataclasses import dataclass, field

TOP = ("common", "daemon", "cli", "tests", "man", "conf", "systemd")
LEFT_OUT = {"__pycache__", "corpus", "data"}
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)
NAME = re.compile(r"\b(\w+)\s*\(")
NOT_NAMES = {"__attribute__", "_cleanup_", "_printf_", "__typeof__", "sizeof", "_Alignas"}


@dataclass
class Include:
    """One #include: system is true for <...>."""
    line: int
    name: str
    system: bool


@dataclass
class Function:
    """A function's definition: its first line (of the signature), its last, its name."""
    name: str
    first: int
    last: int
    static: bool

    @property
    def length(self):
        """From the signature to the closing brace."""
        return self.last - self.first + 1


def blank(match):
    """A comment as blanks, a string as a pair of quotes and blanks; lines stay lines."""
    text = match.group(0)
    if text[0] in "\"'":
        return text[0] + " " * (len(text) - 2) + text[0]
    return re.sub(r"[^\n]", " ", text)


@dataclass
class Source:
    """One C file. `lines` is the text, `code` the same lines without comments and strings."""
    path: str
    text: str
    lines: list = field(init=False)
    code: list = field(init=False)
    includes: list = field(init=False)

    def __post_init__(self):
        self.lines = self.text.split("\n")
        self.code = TOKEN.sub(blank, self.text).split("\n")
        self.includes = []
        for number, line in enumerate(self.lines, 1):
            match = INCLUDE.match(line) if self.code[number - 1].strip() else None
            if match:
                self.includes.append(Include(number, match[2], match[1] == "<"))

    @property
    def header(self):
        """Is it a header?"""
        return self.path.endswith(".h")

    @property
    def stem(self):
        """The path without its suffix: what x.c and x.h have in common."""
        return os.path.splitext(self.path)[0]

    def functions(self):
        """All functions defined at the top level."""
        found, start = [], None
        for number, line in enumerate(self.code, 1):
            if line.rstrip() == "{":
                start = number
            elif line.rstrip() == "}" and start:
                found.append(self._function(start, number))
                start = None
        return [function for function in found if function]

    def _function(self, brace, last):
        first = brace
        while first > 1 and self.code[first - 2].strip() and \
                self.code[first - 2].rstrip()[-1] not in ";}\\" and \
                not self.code[first - 2].startswith("#"):
            first -= 1
        signature = " ".join(self.code[first - 1:brace - 1])
        names = [name for name in NAME.findall(signature) if name not in NOT_NAMES]
        if not names:
            return None
        return Function(names[0] if names[0] != "START_TEST" else signature.strip(), first, last, bool(re.match(r"\s*static\b", signature)))

    def prototypes(self):
        """(line, name) of each function a header declares and does not define."""
        found, depth, start = [], 0, None
        for number, line in enumerate(self.code, 1):
            if line.startswith("#") or line.rstrip().endswith("\\"):
                continue
            if depth == 0 and start is None and line.strip():
                start = number
            depth += line.count("{") - line.count("}")
            if start and depth == 0 and line.rstrip().endswith((";", "}")):
                text = " ".join(self.code[start - 1:number])
                names = [name for name in NAME.findall(text) if name not in NOT_NAMES]
                plain = "{" not in text and "(*" not in text.split(names[0])[0] if names else False
                if plain and not re.match(r"\s*(typedef|static|_Static_assert|#)", text):
                    found.append((start, names[0]))
                start = None
        return found


class Tree:
    """All files below a root that somebody wrote."""

    def __init__(self, root):
        self.root = root
        self.files = sorted(self._walk())
        self.sources = {}
        for path in self.matching(".c", ".h"):
            with open(os.path.join(root, path), encoding="utf-8") as file:
                self.sources[path] = Source(path, file.read())

    def _walk(self):
        for top in TOP:
            for folder, folders, names in os.walk(os.path.join(self.root, top)):
                relative = os.path.relpath(folder, self.root)
                folders[:] = [name for name in folders if name not in LEFT_OUT and
                              os.path.join(relative, name) != os.path.join("tests", "lint", "bad")]
                for name in names:
                    yield os.path.join(relative, name)
        for name in ("setup", os.path.join(".ci", "run")):
            if os.path.exists(os.path.join(self.root, name)):
                yield name

    def matching(self, *suffixes):
        """The paths with one of these suffixes."""
        return [path for path in self.files if path.endswith(suffixes)]

    def product(self):
        """The sources that are part of the programs: not those of tests."""
        return [source for path, source in self.sources.items() if not path.startswith("tests/")]

    def run(self, argv):
        """Runs a tool in the root; stdout and stderr together, as lines."""
        done = subprocess.run(argv, cwd=self.root, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return done.stdout.splitlines()
