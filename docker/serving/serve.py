"""What the serving image runs: `serve` starts MLflow's scoring server on the model put into the container, `ping` asks how it is."""

from __future__ import annotations

import os
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

PLACES = ("/opt/ml/model", "/mnt/models")
"""Where SageMaker and KServe put the model."""


def find_model(places: Sequence[str]) -> Path | None:
    """The first folder that holds an MLflow model."""
    return next((Path(place) for place in places if (Path(place) / "MLmodel").is_file()), None)


def main(arguments: Sequence[str]) -> int:
    """Exit status: 0 well; 1 the server does not answer; 2 no model or no such command."""
    port = os.environ.get("SAGEMAKER_BIND_TO_PORT", "8080")
    if list(arguments) == ["ping"]:
        return _ping(port)
    if list(arguments) != ["serve"]:
        print(f"there is no command {' '.join(arguments)!r}; allowed: serve, ping", file=sys.stderr)
        return 2
    places = [os.environ["MODEL_FOLDER"]] if "MODEL_FOLDER" in os.environ else PLACES
    model = find_model(places)
    if model is None:
        print(f"no MLflow model in {' or '.join(places)}", file=sys.stderr)
        return 2
    from ml.serving.server import MODEL_VARIABLE, server_command

    workers = int(os.environ.get("SERVER_WORKERS", "1"))
    command = server_command("0.0.0.0", int(port), workers)  # noqa: S104 - a container is reached from outside
    os.environ[MODEL_VARIABLE] = str(model)
    return int(os.execv(command[0], command))  # noqa: S606 - this process becomes the server


def _ping(port: str) -> int:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/ping", timeout=4) as answer:
            return 0 if answer.status == 200 else 1
    except (urllib.error.URLError, TimeoutError):
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
