# SPDX-License-Identifier: MIT
"""A netoptd that says what a test wants: it speaks Varlink on a socket, and knows what it is told."""
import json
import os
import select
import socket
import threading
import time

SERVICE = "org.varlink.service."
DAEMON = "org.netopt.Daemon."


def endpoint(name, p50=20000, state="up", **more):
    """A row of Monitor, with the windows that are shown."""
    window = {"count": 100, "failures": 0, "lossPermille": 5, "minUsec": p50, "meanUsec": p50,
              "p50Usec": p50, "p95Usec": p50 + 1000, "p99Usec": p50 + 2000, "maxUsec": p50 + 3000}
    return {"name": name, "url": f"tcp://{name}:1", "state": state, "slo": "none", "group": None,
            "windows": [{"span": span, **window} for span in ("1min", "10min", "1h", "24h")],
            "history": [p50, p50 * 2, p50 * 3, None, p50], "targets": [], **more}


def path(address, **more):
    """A row of the paths."""
    return {"address": address, "prefixLength": 32, "flows": 3, "ackedBytes": 1000,
            "receivedBytes": 2000, "srttUsec": 12000, "floorUsec": 10000, "lossPpm": 1500,
            "congestion": "cubic", **more}


def change(number, state="decided", verdict="kept", **more):
    """A row of the changes."""
    return {"id": number, "controller": "congestion", "path": "192.0.2.1", "state": state,
            "verdict": verdict, "inForce": True, "provisional": False,
            "proposedRealtimeUsec": 1750000000000000, "trial": {"gainPermille": 120},
            "tunables": [{"key": "route.congctl", "old": "unset", "new": "bbr"}], **more}


class Scripted:
    """The daemon. Its lists may be changed while it runs; `news` are changes not yet told."""

    def __init__(self, path_of_socket, streams=True):
        self.path = path_of_socket
        self.streams = streams
        self.health, self.reasons = "ok", []
        self.endpoints = [endpoint("alpha"), endpoint("beta", 50000, "down")]
        self.paths = [path("192.0.2.1")]
        self.changes = [change(1)]
        self.explanation = "".join(f"because of reason {i}\n" for i in range(100))
        self.calls = []
        self.running = threading.Event()
        self.listener = None
        self.threads = []

    def start(self):
        """Listens, and serves each client in a thread."""
        if os.path.exists(self.path):
            os.remove(self.path)
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen()
        self.running.set()
        self._spawn(self._accept, self.listener)
        return self

    def stop(self):
        """Hangs up on everybody."""
        self.running.clear()
        for thread in self.threads:
            thread.join()
        self.threads = []
        self.listener.close()
        if os.path.exists(self.path):
            os.remove(self.path)

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def _spawn(self, function, *arguments):
        thread = threading.Thread(target=function, args=arguments, daemon=True)
        self.threads.append(thread)
        thread.start()

    def _accept(self, listener):
        while self.running.is_set():
            if select.select([listener], [], [], 0.05)[0]:
                self._spawn(self._serve, listener.accept()[0])

    def _serve(self, client):
        data = b""
        with client:
            while self.running.is_set():
                if not select.select([client], [], [], 0.05)[0]:
                    continue
                try:
                    got = client.recv(65536)
                    if not got:
                        return
                    data += got
                    while b"\0" in data:
                        message, _, data = data.partition(b"\0")
                        self._answer(client, json.loads(message))
                except OSError:
                    return

    @staticmethod
    def _send(client, reply):
        client.sendall(json.dumps(reply).encode() + b"\0")

    def _answer(self, client, call):
        method, parameters = call["method"], call.get("parameters") or {}
        self.calls.append((method, parameters))
        replies = {
            "GetStatus": lambda: {"health": self.health, "healthReasons": self.reasons},
            "ListEndpoints": lambda: {"endpoints": self.endpoints, "total": len(self.endpoints)},
            "ListPaths": lambda: {"paths": self.paths, "total": len(self.paths)},
            "ListChanges": lambda: {"changes": self.changes},
            "Explain": lambda: {"text": f"{parameters}\n{self.explanation}"},
        }
        name = method.removeprefix(DAEMON)
        if name == "Monitor" and self.streams:
            self._monitor(client, parameters)
        elif name in replies:
            self._send(client, {"parameters": replies[name]()})
        else:
            self._send(client, {"error": SERVICE + "MethodNotFound",
                                "parameters": {"method": method}})

    def _monitor(self, client, parameters):
        told = []
        while self.running.is_set():
            new = [row for row in self.changes if row not in told]
            told = list(self.changes)
            self._send(client, {"continues": True, "parameters": {
                "reason": "interval", "realtimeUsec": time.time_ns() // 1000, "skipped": 0,
                "health": self.health, "healthReasons": self.reasons,
                "endpoints": self.endpoints, "paths": self.paths, "changes": new}})
            if select.select([client], [], [], parameters["intervalUsec"] / 1e6)[0]:
                if not client.recv(65536):
                    return
