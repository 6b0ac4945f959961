#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What can be told of the files in systemd/ without running them: how much the unit exposes, and
that the catalog explains exactly the messages which the daemon writes, in words it provides."""
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "../..")
sys.path.insert(0, os.path.join(HERE, "../net"))
# pylint: disable=wrong-import-position
from service import message_ids
from tap import Skip, Tap

# Of 100. What is left are the network, its capability, netlink, and being seen by clients.
EXPOSURE = 16
HEADERS = ["Subject", "Defined-By", "Support", "Documentation"]


def read(*parts):
    """A file of the source tree."""
    with open(os.path.join(ROOT, *parts), encoding="utf-8") as file:
        return file.read()


def catalog():
    """The entries of the catalog: [(id, {header: value}, whole text)]."""
    parts = re.split(r"^-- ([0-9a-f]{32})\n", read("systemd", "netopt.catalog"), flags=re.MULTILINE)
    entries = []
    for number, text in zip(parts[1::2], parts[2::2]):
        head, _, _ = text.partition("\n\n")
        headers = dict(line.split(": ", 1) for line in head.splitlines())
        entries.append((number, headers, text))
    return entries


def test_exposure(tap, build):
    """The verdict of systemd-analyze on the unit as it is installed."""
    if not shutil.which("systemd-analyze"):
        raise Skip("systemd-analyze is not installed")
    if not build:
        raise Skip("NETOPT_BUILD (the meson build directory) is not set")
    unit = os.path.join(build, "systemd", "netoptd.service")
    done = subprocess.run(["systemd-analyze", "security", "--offline=true",
                           f"--threshold={EXPOSURE}", unit], check=False, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if "unrecognized option" in done.stderr:
        raise Skip("this systemd-analyze cannot judge files")
    verdict = (done.stdout + done.stderr).strip().splitlines()[-1]
    tap.ok(done.returncode == 0 and "exposure" in verdict,
           f"systemd-analyze security: at most {EXPOSURE / 10}", verdict)


def test_catalog(tap, _build):
    """One entry for each message, and none besides."""
    ids, entries = message_ids(), catalog()
    numbers = [number for number, _, _ in entries]
    tap.ok(len(ids) >= 7 and len(set(ids.values())) == len(ids), "message ids are found, differing",
           f"{len(ids)} of them")
    tap.ok(sorted(numbers) == sorted(ids.values()),
           "the catalog has an entry for each message id, and no other",
           ", ".join(set(numbers) ^ set(ids.values())))
    bad = [number for number, headers, text in entries
           if list(headers) != HEADERS or len(text.partition("\n\n")[2].strip()) < 80]
    tap.ok(not bad, f"each has {', '.join(HEADERS)} and a text", ", ".join(bad))
    provided = set(re.findall(r'"(NETOPT_\w+)"', read("daemon", "announce.c")))
    used = set(re.findall(r"@(\w+)@", read("systemd", "netopt.catalog")))
    tap.ok(used and used <= provided, "it uses fields that the daemon writes",
           ", ".join(sorted(used - provided)))


def main():
    """TAP on stdout."""
    tap = Tap()
    for group in (test_exposure, test_catalog):
        tap.group(group.__name__, group, os.environ.get("NETOPT_BUILD"))
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
