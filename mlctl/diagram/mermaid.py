"""A plan as a Mermaid flowchart, which GitHub draws in Markdown."""

from __future__ import annotations

from itertools import groupby

from mlctl.diagram.graph import Node, graph_of
from mlctl.plan.model import Plan


def mermaid(plan: Plan) -> str:
    """The Mermaid text. An arrow goes from what needs to what is needed."""
    graph = graph_of(plan)
    lines = ["flowchart LR"]
    for stack, nodes in groupby(graph.nodes, key=lambda node: node.stack):
        lines.append(f"  subgraph {stack}")
        lines += [f'    {node.id}["{_label(node)}"]' for node in nodes]
        lines.append("  end")
    lines += [f"  {one} --> {other}" for one, other in graph.edges]
    lines += [f"  {one} ==> {other}" for one, other in graph.stack_edges]
    return "\n".join(lines) + "\n"


def _label(node: Node) -> str:
    count = f" · {node.resources}" if node.resources > 1 else ""
    return _escape(f"{node.label}") + f"<br/><small>{_escape(node.kind)}{count}</small>"


def _escape(text: str) -> str:
    """Mermaid reads quotes and angle brackets; names come from programs, so they are written as entities."""
    return "".join(character if character.isalnum() or character in " -_./:" else f"#{ord(character)};" for character in text)
