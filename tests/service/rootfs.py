# SPDX-License-Identifier: MIT
"""The root file system of the test container: a small Debian of the release of this host, because
what was built here shall run there, with systemd and the libraries that the programs under test are
linked with. And, for programs of others that are to talk with ours, one of another release.

Built once by debootstrap, from the mirror that apt uses on this host, and cached outside of the
tree under a name that says what is in it: a new library in the programs gives another name. It is
built beside its place and renamed, under a lock, so a cached root is always complete; nobody writes
to it afterwards (the machine lays a file system over it). The caller runs in a mount namespace of
its own: what debootstrap mounts goes away with it.
"""
import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import time

# procps for the kill(1) of ExecReload=. Bump RECIPE when what is done below changes.
PACKAGES = ["systemd", "procps"]
RECIPE = "1"
UNUSED_SECONDS = 30 * 24 * 3600
# Neither logins nor what a real host does beside: the log shall be ours, and booting quick.
MASKED = ["console-getty.service", "getty.target", "systemd-logind.service",
          "systemd-user-sessions.service", "apt-daily.timer", "apt-daily-upgrade.timer",
          "dpkg-db-backup.timer", "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer",
          "systemd-update-utmp.service", "systemd-update-utmp-runlevel.service",
          "systemd-tmpfiles-clean.timer", "ldconfig.service"]
# Of no use in a test, and half of the size.
UNUSED = ["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info",
          "var/cache/apt/archives", "var/lib/apt/lists"]


class Unavailable(Exception):
    """No root file system can be had here; its text says why."""


def _output(*argv):
    return subprocess.run(argv, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True).stdout


def _release():
    try:
        with open("/etc/os-release", encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise Unavailable(f"no os-release: {error}") from error
    names = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, re.MULTILINE))
    if names.get("ID") != "debian" or "VERSION_CODENAME" not in names:
        raise Unavailable("this host is not a Debian release")
    return names["VERSION_CODENAME"]


def _mirror():
    release = _release()
    targets = _output("apt-get", "indextargets", "--format", "$(SITE) $(RELEASE) $(COMPONENT)",
                      "Created-By: Packages")
    for line in targets.splitlines():
        site, found, component = line.split()[:3]
        if (found, component) == (release, "main") and "security" not in site:
            return site
    raise Unavailable(f"apt has no source for {release} main")


def _proxy_environment():
    """apt's proxies, as wget wants them."""
    environment = dict(os.environ)
    for scheme in ("http", "https"):
        found = _output("apt-config", "shell", "X", f"Acquire::{scheme}::Proxy")
        match = re.fullmatch(r"X='([^']+)'\s*", found)
        if match and match[1] != "DIRECT":
            environment[f"{scheme}_proxy"] = match[1]
    return environment


def _library_packages(programs):
    paths = {path for program in programs
             for path in re.findall(r"(/\S+\.so\S*)", _output("ldd", program))}
    # dpkg may know it below /usr or not; other architectures have the last name only.
    patterns = ["*/" + "/".join(path.split("/")[-2:]) for path in sorted(paths)]
    try:
        owners = _output("dpkg-query", "--search", *patterns)
    except subprocess.CalledProcessError as error:
        raise Unavailable("a library of the programs belongs to no package") from error
    return sorted({line.split(":")[0] for line in owners.splitlines()})


def _finish(root):
    for path in UNUSED:
        shutil.rmtree(os.path.join(root, path), ignore_errors=True)
    units = os.path.join(root, "etc/systemd/system")
    for name in MASKED:
        place = os.path.join(units, name)
        if not os.path.lexists(place):
            os.symlink("/dev/null", place)
    # With an id of its own it is no first boot, which would ask questions.
    with open(os.path.join(root, "etc/machine-id"), "w", encoding="ascii") as file:
        file.write(hashlib.md5(root.encode()).hexdigest() + "\n")


def _build(root, release, packages, note):
    part = root + ".part"
    shutil.rmtree(part, ignore_errors=True)
    note(f"building {root} (once): {' '.join(packages)}")
    argv = ["debootstrap", "--variant=minbase", "--include=" + ",".join(packages), release, part,
            _mirror()]
    done = subprocess.run(argv, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL, text=True, env=_proxy_environment())
    if done.returncode != 0:
        lines = done.stdout.splitlines()[-3:]
        shutil.rmtree(part, ignore_errors=True)
        raise Unavailable("debootstrap failed: " + "; ".join(lines))
    _finish(part)
    os.rename(part, root)


def marker(root):
    """The file that says that this root was booted here before: then it can be."""
    return root + ".booted"


def _remove_unused(cache, but):
    """What no run has used for long. Only under the exclusive lock, so nobody is using it."""
    for entry in os.scandir(cache):
        if entry.is_dir() and entry.path != but and \
                entry.stat().st_mtime < time.time() - UNUSED_SECONDS:
            shutil.rmtree(entry.path, ignore_errors=True)
            with contextlib.suppress(OSError):
                os.unlink(marker(entry.path))


@contextlib.contextmanager
def cached(programs, note):
    """The path of the root, which stays as long as the context lasts. Raises Unavailable."""
    packages = sorted(set(PACKAGES + _library_packages(programs)))
    with _cached(_release(), packages, note) as root:
        yield root


@contextlib.contextmanager
def foreign(release, packages, note):
    """The same of another release, with these packages; nothing of ours runs there."""
    with _cached(release, sorted(packages), note) as root:
        yield root


@contextlib.contextmanager
def _cached(release, packages, note):
    if not shutil.which("debootstrap"):
        raise Unavailable("debootstrap is not installed")
    cache = os.path.join(os.environ.get("XDG_CACHE_HOME") or "/var/cache", "netopt-tests")
    stamp = hashlib.sha256("\n".join([RECIPE, release, *packages, *MASKED]).encode()).hexdigest()
    root = os.path.join(cache, f"{release}-{stamp[:12]}")
    os.makedirs(cache, mode=0o755, exist_ok=True)
    with open(os.path.join(cache, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        if not os.path.isdir(root):
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.isdir(root):  # while we waited somebody else may have built it
                _build(root, release, packages, note)
            _remove_unused(cache, root)
            fcntl.flock(lock, fcntl.LOCK_SH)
        os.utime(root)
        yield root
