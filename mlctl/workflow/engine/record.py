"""The nodes of a run as they happen: numbered, journalled and shown."""

from __future__ import annotations

import re
import time
from typing import Any

from mlctl.workflow.engine.journal import Journal, Record
from mlctl.workflow.engine.node import Node, NodeKind, Outputs, Phase
from mlctl.workflow.engine.watch import Watcher


def fnv32a(text: str) -> int:
    """The 32-bit FNV-1a hash, which Argo uses for node and pod names."""
    value = 0x811C9DC5
    for byte in text.encode():
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


class Recorder:
    """Creates nodes, and remembers those an earlier session of the run has finished."""

    def __init__(self, run: str, journal: Journal, watcher: Watcher, earlier: dict[str, Record]) -> None:
        self._run = run
        self._journal = journal
        self._watcher = watcher
        self._earlier = earlier
        self.roots: list[Node] = []
        self.failures: list[Node] = []

    def open(self, name: str, display: str, kind: NodeKind, template: str, parent: Node | None) -> Node:
        """A new node, running."""
        node = Node(name, display, kind, template, self._id(name), parent, Phase.RUNNING, started=time.time())
        (parent.children if parent else self.roots).append(node)
        self._journal.add(
            {
                "event": "node", "name": name, "display": display, "kind": str(kind), "template": template,
                "parent": parent.name if parent else None, "id": node.id, "at": node.started,
            }
        )  # fmt: skip
        self._watcher.started(node)
        return node

    def order(self, node: Node, waits: dict[str, list[str]]) -> None:
        """Keep which task of a DAG waits for which, so that the run can be drawn."""
        node.waits = waits
        self._journal.add({"event": "order", "name": node.name, "waits": waits})

    def recall(self, node: Node) -> bool:
        """Fill in a node that was finished before; False if it was not."""
        record = self._earlier.get(node.name)
        if record is None:
            return False
        node.phase, node.message = Phase(record["phase"]), record["message"]
        node.started, node.finished = record["started"], record["finished"]
        node.peak_memory, node.outputs = record["peakMemory"], Outputs.from_json(record["outputs"])
        self._tell(node)
        return True

    def close(self, node: Node, phase: Phase, message: str = "") -> Node:
        """Give a node its final phase; the work of a step or a person is on the disk when this returns."""
        node.phase, node.message, node.finished = phase, message, time.time()
        self._journal.add(_end_record(node), durable=node.kind in (NodeKind.POD, NodeKind.SUSPEND))
        self._tell(node)
        return node

    def shut(self, name: str, display: str, phase: Phase, message: str, parent: Node | None, template: str = "") -> Node:
        """A node that is decided without being run."""
        return self.close(self.open(name, display, NodeKind.SKIPPED, template, parent), phase, message)

    def _tell(self, node: Node) -> None:
        if node.phase.bad and node.kind in (NodeKind.POD, NodeKind.SKIPPED, NodeKind.SUSPEND):
            self.failures.append(node)
        self._watcher.ended(node)

    def _id(self, name: str) -> str:
        return self._run if name == self._run else f"{self._run}-{fnv32a(name)}"


def folder_name(node: Node) -> str:
    """The name of a node's folder: readable, short, and unlike any other's."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "_", node.display).strip("_.")[:48]
    return f"{readable}-{fnv32a(node.name):08x}"


def finished_before(records: list[Record], *, retry_failed: bool) -> dict[str, Record]:
    """The final records of the steps of earlier sessions, by node name.

    With `retry_failed` those that failed are left out, so that they are run again.
    """
    kept: dict[str, Record] = {}
    lasting = (NodeKind.POD, NodeKind.SUSPEND)
    for record in records:
        if record["event"] == "end" and record["kind"] in lasting:
            kept[record["name"]] = record
        elif record["event"] == "again":
            kept = {name: end for name, end in kept.items() if not Phase(end["phase"]).bad}
    if retry_failed:
        kept = {name: end for name, end in kept.items() if not Phase(end["phase"]).bad}
    return kept


def _end_record(node: Node) -> dict[str, Any]:
    return {
        "event": "end", "name": node.name, "kind": str(node.kind), "phase": str(node.phase), "message": node.message,
        "started": node.started, "finished": node.finished, "peakMemory": node.peak_memory,
        "outputs": node.outputs.as_json(),
    }  # fmt: skip
