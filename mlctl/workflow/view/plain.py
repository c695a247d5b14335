"""Plain lines: for a log, a pipe, or a continuous-integration job."""

from __future__ import annotations

from collections.abc import Callable

from mlctl.workflow.engine.node import Node, NodeKind
from mlctl.workflow.view.words import memory, seconds, sign


class PlainView:
    """Writes one line per step's start and end, and every line a step writes with its name before it."""

    def __init__(self, write: Callable[[str], None], *, logs: bool = True) -> None:
        self._write = write
        self._logs = logs

    def started(self, node: Node) -> None:
        """Nothing: a step is worth a line when it writes something or ends."""

    def ended(self, node: Node) -> None:
        """One line for each step that has ended."""
        if node.kind in (NodeKind.STEP_GROUP, NodeKind.TASK_GROUP):
            return
        facts = [seconds(node.seconds)] if node.started and node.phase.completed else []
        facts += [memory(node.peak_memory)] if node.peak_memory else []
        message = f" {node.message}" if node.message else ""
        self._write(f"{sign(node.phase)} {node.display} {node.phase}{message} {' '.join(facts)}".rstrip())

    def line(self, node: Node, stream: str, text: str) -> None:
        """A step's line, with its name."""
        if self._logs:
            self._write(f"{node.display}: {text}")

    def note(self, text: str) -> None:
        """A line about the run."""
        self._write(f"note: {text}")
