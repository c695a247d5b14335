"""A DAG or steps template of a run as SVG: a box per call, coloured by its phase, and a line from what is waited for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from mlctl.workflow.engine.node import Node, NodeKind, Phase
from mlctl.workflow.view.layers import Waits, layers_of
from mlctl.workflow.view.words import memory, seconds, sign

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 126, 42, 26, 14, 8
_LONGEST = 17
MOST_BOXES = 150
"""More would not be read; the page's table has them all."""
_ITEM = re.compile(r"\(\d+:.*\)$", re.DOTALL)
_WORST_FIRST = (Phase.ERROR, Phase.FAILED, Phase.RUNNING, Phase.PENDING, Phase.SUCCEEDED, Phase.SKIPPED, Phase.OMITTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One call, with all its items where it loops."""

    name: str
    nodes: tuple[Node, ...]

    @property
    def phase(self) -> Phase:
        """The worst of its nodes."""
        return min((node.phase for node in self.nodes), key=_WORST_FIRST.index)

    @property
    def facts(self) -> str:
        """Time, memory and how many."""
        peak = max(_peak(node) for node in self.nodes)
        begun, ended = min(node.started for node in self.nodes), max(node.finished for node in self.nodes)
        items = _items(self.nodes)
        parts = [seconds(max(0.0, ended - begun)) if self.phase.completed else str(self.phase).lower()]
        parts += [memory(peak)] if peak else []
        parts += [f"{items} items"] if items > 1 else []
        return ", ".join(parts)


def graph_svg(node: Node) -> str:
    """The SVG text; empty where there are fewer than two boxes, or too many. Colours come from the page's CSS."""
    boxes, waits = _calls(node)
    if not 2 <= len(boxes) <= MOST_BOXES:
        return ""
    layers = layers_of(waits)
    columns = 1 + max(column for column, _ in layers.places.values())
    rows = [row for _, row in layers.places.values()] + [row for line in layers.lines for _, row in line]
    top = min(rows)
    width = 2 * _MARGIN + columns * (_WIDTH + _GAP_X) - _GAP_X
    height = 2 * _MARGIN + (max(rows) - top) * (_HEIGHT + _GAP_Y) + _HEIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height:.0f}" width="{width}" height="{height:.0f}" role="img">',
        f"<title>Calls of {escape(node.display)} and what each waits for</title>",
        *(_line([(column, row - top) for column, row in line]) for line in layers.lines),
        *(_box(boxes[name], column, row - top) for name, (column, row) in layers.places.items()),
    ]
    return "".join([*parts, "</svg>"])


def _calls(node: Node) -> tuple[dict[str, Box], Waits]:
    """The calls of a template, and what each waits for: in steps, all of the group before."""
    if node.kind is NodeKind.STEPS:
        groups = [_boxes(child.children) for child in node.children if child.kind is NodeKind.STEP_GROUP]
        found = {f"{index} {name}": box for index, group in enumerate(groups) for name, box in group.items()}
        waits: dict[str, list[str]] = {name: [] for name in found}
        for (index, group), (_, later) in pairwise(enumerate(groups)):
            waits |= {f"{index + 1} {name}": [f"{index} {other}" for other in group] for name in later}
        return found, waits
    boxes = _boxes(node.children)
    return boxes, {name: [other for other in _waits(name, node) if other in boxes] for name in boxes}


def _waits(name: str, node: Node) -> list[str]:
    """What a task waits for; a hook waits for its task."""
    if name in node.waits:
        return node.waits[name]
    return [task for task in node.waits if name.startswith((f"{task}.onExit", f"{task}.hooks."))]


def _boxes(nodes: list[Node]) -> dict[str, Box]:
    grouped: dict[str, list[Node]] = {}
    for node in nodes:
        grouped.setdefault(_ITEM.sub("", node.display), []).append(node)
    return {name: Box(name=name, nodes=tuple(found)) for name, found in grouped.items()}


def _items(nodes: tuple[Node, ...]) -> int:
    if len(nodes) == 1 and nodes[0].kind is NodeKind.TASK_GROUP:
        return len(nodes[0].children)
    return len(nodes)


def _peak(node: Node) -> int:
    return max([node.peak_memory, *(_peak(child) for child in node.children)])


def _place(column: int, row: float) -> tuple[float, float]:
    """The upper left corner of a box."""
    return _MARGIN + column * (_WIDTH + _GAP_X), _MARGIN + row * (_HEIGHT + _GAP_Y)


def _line(points: list[tuple[int, float]]) -> str:
    middle = _HEIGHT / 2
    x, y = _place(*points[0])
    path = f"M{x + _WIDTH:.0f} {y + middle:.1f}"
    for column, row in points[1:]:
        x, y = _place(column, row)
        path += f" C{x - _GAP_X / 2:.0f} {_last_y(path)} {x - _GAP_X / 2:.0f} {y + middle:.1f} {x:.0f} {y + middle:.1f}"
        if (column, row) != points[-1]:
            path += f" L{x + _WIDTH:.0f} {y + middle:.1f}"
    return f'<path class="line" d="{path}"/>'


def _last_y(path: str) -> str:
    return path.rpartition(" ")[2]


def _box(box: Box, column: int, row: float) -> str:
    x, y = _place(column, row)
    label = box.name if len(box.name) <= _LONGEST else box.name[: _LONGEST - 1] + "…"
    return (
        f'<g class="box {box.phase}"><title>{escape(box.name)}: {box.phase}</title>'
        f'<rect x="{x:.0f}" y="{y:.1f}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<text x="{x + 9:.0f}" y="{y + 18:.1f}" class="name">{sign(box.phase)} {escape(label)}</text>'
        f'<text x="{x + 9:.0f}" y="{y + 33:.1f}" class="facts">{escape(box.facts)}</text></g>'
    )
