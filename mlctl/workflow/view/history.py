"""Reads a run back from its journal."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlctl.errors import InputError
from mlctl.workflow.engine.clock import rfc3339
from mlctl.workflow.engine.journal import Record
from mlctl.workflow.engine.node import Node, NodeKind, Outputs, Phase
from mlctl.workflow.engine.record import folder_name
from mlctl.workflow.engine.run_folder import Header, RunFolder


@dataclass(frozen=True, kw_only=True)
class ShownRun:
    """A run with its nodes, as its journal tells it."""

    header: Header
    folder: Path
    phase: Phase
    message: str
    roots: list[Node]

    def folder_of(self, node: Node) -> Path | None:
        """Where a step left its output; None where it has no folder."""
        folder = self.folder / folder_name(node)
        return folder if folder.is_dir() else None


def read_run(runs: Path, run: str) -> ShownRun:
    """One run.

    Raises
    ------
    InputError
        There is no such run.
    """
    return _shown(RunFolder.find(runs, run))


def _shown(folder: RunFolder) -> ShownRun:
    header, records = folder.read()
    nodes: dict[str, Node] = {}
    phase, message = Phase.RUNNING, ""
    for record in records:
        event = record["event"]
        if event == "node":
            _opened(record, nodes)
        elif event == "end" and record["name"] in nodes:
            _ended(record, nodes[record["name"]])
        elif event == "order" and record["name"] in nodes:
            nodes[record["name"]].waits = record["waits"]
        elif event == "done":
            phase, message = Phase(record["phase"]), record["message"]
        elif event == "again":
            phase, message = Phase.RUNNING, ""
    roots = [node for node in nodes.values() if node.parent is None]
    return ShownRun(header=header, folder=folder.path, phase=phase, message=message, roots=roots)


def _opened(record: Record, nodes: dict[str, Node]) -> None:
    known = nodes.get(record["name"])
    if known is not None:
        return
    parent = nodes.get(record["parent"]) if record["parent"] else None
    node = Node(
        record["name"], record["display"], NodeKind(record["kind"]), record["template"], record["id"], parent,
        Phase.RUNNING, started=record["at"],
    )  # fmt: skip
    nodes[node.name] = node
    if parent is not None:
        parent.children.append(node)


def _ended(record: Record, node: Node) -> None:
    node.phase, node.message = Phase(record["phase"]), record["message"]
    node.started, node.finished = record["started"], record["finished"]
    node.peak_memory, node.outputs = record["peakMemory"], Outputs.from_json(record["outputs"])


def summaries(runs: Path) -> list[dict[str, Any]]:
    """One entry per run, the latest first; a journal that cannot be read is named, not left out."""
    found: list[dict[str, Any]] = []
    for folder in RunFolder.every(runs):
        try:
            shown = _shown(folder)
        except InputError as error:
            found.append({"run": folder.path.name, "phase": "unreadable", "started": "", "steps": 0, "error": str(error)})
            continue
        steps = sum(1 for root in shown.roots for _ in _steps(root))
        started = rfc3339(shown.header.created)
        found.append({"run": folder.path.name, "phase": str(shown.phase), "started": started, "steps": steps})
    return found


def _steps(node: Node) -> list[Node]:
    own = [node] if node.kind is NodeKind.POD else []
    return own + [step for child in node.children for step in _steps(child)]
