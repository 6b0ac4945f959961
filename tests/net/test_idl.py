#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""idl.py on a definition and replies written down by hand: that it finds what is wrong."""
import sys

import idl
from tap import Tap

TEXT = """# A comment with method X() -> ()
interface a.b
type Kind (one, two)
type Inner (kind: Kind, deep: ?[]?int)
method Get(a: ?int) -> (
  number: int, # (
  text: ?string,
  flag: bool,
  inner: []Inner,
  place: (here, there)
)
method Nothing() -> ()
error Bad (id: int)
error Worse ()
"""
GOOD = {"number": 1, "text": None, "flag": True, "inner": [{"kind": "two", "deep": [1, None]}],
        "place": "here"}
# (what is put in the place of a member, the place that is complained of)
WRONG = [
    ({"number": None}, "Get.number"), ({"number": True}, "Get.number"),
    ({"number": 1.0}, "Get.number"), ({"text": 7}, "Get.text"), ({"flag": 1}, "Get.flag"),
    ({"inner": {}}, "Get.inner"), ({"inner": [None]}, "Get.inner[0]"),
    ({"inner": [{"kind": "two"}]}, "Get.inner[0]"),
    ({"inner": [{"kind": "three", "deep": None}]}, "Get.inner[0].kind"),
    ({"inner": [{"kind": "one", "deep": ["1"]}]}, "Get.inner[0].deep[0]"),
    ({"place": "nowhere"}, "Get.place"), ({"more": 1}, "Get"),
]


def complaint(function, *arguments):
    """What it says, "" if it is content."""
    try:
        function(*arguments)
    except idl.Mismatch as mismatch:
        return str(mismatch)
    return ""


def refused(text):
    """Whether this is no definition."""
    try:
        idl.Interface(text)
    except (ValueError, IndexError):
        return True
    return False


def main():
    """TAP on stdout."""
    tap = Tap()
    interface = idl.Interface(TEXT)
    tap.ok(interface.name == "a.b" and set(interface.methods) == {"Get", "Nothing"}, "parsed")
    found = complaint(interface.check_reply, "Get", GOOD)
    tap.ok(not found, "a good reply", found)
    for change, where in WRONG:
        found = complaint(interface.check_reply, "Get", {**GOOD, **change})
        tap.ok(found.startswith(where + ":"), f"wrong: {change}", found)
    for name in GOOD:
        less = {key: value for key, value in GOOD.items() if key != name}
        tap.ok(name in complaint(interface.check_reply, "Get", less), f"missing: {name}")
    tap.ok(not complaint(interface.check_error, "Bad", {"id": 1}), "a good error")
    tap.ok(complaint(interface.check_error, "Bad", {}), "an error without its parameter")
    tap.ok(complaint(interface.check_error, "Worse", {"id": 1}), "an error with one too many")
    tap.ok(complaint(interface.check_reply, "Other", {}), "an unknown method")
    for text in ("interface a.b\nmethod", "interface a.b\ntype X (a: int, b)",
                 "interface a.b\nthing X ()", "interface a.b\ntype X (a; int)"):
        tap.ok(refused(text), f"no definition: {text!r}")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
