# SPDX-License-Identifier: MIT
"""Routes, rules and cables of namespaces, by ip(8)."""
import subprocess

# Of the routes that netoptd makes (rtm_protocol).
OURS = "199"


def ip(namespace, *words):
    """ip(8) on a namespace; its output."""
    return subprocess.run(["ip", "-n", namespace.name, *words], check=True, capture_output=True,
                          text=True).stdout


def ours(namespace):
    """netoptd's routes, of all tables and both families, a line each."""
    return [line for family in ("-4", "-6")
            for line in ip(namespace, family, "route", "show", "table", "all", "proto",
                           OURS).splitlines() if line.strip()]


def snapshot(namespace):
    """All routes and rules as a dict for harness.difference(): one key for each line. The addresses
    that IPv6 gives itself come seconds after their device, so they are left out."""
    result = {}
    for words in ("-4 route show table all", "-6 route show table all", "-4 rule", "-6 rule"):
        for line in ip(namespace, *words.split()).splitlines():
            if not line.startswith(("local fe80:", "anycast fe80:")):
                result[f"ip {words}: {line.strip()}"] = b"there"
    return result


def veth(end, other, name, addresses):
    """A virtual cable between two namespaces; a /24 address for each end."""
    ip(end, "link", "add", name, "type", "veth", "peer", "name", name, "netns", other.name)
    for namespace, address in zip((end, other), addresses):
        ip(namespace, "address", "add", address + "/24", "dev", name)
        ip(namespace, "link", "set", name, "up")
