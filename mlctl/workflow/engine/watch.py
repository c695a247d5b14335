"""What a run tells whoever looks on."""

from __future__ import annotations

from typing import Protocol

from mlctl.workflow.engine.node import Node


class Watcher(Protocol):
    """Called on the event loop; must return quickly."""

    def started(self, node: Node) -> None:
        """A node was begun."""

    def ended(self, node: Node) -> None:
        """A node has its final phase."""

    def line(self, node: Node, stream: str, text: str) -> None:
        """A step wrote one line to `stdout` or `stderr`."""

    def note(self, text: str) -> None:
        """Something about the run as a whole."""


class Silent:
    """Looks away."""

    def started(self, node: Node) -> None:
        """Nothing."""

    def ended(self, node: Node) -> None:
        """Nothing."""

    def line(self, node: Node, stream: str, text: str) -> None:
        """Nothing."""

    def note(self, text: str) -> None:
        """Nothing."""
