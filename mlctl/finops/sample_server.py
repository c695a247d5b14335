"""An allocation server on this machine that replays a recorded day for each day asked for, and fails on demand.

Faults, by address (`http://127.0.0.1:9003/fault/truncated`, for every request) or as a list (for the first requests, one each):
`500` answers that, `429` asks to come later, `slow` waits first, `truncated` breaks the JSON off, `null` has null where a NaN was,
`empty` has no allocation, `redirect` sends elsewhere.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mlctl.errors import InputError

SAMPLE = Path(__file__).parent / "samples" / "allocation_day.json"
FAULTS = ("500", "429", "slow", "truncated", "null", "empty", "redirect")
_PATHS = ("/allocation", "/allocation/compute", "/model/allocation")
_WINDOW = re.compile(r"(\d{4}-\d{2}-\d{2})T00:00:00Z,(\d{4}-\d{2}-\d{2})T00:00:00Z")
Answer = tuple[int, bytes, Mapping[str, str]]


class SampleServer(ThreadingHTTPServer):
    """Listens on 127.0.0.1. `requests` keeps what was asked."""

    daemon_threads = True

    def __init__(self, port: int = 0, *, faults: Sequence[str] = (), token: str | None = None, slow_seconds: float = 3.0) -> None:
        unknown = sorted(set(faults) - set(FAULTS))
        if unknown:
            raise InputError(f"there is no fault {', '.join(unknown)}", key="--faults", allowed=", ".join(FAULTS))
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except OSError as error:
            raise InputError(f"cannot listen on port {port}: {error.strerror}", key="--port", remedy="choose another port") from None
        self.requests: list[tuple[str, dict[str, list[str]]]] = []
        self._faults = list(faults)
        self._token = token
        self._slow_seconds = slow_seconds
        self._recorded: dict[str, Any] = json.loads(SAMPLE.read_text(encoding="utf-8"))["data"][0]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, target: str, authorization: str | None) -> Answer:
        """Status, body and headers for a request."""
        parts = urlsplit(target)
        path, query = parts.path, parse_qs(parts.query)
        self.requests.append((path, query))
        match = re.fullmatch(r"/fault/(\w+)(/.*)", path)
        fault = match[1] if match else self._faults.pop(0) if self._faults else ""
        path = match[2] if match else path
        if self._token and authorization != f"Bearer {self._token}":
            return 401, b'{"code":401,"message":"unauthorized"}', {}
        if path not in _PATHS:
            return 404, b'{"code":404,"message":"not found"}', {}
        if fault in ("500", "429"):
            return int(fault), b'{"code":500,"message":"error computing allocation: context deadline exceeded"}', {}
        if fault == "redirect":
            return 302, b"", {"Location": "http://127.0.0.1:9/elsewhere"}
        if fault == "slow":
            time.sleep(self._slow_seconds)
        window = _WINDOW.fullmatch(query.get("window", [""])[0])
        if not window:
            return 400, b'{"code":400,"message":"bad window"}', {}
        body = json.dumps(self._steps(date.fromisoformat(window[1]), date.fromisoformat(window[2]), fault)).encode()
        return 200, body[: len(body) * 2 // 3] if fault == "truncated" else body, {}

    def _steps(self, first: date, end: date, fault: str) -> dict[str, Any]:
        days = [first + timedelta(days=number) for number in range((end - first).days)]
        return {"code": 200, "data": [{} if fault == "empty" else self._day(day, null=fault == "null") for day in days]}

    def _day(self, day: date, *, null: bool) -> dict[str, Any]:
        times = {"start": f"{day}T00:00:00Z", "end": f"{day + timedelta(days=1)}T00:00:00Z"}
        allocations = {name: {**one, **times, "window": times} for name, one in self._recorded.items()}
        if null:
            first = next(iter(allocations))
            allocations[first] = {name: None if name.endswith("Cost") else value for name, value in allocations[first].items()}
        return allocations


class _Handler(BaseHTTPRequestHandler):
    server: SampleServer

    def do_GET(self) -> None:
        status, body, headers = self.server.answer(self.path, self.headers.get("Authorization"))
        try:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True  # who asked has stopped waiting

    def log_message(self, format: str, *args: Any) -> None:
        """Stay silent: what was asked is in `requests`."""


@contextmanager
def serving(*, faults: Sequence[str] = (), token: str | None = None, slow_seconds: float = 3.0) -> Iterator[SampleServer]:
    """A server on a free port while the block runs."""
    server = SampleServer(faults=faults, token=token, slow_seconds=slow_seconds)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
