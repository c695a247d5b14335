"""One box in the picture of a run, and what came out of it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.expression.go_text import to_json
from mlctl.workflow.model.artifact import ArtifactFile

_EXIT_CODE = re.compile(r"Error \(exit code \d+\)")


class Phase(StrEnum):
    """Argo's words for how a node stands."""

    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    ERROR = "Error"
    SKIPPED = "Skipped"
    OMITTED = "Omitted"

    @property
    def bad(self) -> bool:
        """Whether this is Failed or Error."""
        return self in (Phase.FAILED, Phase.ERROR)

    @property
    def completed(self) -> bool:
        """Whether work was done and has ended."""
        return self in (Phase.SUCCEEDED, Phase.FAILED, Phase.ERROR)


class NodeKind(StrEnum):
    """Argo's words for what a node is."""

    POD = "Pod"
    STEPS = "Steps"
    STEP_GROUP = "StepGroup"
    DAG = "DAG"
    TASK_GROUP = "TaskGroup"
    RETRY = "Retry"
    SUSPEND = "Suspend"
    SKIPPED = "Skipped"


@dataclass
class Outputs:
    """What a node gives: parameters, artefacts, standard output, exit code."""

    parameters: dict[str, str] = field(default_factory=dict)
    artifacts: dict[str, ArtifactFile] = field(default_factory=dict)
    result: str | None = None
    exit_code: int | None = None

    def as_json(self) -> dict[str, Any]:
        """For the journal."""
        return {
            "parameters": self.parameters,
            "artifacts": {name: str(file.path) for name, file in self.artifacts.items()},
            "result": self.result,
            "exitCode": self.exit_code,
        }

    @staticmethod
    def from_json(raw: dict[str, Any]) -> Outputs:
        """From the journal."""
        artifacts = {name: ArtifactFile(Path(path)) for name, path in (raw.get("artifacts") or {}).items()}
        return Outputs(raw.get("parameters") or {}, artifacts, raw.get("result"), raw.get("exitCode"))


@dataclass(eq=False)
class Node:
    """One node of a run. Times are seconds since the epoch, memory is in bytes."""

    name: str
    display: str
    kind: NodeKind
    template: str
    id: str = ""
    parent: Node | None = None
    phase: Phase = Phase.PENDING
    message: str = ""
    started: float = 0.0
    finished: float = 0.0
    peak_memory: int = 0
    outputs: Outputs = field(default_factory=Outputs)
    children: list[Node] = field(default_factory=list)
    waits: dict[str, list[str]] = field(default_factory=dict)
    """Of a DAG: task → the tasks it waits for."""

    @property
    def reason(self) -> str:
        """The message as Argo has it: without what the step said last on its standard error."""
        found = _EXIT_CODE.match(self.message)
        return found[0] if found else self.message

    @property
    def seconds(self) -> float:
        """How long it took, or has taken until it was last looked at."""
        return max(0.0, self.finished - self.started) if self.finished else 0.0


def results_of(node: Node) -> frozenset[str]:
    """The words of `depends` that are true of a finished node."""
    words = {"Error": "Errored"}.get(node.phase, str(node.phase))
    found = {words}
    if node.kind is NodeKind.TASK_GROUP:
        phases = [child.phase for child in node.children]
        if Phase.SUCCEEDED in phases:
            found.add("AnySucceeded")
        if phases and all(phase is Phase.FAILED for phase in phases):
            found.add("AllFailed")
    return frozenset(found)


def variables_of(node: Node, prefix: str) -> dict[str, Any]:
    """What can be said of a finished node in variables that begin with `prefix`."""
    from mlctl.workflow.engine.clock import rfc3339

    found: dict[str, Any] = {
        f"{prefix}.id": node.id,
        f"{prefix}.status": str(node.phase),
        f"{prefix}.startedAt": rfc3339(node.started),
        f"{prefix}.finishedAt": rfc3339(node.finished),
        f"{prefix}.hostNodeName": "localhost",
        f"{prefix}.ip": "127.0.0.1",
    }
    outputs = node.outputs
    if outputs.exit_code is not None:
        found[f"{prefix}.exitCode"] = found[f"{prefix}.outputs.exitCode"] = str(outputs.exit_code)
    if outputs.result is not None:
        found[f"{prefix}.outputs.result"] = outputs.result
    for name, value in outputs.parameters.items():
        found[f"{prefix}.outputs.parameters.{name}"] = value
    for name, file in outputs.artifacts.items():
        found[f"{prefix}.outputs.artifacts.{name}"] = file
    return found


def aggregate_of(nodes: list[Node], prefix: str, declared: list[str]) -> dict[str, Any]:
    """The outputs of a loop's nodes as JSON lists, in the order of the items; of a loop over nothing there are none."""
    if not nodes:
        return {}
    done = [node for node in nodes if node.phase is Phase.SUCCEEDED]
    maps = [dict(sorted(node.outputs.parameters.items())) for node in done if node.outputs.parameters]
    found: dict[str, Any] = {f"{prefix}.outputs.result": lambda: _results(done), f"{prefix}.outputs.parameters": to_json(maps)}
    names = {name for node in done for name in node.outputs.parameters} | set(declared)
    for name in sorted(names):
        texts = [node.outputs.parameters[name] for node in done if name in node.outputs.parameters]
        found[f"{prefix}.outputs.parameters.{name}"] = to_json(_maps_or_lists(texts) or texts)
    return found


def _results(nodes: list[Node]) -> str:
    """What the items printed, as one list.

    Raises
    ------
    ExpressionError
        One of them printed something that is not JSON, which Argo cannot put into the list.
    """
    found = []
    for node in nodes:
        if (text := node.outputs.result) is not None:
            try:
                found.append(json.loads(text))
            except ValueError:
                said = f"`{node.display}` printed `{text[:80]}`, which is not JSON: Argo makes no list of such results"
                raise ExpressionError(f"{said}; use an output parameter, or print JSON") from None
    return to_json(found)


def _maps_or_lists(texts: list[str]) -> list[Any] | None:
    """The texts as the JSON they are, where all of them are maps or lists; else Argo leaves them texts."""
    try:
        found = [json.loads(text) for text in texts]
    except ValueError:
        return None
    return found if all(isinstance(item, dict | list) for item in found) else None
