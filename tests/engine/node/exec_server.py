"""Runs commands in containers for whoever asks the API server to: what `kubectl exec` and Argo's controller, when it ends a pod, need.

The API server hands the caller's SPDY/3.1 connection through. Of the protocol only what a caller without standard input needs is here:
it opens the streams for the status, standard output and standard error, in this order, and gets the three filled and closed.
"""

from __future__ import annotations

import json
import ssl
import struct
import subprocess
import threading
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.engine.node.api import Config

PROTOCOL = "v4.channel.k8s.io"
SYN_STREAM, SYN_REPLY, PING = 1, 2, 6
CONTROL = 0x8003
"""The first two bytes of a control frame of version 3."""
FIN = 1
STREAMS = 3
Find = Callable[[str, str, str], int | None]
"""The process 1 of a container, by namespace, pod and container."""


class Spdy:
    """The server's side of a connection."""

    def __init__(self, reader: BufferedIOBase, writer: BufferedIOBase) -> None:
        self._reader, self._writer = reader, writer
        self._headers = zlib.compressobj()

    def accept(self) -> int:
        """The id of the next stream that the caller opens."""
        while True:
            first, second, length = struct.unpack(">HHI", self._reader.read(8))
            body = self._reader.read(length & 0xFFFFFF)
            if first == CONTROL and second == PING:
                self._control(PING, body)
            if first == CONTROL and second == SYN_STREAM:
                stream: int = struct.unpack(">I", body[:4])[0]
                no_headers = self._headers.compress(struct.pack(">I", 0)) + self._headers.flush(zlib.Z_SYNC_FLUSH)
                self._control(SYN_REPLY, struct.pack(">I", stream) + no_headers)
                return stream

    def finish(self, stream: int, data: bytes) -> None:
        """The last data of a stream."""
        self._writer.write(struct.pack(">II", stream, FIN << 24 | len(data)) + data)
        self._writer.flush()

    def drain(self) -> None:
        """Waits until the caller hangs up."""
        while self._reader.read(1):
            pass

    def _control(self, kind: int, body: bytes) -> None:
        self._writer.write(struct.pack(">HHI", CONTROL, kind, len(body)) + body)
        self._writer.flush()


def carried_out(process: int | None, command: list[str]) -> tuple[dict[str, Any], bytes, bytes]:
    """Status, standard output and standard error."""
    if process is None:
        return {"metadata": {}, "status": "Failure", "message": "the container is not running"}, b"", b""
    inside = ["nsenter", "--mount", "--pid", "--root", "--wd", "--target", str(process), *command]
    done = subprocess.run(inside, capture_output=True, check=False)
    if done.returncode == 0:
        return {"metadata": {}, "status": "Success"}, done.stdout, done.stderr
    cause = {"reason": "ExitCode", "message": str(done.returncode)}
    status: dict[str, Any] = {"metadata": {}, "status": "Failure", "reason": "NonZeroExitCode", "details": {"causes": [cause]}}
    return status, done.stdout, done.stderr


def start_exec_server(config: Config, find: Find) -> int:
    """The port on which it listens, with TLS, until the process ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

        def do_POST(self) -> None:
            address = urlsplit(self.path)
            _, action, namespace, pod, container = address.path.split("/")
            if action != "exec":
                self.send_error(404)
                return
            self.send_response(101)
            for name, value in {"Connection": "Upgrade", "Upgrade": "SPDY/3.1", "X-Stream-Protocol-Version": PROTOCOL}.items():
                self.send_header(name, value)
            self.end_headers()
            connection = Spdy(self.rfile, self.wfile)
            streams = [connection.accept() for _ in range(STREAMS)]
            status, output, errors = carried_out(find(namespace, pod, container), parse_qs(address.query)["command"])
            for stream, data in zip(streams, (json.dumps(status).encode(), output, errors), strict=True):
                connection.finish(stream, data)
            connection.drain()
            self.close_connection = True

        do_GET = do_POST  # noqa: N815

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(config.authority, config.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return int(server.server_address[1])
