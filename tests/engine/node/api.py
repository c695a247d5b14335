"""What a node is told, and the calls it makes."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import requests

Object = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Config:
    """What a kubelet must be told, as JSON."""

    server: str
    authority: str
    key: str
    """The private key of the authority, with which the node shows itself."""
    token: str
    folder: str
    """Logs go to `logs/<namespace>/<pod>/<container>`, claimed volumes to `claims/<namespace>/<claim>`."""
    argoexec: str
    environment: Mapping[str, str] = field(default_factory=dict)
    """What every container gets besides its own variables, as from an image or a webhook."""
    node: str = "laptop"
    room: int = 8
    """Pods that run at a time."""


class Api:
    """The few calls that a node makes."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._own = threading.local()

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        if not hasattr(self._own, "session"):
            self._own.session = requests.Session()
            self._own.session.trust_env = False
            self._own.session.verify = self._config.authority
            self._own.session.headers["Authorization"] = f"Bearer {self._config.token}"
        answer: requests.Response = self._own.session.request(method, self._config.server + path, timeout=60, **options)
        return answer

    def get(self, path: str) -> Object | None:
        answer = self.call("GET", path)
        if answer.status_code == 404:
            return None
        answer.raise_for_status()
        found: Object = answer.json()
        return found

    def patch(self, path: str, change: Object) -> None:
        """Changes an object that is still there."""
        headers = {"Content-Type": "application/merge-patch+json"}
        answer = self.call("PATCH", path, data=json.dumps(change), headers=headers)
        if answer.status_code != 404:
            answer.raise_for_status()
