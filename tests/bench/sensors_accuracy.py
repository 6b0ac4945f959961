# SPDX-License-Identifier: MIT
"""How true every phase of every kind of probe is, against what the emulated link recorded; and
fping and curl on the same link at the same time, against what it recorded of theirs."""
import contextlib
import os
import subprocess
import tempfile
import time

import bench
import sensors_truth
from bench import quantile
from harness import Lab, build_path, busy_loops, spawn, stop
from netopt import Daemon

LOADS = 4
BAR_MS, BAR_SHARE = 0.3, 0.01
THINK, PAUSE = "5ms", "10ms"
# Of each kind: its port on the far side (farside.c) and the end of its URL.
KINDS = {"tcp": (7000, ""), "tls": (7443, ""), "http": (7080, "/"), "https": (7444, "/"),
         "icmp": (0, ""), "dns": (7053, "/host.example.net?type=A")}
# Phases that are compared; what stands for the whole of a kind comes first.
SHOWN = {"tcp": ("connect",), "tls": ("tls", "connect", "resumed"),
         "http": ("request", "connect", "reused", "transfer"),
         "https": ("request", "connect", "tls", "reused", "transfer"),
         "icmp": ("echo",), "dns": ("answer", "cached")}
CURL = r"%{time_connect} %{time_appconnect} %{time_pretransfer} %{time_starttransfer}\n"
# Enough samples for a p99 even of probes that take five round trips.
SAMPLES, SAMPLES_P99, SECONDS_MIN = 130, 100, 30


def config(address, certificate, interval_ms):
    """One endpoint of each kind."""
    text = "[Daemon]\nMode=observe\nDiscover=no\n"
    for kind, (port, rest) in KINDS.items():
        text += (f"[Endpoint {kind}]\nUrl={kind}://{address}{f':{port}' if port else ''}{rest}\n"
                 f"Interval={interval_ms}ms\n")
        if kind in ("tls", "https"):
            text += f"TrustedCertificates={certificate}\n"
    return text


def make_certificate(directory, addresses, names=()):
    """A certificate that is its own authority; returns the paths of it and of its key."""
    certificate, key = (os.path.join(directory, name) for name in ("cert.pem", "key.pem"))
    names = ",".join([f"IP:{address}" for address in addresses] + [f"DNS:{name}" for name in names])
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30", "-subj",
                    "/CN=farside", "-addext", f"subjectAltName={names}", "-keyout", key,
                    "-out", certificate], check=True, capture_output=True)
    return certificate, key


class Rivals:
    """fping and curl in the host's namespace, until they are ended."""

    def __init__(self, lab, address, certificate, seconds):
        self.directory = tempfile.TemporaryDirectory(prefix="netopt-rivals-")
        self.address = address
        self.processes = [
            self.start(lab, "fping", ["fping", "-C", str(int(seconds / 0.2)), "-p", "200", "-q",
                                      address]),
            self.start(lab, "http", self.curl(f"http://{address}:7080/")),
            self.start(lab, "https", self.curl(f"--cacert {certificate} https://{address}:7444/")),
        ]

    @staticmethod
    def curl(words):
        """One connection after the other, a fresh process each, as people call it."""
        return ["/bin/sh", "-c", f"while :; do curl -s -o /dev/null -w '{CURL}' {words}; "
                                 "sleep 0.3; done"]

    def start(self, lab, name, argv):
        """Output into a file of that name."""
        with open(os.path.join(self.directory.name, name), "wb") as file:
            return spawn(argv, lab.host.name, stdout=file, stderr=file)

    def close(self):
        """Ends them; what they printed stays readable until clear()."""
        for process in self.processes[1:]:
            stop(process)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.processes[0].wait(10)
        stop(self.processes[0])

    def clear(self):
        """Removes what they printed."""
        self.directory.cleanup()

    def lines(self, name):
        """What one of them printed."""
        with open(os.path.join(self.directory.name, name), encoding="utf-8") as file:
            return file.read().splitlines()

    def figures(self):
        """(who, phase, their times in us, kind, port) for each figure they claim."""
        times = [float(word) * 1000 for line in self.lines("fping") if " : " in line
                 for word in line.partition(" : ")[2].split() if word != "-"]
        yield "fping", "echo", times, "icmp", 0
        for kind in ("http", "https"):
            rows = [[float(word) * 1e6 for word in line.split()] for line in self.lines(kind)]
            port = KINDS[kind][0]
            yield "curl", "connect", [row[0] for row in rows], kind, port
            if kind == "https":
                yield "curl", "tls", [row[1] - row[0] for row in rows], kind, port
            yield "curl", "request", [row[3] - row[2] for row in rows], kind, port


def stolen_s():
    """Processor time that a hypervisor gave to others so far: nobody's clock is right then."""
    with open("/proc/stat", encoding="ascii") as file:
        return int(file.readline().split()[8]) / os.sysconf("SC_CLK_TCK")


def error_text(ours, truth):
    """Both quantiles of a truth and the errors of a claim, in ms; None where it makes none."""
    return "  ".join(
        f"{name} {true / 1000:9.3f} ms " + (f"{(claim - true) / 1000:+8.3f}"
                                            if claim is not None else "    none")
        for name, claim, true in zip(("p50", "p99"), ours, truth))


