"""A stand-in for AWS Cost Explorer, which moto answers in part only: a flat bill per day, and the forecast that follows from it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

TARGET = "AWSInsightsIndexService."


def _usage(request: dict[str, Any], daily: float) -> dict[str, Any]:
    first, end = (date.fromisoformat(request["TimePeriod"][side]) for side in ("Start", "End"))
    metric, tag = request["Metrics"][0], request["GroupBy"][1]["Key"]
    cost = {metric: {"Amount": str(daily), "Unit": "USD"}}
    groups = [{"Keys": ["AmazonSageMaker", f"{tag}$lending"], "Metrics": cost}] if tag == "team" and "Not" in json.dumps(request) else []
    days = [first + timedelta(days=number) for number in range((end - first).days)]
    return {
        "ResultsByTime": [
            {"TimePeriod": {"Start": str(day), "End": str(day + timedelta(days=1))}, "Groups": groups, "Estimated": False} for day in days
        ]
    }


def _forecast(request: dict[str, Any], daily: float) -> dict[str, Any]:
    first, end = (date.fromisoformat(request["TimePeriod"][side]) for side in ("Start", "End"))
    return {"Total": {"Amount": str(daily * (end - first).days), "Unit": "USD"}, "ForecastResultsByTime": []}


@contextmanager
def cost_explorer(daily: float) -> Iterator[str]:
    """Its address; `daily` USD are charged to one team."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["content-length"])))
            operation = self.headers["x-amz-target"].removeprefix(TARGET)
            answer = {"GetCostAndUsage": _usage, "GetCostForecast": _forecast}[operation](request, daily)
            content = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/x-amz-json-1.1")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
