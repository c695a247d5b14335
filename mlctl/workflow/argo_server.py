"""Sends a manifest to an Argo server, and follows what becomes of it."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import requests
from requests.auth import AuthBase

from mlctl.errors import InputError, ServiceError
from mlctl.workflow.catalog import Catalog
from mlctl.workflow.model.parameter import Raw

TOKEN_VARIABLE = "ARGO_TOKEN"
FINAL = ("Succeeded", "Failed", "Error")
_TRIES = 4


class _Bearer(AuthBase):
    """Adds the token, and keeps `requests` from looking for another in `.netrc`."""

    def __init__(self, token: str) -> None:
        self._token = token.removeprefix("Bearer ").strip()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


@dataclass(frozen=True, kw_only=True)
class ArgoServer:
    """An Argo server's address and how to reach it; `timeout` is in seconds per request."""

    url: str
    token: str
    ca_file: Path | None = None
    timeout: float = 30.0
    pause: float = 1.0
    """Seconds before the first repetition of a request that may be repeated; doubled each time."""

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise InputError(f"`{self.url}` is not a server's address", key="--server", allowed="https://HOST[:PORT]")
        if parts.username or parts.password:
            raise InputError("an address holds no password", key="--server", remedy=f"put the token into {TOKEN_VARIABLE}")
        if parts.scheme == "http" and self.token and not _is_local(parts.hostname):
            raise InputError("the token would be sent in clear", key="--server", remedy="use https")
        if self.ca_file is not None and not self.ca_file.is_file():
            raise InputError("there is no such file", file=self.ca_file, key="--ca-file")

    def post(self, path: str, body: Raw) -> Raw:
        """Send once: what may have been received is never sent again."""
        return self._answer(self._send("POST", path, body), path)

    def get(self, path: str) -> Raw:
        """Ask; repeated when the server is not reached or says it is busy."""
        pause = self.pause
        for attempt in range(_TRIES):
            last = attempt == _TRIES - 1
            try:
                response = self._send("GET", path, None)
            except ServiceError:
                if last:
                    raise
            else:
                if last or response.status_code not in (429, 502, 503, 504):
                    return self._answer(response, path)
            time.sleep(pause)
            pause *= 2
        raise AssertionError("the last attempt returns or raises")

    def _send(self, method: str, path: str, body: Raw | None) -> requests.Response:
        try:
            return requests.request(
                method, self.url.rstrip("/") + path, json=body, auth=_Bearer(self.token), timeout=self.timeout,
                verify=str(self.ca_file) if self.ca_file else True, allow_redirects=False,
            )  # fmt: skip
        except requests.exceptions.SSLError as error:
            raise ServiceError(f"{self.url}: the certificate is not accepted: {_reason(error)}",
                               remedy="give its authority with --ca-file FILE") from None  # fmt: skip
        except requests.exceptions.Timeout:
            raise ServiceError(f"{self.url} did not answer within {self.timeout:g} s") from None
        except requests.exceptions.RequestException as error:
            raise ServiceError(f"{self.url} cannot be reached: {_reason(error)}") from None

    def _answer(self, response: requests.Response, path: str) -> Raw:
        status = response.status_code
        message = _message(response)
        if status in (401, 403):
            what = "does not know the token" if status == 401 else "does not allow this"
            raise ServiceError(f"{self.url} {what} (HTTP {status}): {message}", remedy=f"set {TOKEN_VARIABLE}")
        if status == 400:
            raise InputError(f"{self.url} refuses the manifest: {message}")
        if status == 404:
            raise ServiceError(f"{self.url} has no {path} (HTTP 404): {message}")
        if status == 409:
            raise InputError(f"{self.url}: it exists already: {message}", remedy="use `generateName`")
        if not 200 <= status < 300:
            raise ServiceError(f"{self.url} answered HTTP {status}: {message}")
        try:
            answer = response.json()
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise ServiceError(f"{self.url} answered {path} with something that is not a JSON object: is it an Argo server?")
        return answer


def _is_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _reason(error: Exception) -> str:
    text = str(error)
    return text.rsplit(": ", 1)[-1].strip("()'\" ")[:200] or type(error).__name__


def _message(response: requests.Response) -> str:
    try:
        message = response.json().get("message")
    except (ValueError, AttributeError):
        message = None
    return str(message or response.text.strip()[:200] or "no explanation")


def submit(server: ArgoServer, catalog: Catalog, namespace: str, parameters: dict[str, str]) -> str:
    """Send the workflow; the name the server gave it.

    A Workflow is created as it is. Of a WorkflowTemplate, ClusterWorkflowTemplate or CronWorkflow, which the platform
    deploys, the server is asked to start the one it holds.

    Raises
    ------
    InputError
        The server refuses the manifest.
    ServiceError
        The server cannot be reached, or answers nonsense.
    """
    base = f"/api/v1/workflows/{quote(namespace, safe='')}"
    main = catalog.main
    if main.kind == "Workflow":
        manifest = _manifest(catalog, namespace, parameters)
        answer = server.post(base, {"namespace": namespace, "workflow": manifest})
    else:
        options: Raw = {"parameters": [f"{name}={value}" for name, value in parameters.items()]}
        body = {"namespace": namespace, "resourceKind": main.kind, "resourceName": main.name, "submitOptions": options}
        answer = server.post(f"{base}/submit", body)
    name = (answer.get("metadata") or {}).get("name")
    if not isinstance(name, str) or not name:
        raise ServiceError(f"{server.url} did not say what the workflow is called: is it an Argo server?")
    return name


def _manifest(catalog: Catalog, namespace: str, parameters: dict[str, str]) -> Raw:
    """The Workflow document, with the parameters of the command line in place of its own."""
    documents = [owner.document for owner in catalog.owners if owner.document.value.get("kind") == "Workflow"]
    value = dict(documents[0].value)
    metadata = dict(value.get("metadata") or {})
    written = metadata.get("namespace")
    if written and written != namespace:
        raise InputError(f"the manifest is for namespace `{written}`", key="--namespace", remedy=f"use {written}")
    value["metadata"] = {**metadata, "namespace": namespace}
    spec = dict(value["spec"])
    if parameters:
        arguments = dict(spec.get("arguments") or {})
        entries = {entry["name"]: entry for entry in arguments.get("parameters") or ()}
        entries.update({name: {**entries.get(name, {}), "name": name, "value": text} for name, text in parameters.items()})
        arguments["parameters"] = list(entries.values())
        spec["arguments"] = arguments
    value["spec"] = spec
    return value


def follow(server: ArgoServer, namespace: str, name: str, tell: Callable[[str], None], every: float = 2.0) -> str:
    """Wait until the workflow ends; tell every change of a step. The phase it ended in.

    Raises
    ------
    ServiceError
        The server stops answering.
    """
    path = f"/api/v1/workflows/{quote(namespace, safe='')}/{quote(name, safe='')}"
    told: dict[str, str] = {}
    while True:
        status = server.get(path).get("status") or {}
        nodes: dict[str, Any] = status.get("nodes") or {}
        for key, node in nodes.items():
            phase = str(node.get("phase") or "")
            if node.get("type") in ("Pod", "Suspend") and phase and told.get(key) != phase:
                told[key] = phase
                tell(f"{node.get('displayName', key)} {phase} {node.get('message') or ''}".rstrip())
        if status.get("phase") in FINAL:
            return str(status["phase"])
        time.sleep(every)
