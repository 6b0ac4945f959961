#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What test_examples.py talks to: `examples_server.py CERTIFICATE KEY` is a page by HTTPS at port 443, a
service at 5432 and a name server at 53, on all addresses of both families. Prints "ready"."""
import http.server
import socket
import socketserver
import ssl
import sys
import threading

from loads import address_record


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Both families, a thread for each connection."""
    address_family, daemon_threads = socket.AF_INET6, True

    def handle_error(self, request, client_address):
        """A client that leaves is no error."""


class Page(http.server.BaseHTTPRequestHandler):
    """A short page, on a connection that is kept."""
    protocol_version = "HTTP/1.1"

    def do_GET(self):  # pylint: disable=invalid-name
        """The page, whatever was asked for."""
        body = b"hello\n" * 100
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):  # pylint: disable=arguments-differ
        """Nothing."""


class Service(socketserver.BaseRequestHandler):
    """Waits until the client leaves."""

    def handle(self):
        """Reads to the end."""
        while self.request.recv(4096):
            pass


def serve_names():
    """Answers every question with an address."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.bind(("::", 53))
        while True:
            question, client = sock.recvfrom(1500)
            sock.sendto(address_record(question), client)


def main(certificate, key):
    """All of it, until it is killed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    web, database = Server(("::", 443), Page), Server(("::", 5432), Service)
    web.socket = context.wrap_socket(web.socket, server_side=True, do_handshake_on_connect=False)
    threads = [threading.Thread(target=function)
               for function in (web.serve_forever, database.serve_forever, serve_names)]
    for thread in threads:
        thread.start()
    print("ready", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
