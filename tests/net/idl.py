# SPDX-License-Identifier: MIT
"""Checks replies of the daemon against its interface definition.

A parser of the Varlink interface definition language and a comparison: every declared member must
be there, nothing else, each of its type, null only where "?" allows it. The definition is the file
of the source tree, which is what the daemon was built from and what it says of itself.
"""
import functools
import json
import os
import re

COMMON = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "common")
TOKEN = re.compile(r"\s+|#[^\n]*|->|\[\]|\[string\]|[A-Za-z][A-Za-z0-9_.\-]*|[():,?]")
PLAIN = {"int": lambda value: isinstance(value, int) and not isinstance(value, bool),
         "bool": lambda value: isinstance(value, bool),
         "string": lambda value: isinstance(value, str),
         "float": lambda value: isinstance(value, (int, float)) and not isinstance(value, bool),
         "object": lambda value: True}


class Mismatch(AssertionError):
    """A reply is not as defined; the text says where and what."""


class Interface:
    """One interface: its name, types, methods (arguments, reply) and errors."""

    def __init__(self, text):
        self.types, self.methods, self.errors = {}, {}, {}
        self._tokens = list(self._split(text))
        self._take("interface")
        self.name = self._tokens.pop(0)
        while self._tokens:
            keyword, name = self._tokens.pop(0), self._tokens.pop(0)
            if keyword == "type":
                self.types[name] = self._type()
            elif keyword == "method":
                arguments = self._type()
                self._take("->")
                self.methods[name] = (arguments, self._type())
            elif keyword == "error":
                self.errors[name] = self._type()
            else:
                raise ValueError(f"{keyword} is no keyword")

    @staticmethod
    def _split(text):
        at = 0
        while at < len(text):
            match = TOKEN.match(text, at)
            if not match:
                raise ValueError(f"{text[at:at + 20]!r} is no definition")
            at = match.end()
            if not match[0].isspace() and not match[0].startswith("#"):
                yield match[0]

    def _take(self, token):
        found = self._tokens.pop(0) if self._tokens else "the end"
        if found != token:
            raise ValueError(f"{found} where {token} should be")

    def _type(self):
        """("nullable", T) ("array", T) ("struct", {name: T}) ("enum", [names]) ("named", name)"""
        token = self._tokens.pop(0)
        if token == "?":
            return "nullable", self._type()
        if token in ("[]", "[string]"):
            return "array" if token == "[]" else "map", self._type()
        if token == "(":
            return self._members()
        return "named", token

    def _members(self):
        if self._tokens[0] == ")":
            self._tokens.pop(0)
            return "struct", {}
        names, members = [], {}
        while True:
            name = self._tokens.pop(0)
            names.append(name)
            if self._tokens[0] == ":":
                self._tokens.pop(0)
                members[name] = self._type()
            if self._tokens.pop(0) == ")":
                break
        if members and len(members) != len(names):
            raise ValueError(f"{names}: neither all nor none have a type")
        return ("struct", members) if members else ("enum", names)

    # --- comparing ---

    def _check(self, kind, value, where):
        what, inner = kind
        if what == "nullable":
            if value is not None:
                self._check(inner, value, where)
        elif what == "named" and inner in PLAIN:
            if not PLAIN[inner](value):
                raise Mismatch(f"{where}: {value!r} is no {inner}")
        elif what == "named":
            if inner not in self.types:
                raise Mismatch(f"{where}: the type {inner} is not defined")
            self._check(self.types[inner], value, where)
        elif what == "enum":
            if value not in inner:
                raise Mismatch(f"{where}: {value!r} is none of {', '.join(inner)}")
        else:
            self._check_inside(what, inner, value, where)

    def _check_inside(self, what, inner, value, where):
        if not isinstance(value, list if what == "array" else dict):
            raise Mismatch(f"{where}: {value!r} is no {what}")
        if what == "array":
            for i, element in enumerate(value):
                self._check(inner, element, f"{where}[{i}]")
            return
        for name, member in value.items():
            if what == "struct" and name not in inner:
                raise Mismatch(f"{where}: {name} is not defined")
            self._check(inner[name] if what == "struct" else inner, member, f"{where}.{name}")
        missing = set(inner) - set(value) if what == "struct" else ()
        if missing:
            raise Mismatch(f"{where}: {', '.join(sorted(missing))} is missing")

    def check_reply(self, method, parameters):
        """The parameters of a reply."""
        if method not in self.methods:
            raise Mismatch(f"{method} is not defined")
        self._check(self.methods[method][1], parameters, method)

    def check_error(self, error, parameters):
        """The parameters of an error."""
        if error not in self.errors:
            raise Mismatch(f"the error {error} is not defined")
        self._check(self.errors[error], parameters, error)


@functools.lru_cache
def interface(name):
    """The one of that name in common/."""
    with open(os.path.join(COMMON, name + ".varlink"), encoding="utf-8") as file:
        return Interface(file.read())


def check(method, reply):
    """A whole reply (a message) to a method by its full name. Raises Mismatch."""
    extra = set(reply) - {"parameters", "error", "continues"}
    if extra or not isinstance(reply.get("parameters", {}), dict):
        raise Mismatch(f"{method}: {json.dumps(reply)[:200]} is no reply")
    name, _, member = (reply.get("error") or method).rpartition(".")
    if "error" in reply:
        interface(name).check_error(member, reply.get("parameters", {}))
    else:
        interface(name).check_reply(member, reply.get("parameters", {}))
