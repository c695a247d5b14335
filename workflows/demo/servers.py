"""The versions that are served on this machine, each by MLflow's scoring server on a port of its own, until the demo ends."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from ml.registry.registry import Registry
from ml.serving.server import serving


class Servers:
    """Servers of one model, by version.

    Parameters
    ----------
    stack
        Stops them when it ends.
    """

    def __init__(self, model: str, registry: Registry, folder: Path, stack: ExitStack) -> None:
        self._model, self._registry, self._folder, self._stack = model, registry, folder, stack
        self._addresses: dict[str, str] = {}

    def start(self, version: str, environment: Mapping[str, str] | None = None) -> str:
        """Fetch the version, check every byte, and serve it; where it is served already, nothing. Its address comes out."""
        if version not in self._addresses:
            served = self._registry.fetch(self._model, version, self._folder / "served" / version)
            log = self._folder / f"server-{version}.log"
            self._addresses[version] = self._stack.enter_context(serving(served, free_port(), log=log, environment=environment))
        return self._addresses[version]


def free_port() -> int:
    """A port of this machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
