#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Programs with the faults that controllers look for, each one function: `loads.py ROLE WORD...`.

They are what is found in the field: a service that accepts too slowly, a peer that writes its
question in two pieces, a receiver of datagrams that is busy elsewhere, a client without a pool of
connections. Servers print "ready"; all go on until they are killed. What wanload does (transfers,
bursts) is not repeated here.
"""
import collections
import contextlib
import resource
import socket
import struct
import sys
import threading
import time

QUESTION, ANSWER = 200, 100
# <netinet/tcp.h> and <linux/socket.h>
MSG_FASTOPEN, TCP_NOTSENT_LOWAT = 0x20000000, 25


def ready():
    """Tells the test that clients may come."""
    print("ready", flush=True)


def listen(address, port, backlog):
    """A listening socket."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, int(port)))
    sock.listen(int(backlog))
    ready()
    return sock


def reset(sock):
    """Closes without TIME_WAIT."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def accept(address, port, backlog, pause, keep=100):
    """A service that takes a connection each `pause` seconds, and hangs up on the oldest when it
    has more than `keep`."""
    server, held = listen(address, port, backlog), []
    while True:
        held.append(server.accept()[0])
        if len(held) > int(keep):
            held.pop(0).close()
        if float(pause) > 0:
            time.sleep(float(pause))


def connect(address, port, count, period, stay=None):
    """So many clients at once, each period; they leave with a reset, after a period or `stay`."""
    held = collections.deque()
    while True:
        batch = []
        for _ in range(int(count)):
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            sock.setblocking(False)
            sock.connect_ex((address, int(port)))
            batch.append(sock)
        held.append(batch)
        time.sleep(float(period))
        if len(held) * float(period) >= float(stay or period):
            for sock in held.popleft():
                reset(sock)


def hold(address, port, idle, period="0"):
    """One connection that asks nothing, or writes a byte each period; kept alive after `idle` s."""
    with socket.create_connection((address, int(port))) as sock:
        if int(idle) > 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, int(idle))
        while True:
            time.sleep(float(period) or 3600)
            sock.sendall(b".")


def serve(address, port, one):
    """A thread for each connection; what breaks one of them is its client's doing."""
    def life(sock):
        with contextlib.suppress(OSError), sock:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            one(sock)

    server = listen(address, port, 64)
    while True:
        threading.Thread(target=life, args=(server.accept()[0],), daemon=True).start()


def exactly(sock, size):
    """So many bytes; an OSError at the end of the connection."""
    while size > 0:
        data = sock.recv(min(size, 65536))
        if not data:
            raise ConnectionError("the end")
        size -= len(data)


def answer(address, port):
    """Answers each question when it is there as a whole."""
    def one(sock):
        while True:
            exactly(sock, QUESTION)
            sock.sendall(bytes(ANSWER))

    serve(address, port, one)


def ask(address, port, pieces, pause="0"):
    """Asks and waits for the answer; Nagle's algorithm is on."""
    with contextlib.suppress(OSError), socket.create_connection((address, int(port))) as sock:
        while True:
            for _ in range(int(pieces)):
                sock.sendall(bytes(QUESTION // int(pieces)))
            exactly(sock, ANSWER)
            time.sleep(float(pause))


def pull(address, port, pause, buffer):
    """Reads what comes, and says something each `pause` seconds: somebody who asks for more. A
    receive buffer of so many bytes; 0: as the system likes it."""
    def one(sock):
        if int(buffer) > 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, int(buffer))

        def talk():
            with contextlib.suppress(OSError):
                while True:
                    sock.sendall(bytes(20))
                    time.sleep(float(pause))

        threading.Thread(target=talk, daemon=True).start()
        exactly(sock, 1 << 60)

    serve(address, port, one)


def push(address, port, lowat):
    """Writes as much as there is room for, and reads what the other side says. No more than about
    `lowat` bytes wait unsent; 0: as the system likes it."""
    with socket.create_connection((address, int(port))) as sock:
        if int(lowat) > 0:
            sock.setsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT, int(lowat))
        threading.Thread(target=exactly, args=(sock, 1 << 60), daemon=True).start()
        while True:
            sock.sendall(bytes(8192))


