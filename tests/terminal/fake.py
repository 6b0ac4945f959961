# SPDX-License-Identifier: MIT
"""A daemon made up from the interface definition: every method answers, with as many items in each
list as wanted, in every shape that the definition allows: each enumeration in turn, null for what may
be null, names in other scripts and of every length. So a method that is added is tried by itself.

Modes: "up"; "hung" (takes connections and never answers); "denied" (whatever changes something is
refused)."""
import json
import os
import socket
import threading

READ_ONLY = ("Get", "List", "Explain", "Advise", "Verify")
LIMIT_DEFAULT = 100
NAMES = ("web", "database-primary-of-the-second-region", "m\u00fcnchen", "\u6771\u4eac-edge", "x")


class Maker:
    """Values of the types of a definition."""

    def __init__(self, definition, items):
        self.definition, self.items = definition, items

    def value(self, kind, name, index, depth=0):
        """A value for a field of that name, the index-th of its kind."""
        tag, inner = kind
        if tag == "named":
            if inner in self.definition.types:
                return self.value(self.definition.types[inner], name, index, depth)
            return {"int": self._int, "string": self._string}.get(
                inner, lambda _name, number: number % 2 == 0)(name, index)
        if tag == "nullable":
            return None if (index + len(name)) % 3 == 0 else self.value(inner, name, index, depth)
        if tag == "array":
            count = self.items if depth == 0 else 60 if name == "history" else min(self.items, 2)
            return [self.value(inner, name, index + i, depth + 1) for i in range(count)]
        if tag == "enum":
            return inner[index % len(inner)]
        return {key: self.value(field, key, index, depth + (name != ""))
                for key, field in inner.items()}

    def _int(self, name, index):
        if name == "total" or name.endswith("Total"):
            return self.items
        if name.endswith("RealtimeUsec"):
            return 1750000000000000 - index * 60000000
        if name.endswith(("Usec", "Bps", "Bytes")):
            return 17 * 11 ** (index % 7)
        if name == "prefixLength":
            return 32
        return index % 997

    @staticmethod
    def _string(name, index):
        if name in ("address", "destination", "path", "remote", "local"):
            return (f"192.0.2.{index % 250}", f"2001:db8:1234:5678:9abc:def0:1234:{index:x}")[index % 2]
        if name == "name":
            return f"{NAMES[index % len(NAMES)]}-{index}"
        if name == "key":
            return f"net.ipv4.tcp_something_{index}"
        if name == "text":
            return f"Change {index}: kept\n  because of \u00b5s \u2192 a line that is much longer " \
                   f"than the narrowest terminal of all, and goes on\n"
        if name in ("controller", "version", "kernel", "group", "scheme", "congestion", "span"):
            return "10min" if name == "span" else f"{name}{index % 3}"
        return f"a sentence about {name} \u2013 with \u00fc and {index}"


class Fake:
    """Answers at a socket of its own until it is closed."""

    def __init__(self, path, definition, items=1, mode="up", replies=None):
        self.path, self.definition, self.mode = path, definition, mode
        self.maker = Maker(definition, items)
        self.replies = dict(replies or {})  # whole replies by method, instead of made-up ones
        self.encoded = {}  # pages of them, as they are sent
        self.making = threading.Lock()  # many ask at once for what takes long to make up
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(path)
        os.chmod(path, 0o666)
        self.listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        data = b""
        with connection:
            while True:
                try:
                    chunk = connection.recv(65536)
                except OSError:
                    return
                if not chunk:
                    return
                data += chunk
                while self.mode != "hung" and b"\0" in data:
                    call, _, data = data.partition(b"\0")
                    try:
                        connection.sendall(self._answer(json.loads(call)) + b"\0")
                    except OSError:
                        return

    def _answer(self, call):
        name = call["method"].rpartition(".")[2]
        arguments = call.get("parameters") or {}
        if self.mode == "denied" and not name.startswith(READ_ONLY):
            return b'{"error":"org.varlink.service.PermissionDenied","parameters":{}}'
        if name not in self.definition.methods:
            return b'{"error":"org.varlink.service.MethodNotFound","parameters":{}}'
        page = (name, arguments.get("offset", 0), arguments.get("limit", LIMIT_DEFAULT))
        with self.making:
            if page not in self.encoded:
                if name not in self.replies:
                    self.replies[name] = self.maker.value(self.definition.methods[name][1], "", 1)
                reply = {"parameters": self._page(self.replies[name], *page[1:])}
                self.encoded[page] = json.dumps(reply).encode()
            return self.encoded[page]

    @staticmethod
    def _page(reply, first, limit):
        """What limit and offset leave of a reply with a total."""
        if "total" not in reply:
            return reply
        return {key: value[first:first + limit] if isinstance(value, list) else value
                for key, value in reply.items()}

    def close(self):
        """Takes no more connections."""
        self.listener.close()
