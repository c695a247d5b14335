"""The architecture of an environment as SVG: a box per stack with its components, arrows to the stacks it reads."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from itertools import groupby

from mlctl.diagram.graph import Graph, Node, graph_of
from mlctl.plan.model import Plan

_WIDTH, _ROW, _HEAD, _GAP_X, _GAP_Y, _MARGIN = 310, 19, 34, 80, 28, 16
_MOST_ROWS = 24


@dataclass(frozen=True, slots=True)
class _Box:
    stack: str
    rows: tuple[tuple[str, str], ...]
    """(kind, names or count)"""
    total: int
    x: float
    y: float

    @property
    def height(self) -> float:
        return _HEAD + _ROW * len(self.rows) + 10


def architecture_svg(plan: Plan) -> str:
    """The SVG text. Stacks stand right of those they read. Colours come from the page's CSS variables."""
    graph = graph_of(plan)
    boxes = _boxes(graph, [stack.name for stack in plan.stacks])
    if not boxes:
        return ""
    width = max(box.x for box in boxes.values()) + _WIDTH + _MARGIN
    height = max(box.y + box.height for box in boxes.values()) + _MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" class="architecture"',
        f' style="max-width:{width:.0f}px">',
        f"<title>Stacks of {escape(graph.environment)} and what they read</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" class="tip"/></marker></defs>',
    ]
    parts += [_arrow(boxes[one], boxes[other]) for one, other in graph.stack_edges]
    parts += [_draw(box) for box in boxes.values()]
    return "".join([*parts, "</svg>"])


def _boxes(graph: Graph, names: list[str]) -> dict[str, _Box]:
    levels = _levels(names, graph.stack_edges)
    by_stack = {stack: list(nodes) for stack, nodes in groupby(graph.nodes, key=lambda node: node.stack)}
    boxes: dict[str, _Box] = {}
    next_y: dict[int, float] = {}
    for name in names:
        level = levels[name]
        nodes = by_stack.get(name, [])
        y = next_y.get(level, float(_MARGIN))
        box = _Box(name, _rows(nodes), sum(node.resources for node in nodes), _MARGIN + level * (_WIDTH + _GAP_X), y)
        next_y[level] = y + box.height + _GAP_Y
        boxes[name] = box
    return boxes


def _levels(names: list[str], edges: tuple[tuple[str, str], ...]) -> dict[str, int]:
    """Each stack one column right of the rightmost it reads; `names` has dependencies first."""
    levels: dict[str, int] = {}
    for name in names:
        levels[name] = 1 + max((levels.get(other, 0) for one, other in edges if one == name), default=-1)
    return levels


def _rows(nodes: list[Node]) -> tuple[tuple[str, str], ...]:
    rows = []
    for kind, group in groupby(sorted(nodes, key=lambda node: (node.kind, node.label)), key=lambda node: node.kind):
        members = list(group)
        count = sum(node.resources for node in members)
        what = members[0].label if len(members) == 1 else f"{len(members)} of them"
        rows.append((kind, f"{what} · {count}" if count > 1 else what))
    if len(rows) > _MOST_ROWS:
        rows = [*rows[: _MOST_ROWS - 1], ("…", f"{len(rows) - _MOST_ROWS + 1} more kinds")]
    return tuple(rows)


def _draw(box: _Box) -> str:
    parts = [
        f'<g transform="translate({box.x:.0f} {box.y:.0f})"><rect width="{_WIDTH}" height="{box.height:.0f}" rx="6" class="box"/>',
        f'<text x="12" y="22" class="stack">{escape(box.stack)}</text>',
        f'<text x="{_WIDTH - 12}" y="22" class="count">{box.total}</text>',
    ]
    for index, (kind, what) in enumerate(box.rows):
        y = _HEAD + _ROW * index + 13
        parts.append(f'<text x="12" y="{y}" class="kind">{escape(_clip(kind, 23))}</text>')
        parts.append(f'<text x="{_WIDTH - 12}" y="{y}" class="what">{escape(_clip(what, 24))}</text>')
    return "".join([*parts, "</g>"])


def _arrow(reader: _Box, read: _Box) -> str:
    """From the stack that reads to the one it reads, right to left."""
    x1, y1 = reader.x, reader.y + 17
    x2, y2 = read.x + _WIDTH, read.y + 17
    middle = (x1 + x2) / 2
    curve = f"M{x1:.0f} {y1:.0f} C{middle:.0f} {y1:.0f} {middle:.0f} {y2:.0f} {x2 + 2:.0f} {y2:.0f}"
    return f'<path d="{curve}" class="edge" marker-end="url(#tip)"/>'


def _clip(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