def upload(address, port, size, seconds):
    """A short question and its answer, then so many bytes; given up after so many seconds."""
    while True:
        with contextlib.suppress(OSError):
            sock = socket.create_connection((address, int(port)), timeout=float(seconds))
            sock.sendall(bytes(QUESTION))
            exactly(sock, ANSWER)
            with contextlib.suppress(OSError):
                sock.sendall(bytes(int(size)))
            time.sleep(float(seconds))
            reset(sock)


def greet(address, port):
    """Answers the first question and reads the rest."""
    def one(sock):
        exactly(sock, QUESTION)
        sock.sendall(bytes(ANSWER))
        exactly(sock, 1 << 60)

    serve(address, port, one)


def churn(address, port, count, period):
    """A client that closes each of its connections itself, so many each period."""
    while True:
        for _ in range(int(count)):
            with contextlib.suppress(OSError):
                socket.create_connection((address, int(port)), timeout=2).close()
        time.sleep(float(period))


def ask_anew(address, port, period):
    """A client that opens a connection for each question, and asks so long after the answer."""
    while True:
        with contextlib.suppress(OSError):
            with socket.create_connection((address, int(port)), timeout=2) as sock:
                sock.sendall(bytes(QUESTION))
                exactly(sock, ANSWER)
        time.sleep(float(period))


def address_record(question):
    """The answer of a name server: an address for A, nothing for other types (RFC 1035)."""
    end = question.index(0, 12) + 5
    is_a = question[end - 4:end - 2] == b"\0\1"
    header = question[:2] + b"\x81\x80" + struct.pack(">HHHH", 1, int(is_a), 0, 0)
    record = b"\xc0\x0c\0\1\0\1" + struct.pack(">IH", 60, 4) + bytes((192, 0, 2, 1))
    return header + question[12:end] + (record if is_a else b"")


def serve_names(address, port, pause, cache):
    """A name server that takes so long for each question; with a cache only for the first."""
    sock, known = socket.socket(socket.AF_INET, socket.SOCK_DGRAM), set()
    sock.bind((address, int(port)))
    ready()
    while True:
        question, peer = sock.recvfrom(512)
        if not (int(cache) and question[2:] in known):
            time.sleep(float(pause))
        known.add(question[2:])
        sock.sendto(address_record(question), peer)


def serve_pages(address, port, every, pause):
    """A web application that takes so long for one request in `every`; 0: for none."""
    head = b"HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nok\n"
    server, n = listen(address, port, 64), 0
    while True:
        with contextlib.suppress(OSError), server.accept()[0] as sock:
            sock.recv(4096)
            n += 1
            if int(every) > 0 and n % int(every) == 0:
                time.sleep(float(pause))
            sock.sendall(head)


def receive_datagrams(address, port, pause):
    """Reads all there is, then is busy elsewhere."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((address, int(port)))
    ready()
    sock.setblocking(False)
    while True:
        with contextlib.suppress(BlockingIOError):
            while True:
                sock.recv(2048)
        time.sleep(float(pause))


def send_datagrams(address, port, count, period):
    """So many of 1,000 bytes at once."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    while True:
        for _ in range(int(count)):
            with contextlib.suppress(OSError):
                sock.sendto(bytes(1000), (address, int(port)))
        time.sleep(float(period))


def fastopen(address, port, period):
    """Asks for a Fast Open cookie with each connection."""
    while True:
        with contextlib.suppress(OSError):
            sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            sock.sendto(bytes(10), MSG_FASTOPEN, (address, int(port)))
            reset(sock)
        time.sleep(float(period))


ROLES = {function.__name__.replace("_", "-"): function
         for function in (accept, connect, hold, answer, ask, pull, push, upload, greet, churn,
                          ask_anew, serve_names, serve_pages, receive_datagrams,
                          send_datagrams, fastopen)}

if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
    ROLES[sys.argv[1]](*sys.argv[2:])