def within(claim, true):
    """Whether a claim meets the bar."""
    return claim is not None and abs(claim - true) <= max(BAR_MS * 1000, true * BAR_SHARE)


def claims(daemon):
    """{kind: {phase: (p50, p99)}} of the daemon's last ten minutes, in us."""
    result = {}
    for row in bench.endpoints(daemon):
        result[row["name"]] = mine = {}
        for target in row["targets"]:
            for phase in target.get("phases", []):
                window = next(w for w in phase["windows"] if w["span"] == "10min")
                mine[phase["phase"]] = (window["p50Usec"], window["p99Usec"])
    return result


def compare_phase(figures, title, times, claim):
    """One phase: how many of its quantiles are outside of the bar, and of how many. A p99 that the
    daemon does not give is none, if there were too few samples for one."""
    true = [quantile(times, permille) for permille in (500, 990)]
    judged = [pair for pair, least in zip(zip(claim, true), (3, SAMPLES_P99))
              if pair[0] is not None or len(times) > least]
    outside = sum(not within(*pair) for pair in judged)
    figures.note(f"{'!' if outside else ' '} {title}  {error_text(claim, true)}  ({len(times)})")
    return outside, len(judged)


def compare(figures, name, claimed, packets, address):
    """The daemon's claims, phase by phase."""
    outside = total = 0
    for kind, (port, _) in KINDS.items():
        truth = sensors_truth.phases(packets, kind, address, port)
        for phase in SHOWN[kind]:
            title, times = f"{kind:5} {phase:8}", truth[phase]
            if len(times) > 2:
                result = compare_phase(figures, title, times,
                                       claimed.get(kind, {}).get(phase, (None, None)))
            else:
                figures.note(f"! {title}  not seen on the link")
                result = (2, 2)
            outside, total = outside + result[0], total + result[1]
    figures.figure(f"{name}: quantiles outside of the bar, of {total}", outside, "", 0, digits=0)


def compare_rivals(figures, rivals, packets):
    """The same of theirs, without a bar."""
    for who, phase, times, kind, port in rivals.figures():
        truth = sensors_truth.phases(packets, kind, rivals.address, port)[phase]
        if len(times) < 2 or len(truth) < 2:
            figures.note(f"  {who:5} {phase:8}  nothing measured")
            continue
        ours, true = ([quantile(values, permille) for permille in (500, 990)]
                      for values in (times, truth))
        figures.note(f"  {who:5} {phase:8}  {error_text(ours, true)}  ({len(times)}, {kind})")


def one_run(figures, lab, link, name, rtt_ms, certificate):
    """One daemon beside its rivals, on one link."""
    # https, the longest: connect, TLS, request, and once more, each a round trip.
    probe_ms = 4 * rtt_ms + 40
    interval_ms = max(100, probe_ms // 2)
    seconds = max(SECONDS_MIN, SAMPLES * (probe_ms + interval_ms) / 1000)
    before, stolen = len(link.packets()), stolen_s()
    rival_address = link.peer_address[:-1] + "3"
    with contextlib.ExitStack() as stack:
        daemon = stack.enter_context(
            Daemon(lab.host, config(link.peer_address, certificate, interval_ms)))
        rivals = Rivals(lab, rival_address, certificate, seconds)
        stack.callback(rivals.clear)
        stack.callback(rivals.close)
        time.sleep(seconds)
        claimed = claims(daemon)
        packets = link.packets()[before:]
        rivals.close()
        rival_packets = link.packets()[before:]
        figures.note(f"{name}: truth and error ({seconds:.0f} s, of which the hypervisor took "
                     f"{stolen_s() - stolen:.2f} s of a processor)")
        compare(figures, name, claimed, packets, link.peer_address)
        compare_rivals(figures, rivals, rival_packets)


def measure(figures):
    """phases of probes against the truth of an emulated link, beside fping and curl"""
    with Lab() as lab, tempfile.TemporaryDirectory(prefix="netopt-tls-") as directory:
        lab.host.set_sysctls({"net.ipv4.ping_group_range": "0 2147483647"})
        rtts = [int(word) for word in figures.options.paths.split(",")]
        certificate, key = make_certificate(
            directory, [f"10.77.{n}.{last}" for n in range(len(rtts)) for last in (2, 3)])
        lab.peer.started([build_path("tests", "bench", "farside"), "--certificate", certificate,
                          "--key", key, "--think", THINK, "--pause", PAUSE], realtime=True)
        for number, rtt in enumerate(rtts):
            with lab.link(number=number, rtt=f"{rtt}ms", record=True) as link:
                subprocess.run(["ip", "-n", lab.peer.name, "address", "add",
                                link.peer_address[:-1] + "3/24", "dev", link.device], check=True)
                one_run(figures, lab, link, f"{rtt} ms", rtt, certificate)
                with busy_loops(LOADS):
                    one_run(figures, lab, link, f"{rtt} ms, {LOADS} busy loops", rtt, certificate)
                stats = link.stats()
                figures.note(f"the link itself was late by p50 {stats['latenessP50Us']} us, "
                             f"p99 {stats['latenessP99Us']} us")
