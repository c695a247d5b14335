"""A real MLflow server on SQLite, for tests of what speaks to one."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import requests


@contextmanager
def mlflow_server(folder: Path, *options: str, variables: Mapping[str, str] | None = None) -> Iterator[str]:
    """Its address; `options` and `variables` are those of `mlflow server` besides what it needs anyway."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"} | dict(variables or {})
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    said = folder / "server.log"
    with said.open("wb") as log:
        store = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db"]
        process = subprocess.Popen(
            [*command, *store, *options], cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        deadline = time.monotonic() + 300
        while not _healthy(address):
            assert process.poll() is None and time.monotonic() < deadline, said.read_text()
            time.sleep(0.5)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)  # it starts workers and job consumers, which would outlive it
        process.wait()


def _healthy(address: str) -> bool:
    try:
        return requests.get(f"{address}/health", timeout=2).ok
    except requests.RequestException:
        return False
