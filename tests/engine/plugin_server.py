"""How a plugin lives: it prints its port, serves gRPC, and ends when the engine interrupts it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent import futures
from types import FrameType
from typing import Any

import grpc

_LARGE = [("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", 400 << 20)]


def serve(add: Callable[[Any], None]) -> None:
    """Never returns: the engine ends a plugin by a signal."""
    signal.signal(signal.SIGINT, _end)
    signal.signal(signal.SIGTERM, _end)
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32), options=_LARGE)
    add(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(0)
