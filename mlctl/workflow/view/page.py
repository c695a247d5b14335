"""A run as one HTML page that needs nothing else: no script, no font, no picture from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markupsafe import Markup

from mlctl.page import page_template
from mlctl.workflow.engine.clock import rfc3339
from mlctl.workflow.engine.node import Node, NodeKind
from mlctl.workflow.view.graph import graph_svg
from mlctl.workflow.view.history import ShownRun
from mlctl.workflow.view.log_end import LogEnd, log_ends
from mlctl.workflow.view.words import memory, seconds, sign

_WITH_LOGS = 400
"""The logs of so many steps stand in the page; of the others only those that failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One node in the table."""

    node: Node
    label: str
    message: str
    depth: int
    number: int
    left: float
    """Where its bar begins, percent of the run."""
    width: float
    logs: tuple[LogEnd, ...]
    artefacts: tuple[tuple[str, str, str], ...]
    """(name, address, size)"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The picture of one template of the run."""

    title: str
    svg: Markup


def as_html(shown: ShownRun) -> str:
    """The page. Everything that comes from a manifest or a step is escaped; what HTML does not know, such as terminal colours, is a `�`."""
    template = page_template("mlctl.workflow.view", "run.html.j2", seconds=seconds, memory=memory, sign=sign)
    rows = list(_rows(shown))
    steps = [row.node for row in rows if row.node.kind is NodeKind.POD]
    begun, ended = _span(shown)
    page = template.render(
        shown=shown,
        started=rfc3339(shown.header.created),
        took=ended - begun,
        worked=sum(node.seconds for node in steps),
        steps=steps,
        peak=max((node.peak_memory for node in steps), default=0),
        figures=list(_figures(shown.roots, ())),
        rows=rows,
        failed=[row for row in rows if row.node.phase.bad and not row.node.children],
        outputs=shown.roots[0].outputs.parameters if shown.roots else {},
        folder=shown.folder.as_uri(),
    )
    return "".join(mark if mark.isprintable() or mark in "\n\t" else "�" for mark in page)


def _span(shown: ShownRun) -> tuple[float, float]:
    nodes = [node for node, _, _ in _every(shown.roots)]
    begun = min((node.started for node in nodes if node.started), default=shown.header.created)
    return begun, max([begun, *(max(node.started, node.finished) for node in nodes)])


def _every(nodes: list[Node]) -> Iterator[tuple[Node, Node, int]]:
    """(node, whose name it has, depth), parents first. Of what was tried only once, the attempt stands for the whole."""
    waiting = [(node, 0) for node in reversed(nodes)]
    while waiting:
        named, depth = waiting.pop()
        node = named.children[0] if named.kind is NodeKind.RETRY and len(named.children) == 1 else named
        yield node, named, depth
        waiting += [(child, depth + 1) for child in reversed(node.children)]


def _rows(shown: ShownRun) -> Iterator[Row]:
    begun, ended = _span(shown)
    whole = max(ended - begun, 0.001)
    for number, (node, named, depth) in enumerate(_every(shown.roots)):
        until = node.finished or ended
        with_logs = number < _WITH_LOGS or node.phase.bad
        yield Row(
            node=node,
            label=named.display,
            message=named.message or node.message,
            depth=depth,
            number=number,
            left=100 * max(0.0, node.started - begun) / whole,
            width=100 * max(0.0, until - node.started) / whole,
            logs=tuple(log_ends(shown.folder_of(node))) if with_logs else (),
            artefacts=tuple(_artefacts(node, shown)) if node.kind is NodeKind.POD else (),
        )


def _artefacts(node: Node, shown: ShownRun) -> Iterator[tuple[str, str, str]]:
    for name, file in node.outputs.artifacts.items():
        path = shown.folder / file.path
        yield name, path.as_uri(), _size(path)


def _size(path: Path) -> str:
    if not path.exists():
        return "gone"
    files = [path] if path.is_file() else [inner for inner in path.rglob("*") if inner.is_file()]
    size = sum(file.stat().st_size for file in files)
    count = f", {len(files)} files" if path.is_dir() else ""
    return f"{size / 1024:.0f} KiB{count}" if size < 2**20 else f"{memory(size)}{count}"


def _figures(nodes: list[Node], path: tuple[str, ...]) -> Iterator[Figure]:
    """A picture of each DAG and steps template that has something to show, outer ones first."""
    for node in nodes:
        here = (*path, node.display)
        svg = graph_svg(node) if node.kind in (NodeKind.DAG, NodeKind.STEPS) else ""
        if svg:
            yield Figure(title=" / ".join(here), svg=Markup(svg))  # noqa: S704 - everything in it is escaped where it is drawn
        yield from _figures(node.children, here if svg else path)
