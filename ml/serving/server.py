"""Start MLflow's scoring server on a packaged model, and wait until it answers: the contract of SageMaker and KServe.

It is what `mlflow models serve --env-manager local` starts, without needing `mlflow` and `uvicorn` on the PATH.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ml.errors import ServiceError
from ml.serving.artefact import find_artefact, load_artefact

APP = "mlflow.pyfunc.scoring_server.app:app"
MODEL_VARIABLE = "__pyfunc_model_path__"


def server_command(host: str, port: int, workers: int = 1) -> list[str]:
    """Return the command; the model's folder goes into the variable `MODEL_VARIABLE`."""
    return [sys.executable, "-m", "uvicorn", "--host", host, "--port", str(port), "--workers", str(workers), APP]


@contextmanager
def serving(
    model: Path,
    port: int,
    *,
    log: Path,
    host: str = "127.0.0.1",
    environment: Mapping[str, str] | None = None,
    seconds: float = 300,
) -> Iterator[str]:
    """Serve a packaged model for as long as the context lasts; yield its address.

    Parameters
    ----------
    log
        Where the server's output goes.
    environment
        Variables beside the present ones, for example DECISION_LOG and DECISION_KEY.
    seconds
        How long to wait for the first answer.

    Raises
    ------
    InputError
        The model is not whole.
    ServiceError
        The server ended or does not answer; the end of its output is in the message.
    """
    load_artefact(find_artefact(model))
    variables = {**os.environ, MODEL_VARIABLE: str(model), **(environment or {})}
    address = f"http://{host}:{port}"
    with log.open("wb") as output:
        process = subprocess.Popen(server_command(host, port), env=variables, stdout=output, stderr=subprocess.STDOUT, cwd=model)
        try:
            _wait(process, address, log, seconds)
            yield address
        finally:
            process.terminate()
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait(process: subprocess.Popen[bytes], address: str, log: Path, seconds: float) -> None:
    import requests

    client = requests.Session()
    client.trust_env = False  # a proxy of the environment does not know this machine's own address
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if process.poll() is not None:
            raise ServiceError(f"the scoring server ended with status {process.returncode}: {_end(log)}", file=log)
        try:
            if client.get(f"{address}/ping", timeout=2).status_code == 200:
                return
        except requests.RequestException:
            pass
        time.sleep(0.1)
    raise ServiceError(f"the scoring server does not answer after {seconds:g} s: {_end(log)}", file=log)


def _end(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return lines[-1] if lines else "no output"
