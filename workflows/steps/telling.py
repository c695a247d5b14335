"""Messages to the outside: a chat's webhook, GitHub."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping

from ml.errors import InputError, ServiceError

GITHUB = "https://api.github.com"
SECONDS = 20


def tell(variable: str, text: str) -> None:
    """Write a line to the log, and send it to the webhook whose address stands in the environment variable, if it is set.

    Raises
    ------
    ServiceError
        The webhook refuses or does not answer; the step is tried again.
    """
    print(text)
    address = os.environ.get(variable, "")
    if address:
        _post(address, {"text": text}, {})


def dispatch(repository: str, variable: str, inputs: Mapping[str, str]) -> None:
    """Start the promotion on GitHub, with the token in the environment variable.

    Raises
    ------
    InputError
        There is no token.
    ServiceError
        GitHub refuses or does not answer.
    """
    token = os.environ.get(variable, "")
    if not token:
        raise InputError("there is no token for GitHub", key=variable, remedy="put it into the Secret `github`, key `token`")
    server = os.environ.get("GITHUB_API_URL", GITHUB)
    address = f"{server}/repos/{repository}/actions/workflows/promote.yml/dispatches"
    headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
    _post(address, {"ref": "main", "inputs": dict(inputs)}, headers)


def failure_lines(failures: str) -> str:
    """Return what failed, from Argo's `workflow.failures`: a JSON text of a JSON list."""
    try:
        read = json.loads(failures)
        found = json.loads(read) if isinstance(read, str) else read
        return "; ".join(f"{item['displayName']}: {item['message']}" for item in found) or "no step failed"
    except (ValueError, TypeError, KeyError):
        return failures


def _post(address: str, content: Mapping[str, object], headers: Mapping[str, str]) -> None:
    import requests

    host = (address.split("/")[2] if "//" in address else address).rpartition("@")[2]  # a name and password may stand before it
    try:
        answer = requests.post(address, json=content, headers=dict(headers), timeout=SECONDS)
    except requests.RequestException as error:
        raise ServiceError(f"{host} does not answer: {type(error).__name__}") from None
    if answer.status_code >= 400:
        raise ServiceError(f"{host} answers with status {answer.status_code}")
