"""Draws a finished, failed or stopped run: as text, JSON or a Mermaid diagram."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mlctl.workflow.engine.clock import rfc3339
from mlctl.workflow.engine.node import Node, NodeKind, Phase
from mlctl.workflow.view.history import ShownRun
from mlctl.workflow.view.words import memory, seconds, sign

_LONGEST_VALUE = 80


def as_text(shown: ShownRun) -> str:
    """The tree, one line per node, its outputs below it."""
    head = f"{shown.header.name}  {shown.phase}" + (f": {shown.message}" if shown.message else "")
    lines = [head, f"started {rfc3339(shown.header.created)}, kept in {shown.folder}"]
    for root in shown.roots:
        lines += _lines(root, "", "")
    return "\n".join(lines)


def _lines(node: Node, first: str, rest: str) -> list[str]:
    facts = [seconds(node.seconds)] if node.phase.completed else []
    facts += [memory(node.peak_memory)] if node.peak_memory else []
    text = "  ".join(part for part in (f"{sign(node.phase)} {node.display}", *facts, node.message) if part)
    lines = [first + text]
    inner = rest + ("│ " if node.children else "  ")
    lines += [f"{inner}  {text}" for text in _outputs(node)]
    for index, child in enumerate(node.children):
        last = index == len(node.children) - 1
        lines += _lines(child, rest + ("└─" if last else "├─"), rest + ("  " if last else "│ "))
    return lines


def _outputs(node: Node) -> Iterator[str]:
    if node.kind in (NodeKind.RETRY, NodeKind.STEP_GROUP, NodeKind.TASK_GROUP):
        return
    for name, value in node.outputs.parameters.items():
        yield f"{name} = {_short(value)}"
    for name, file in node.outputs.artifacts.items():
        yield f"{name}: {file.path}"


def _short(value: str) -> str:
    line = value.replace("\n", "⏎")
    return line if len(line) <= _LONGEST_VALUE else line[: _LONGEST_VALUE - 1] + "…"


def as_json(shown: ShownRun) -> str:
    """Everything the journal knows, nested; times in seconds, memory in bytes."""
    return json.dumps(
        {
            "run": shown.header.name,
            "uid": shown.header.uid,
            "phase": str(shown.phase),
            "message": shown.message,
            "created": rfc3339(shown.header.created),
            "parameters": shown.header.parameters,
            "folder": str(shown.folder),
            "nodes": [_node_json(root, shown) for root in shown.roots],
        },
        indent=2,
    )


def _node_json(node: Node, shown: ShownRun) -> dict[str, Any]:
    folder = shown.folder_of(node)
    return {
        "name": node.name,
        "displayName": node.display,
        "type": str(node.kind),
        "template": node.template,
        "phase": str(node.phase),
        "message": node.message,
        "seconds": round(node.seconds, 3),
        "peakMemory": node.peak_memory,
        "outputs": node.outputs.as_json(),
        "folder": str(folder) if folder else None,
        "children": [_node_json(child, shown) for child in node.children],
    }


_SHAPES = {
    Phase.SUCCEEDED: "fill:#d3f9d8,stroke:#2b8a3e", Phase.FAILED: "fill:#ffe3e3,stroke:#c92a2a",
    Phase.ERROR: "fill:#ffe3e3,stroke:#c92a2a", Phase.SKIPPED: "fill:#f1f3f5,stroke:#868e96",
    Phase.OMITTED: "fill:#f1f3f5,stroke:#868e96", Phase.RUNNING: "fill:#d0ebff,stroke:#1971c2",
    Phase.PENDING: "fill:#f1f3f5,stroke:#868e96",
}  # fmt: skip


def as_mermaid(shown: ShownRun) -> str:
    """A Mermaid flowchart, parents above children."""
    lines = ["flowchart TD"]
    numbers: dict[int, str] = {}
    for root in shown.roots:
        _mermaid(root, None, lines, numbers)
    lines += [f"  classDef {phase} {style}" for phase, style in _SHAPES.items()]
    return "\n".join(lines)


def _mermaid(node: Node, parent: str | None, lines: list[str], numbers: dict[int, str]) -> None:
    name = f"n{len(numbers)}"
    numbers[id(node)] = name
    label = node.display.replace('"', "#quot;")
    lines.append(f'  {name}["{label}<br/>{seconds(node.seconds)}"]:::{node.phase}')
    if parent:
        lines.append(f"  {parent} --> {name}")
    for child in node.children:
        _mermaid(child, name, lines, numbers)
