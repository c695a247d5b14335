"""A plan as a graph that a person can read: the top-level components of each stack, and what needs what."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from mlctl.plan.model import Plan, Resource, StackPlan

_HIDDEN = ("pulumi:pulumi:Stack", "pulumi:pulumi:StackReference")


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A component, or a resource that stands alone."""

    id: str
    stack: str
    label: str
    kind: str
    resources: int
    """Resources inside it, itself included where it is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """Nodes by stack, in the plan's order, and edges (from, to): the first needs the second."""

    environment: str
    nodes: tuple[Node, ...]
    edges: tuple[tuple[str, str], ...]
    stack_edges: tuple[tuple[str, str], ...]


def graph_of(plan: Plan) -> Graph:
    """The graph of a plan. Providers and references between stacks are drawn as edges, not as nodes."""
    nodes: list[Node] = []
    edges: set[tuple[str, str]] = set()
    for stack in plan.stacks:
        stack_nodes, stack_edges = _stack(stack)
        nodes += stack_nodes
        edges |= stack_edges
    names = {stack.name for stack in plan.stacks}
    between = sorted((stack.name, other) for stack in plan.stacks for other in stack.references if other in names)
    return Graph(environment=plan.environment, nodes=tuple(nodes), edges=tuple(sorted(edges)), stack_edges=tuple(between))


def _stack(stack: StackPlan) -> tuple[list[Node], set[tuple[str, str]]]:
    by_urn = {resource.urn: resource for resource in stack.resources}
    top = {urn: _top(resource, by_urn) for urn, resource in by_urn.items() if _shown(resource)}
    sizes = Counter(top[urn] for urn, resource in by_urn.items() if urn in top and resource.custom)
    urns = sorted(set(top.values()), key=lambda urn: (by_urn[urn].type, by_urn[urn].name))
    ids = {urn: f"{stack.name}_{index}" for index, urn in enumerate(urns)}
    nodes = [
        Node(id=ids[urn], stack=stack.name, label=by_urn[urn].name, kind=by_urn[urn].type.rsplit(":", 1)[-1], resources=sizes[urn])
        for urn in urns
    ]
    edges = {
        (ids[top[urn]], ids[top[needed]]) for urn in top for needed in by_urn[urn].dependencies if needed in top and top[needed] != top[urn]
    }
    return nodes, edges


def _shown(resource: Resource) -> bool:
    return resource.type not in _HIDDEN and not resource.type.startswith("pulumi:providers:")


def _top(resource: Resource, by_urn: dict[str, Resource]) -> str:
    """The ancestor that stands directly in the stack."""
    current = resource
    while current.parent and (parent := by_urn.get(current.parent)) and parent.type != "pulumi:pulumi:Stack":
        current = parent
    return current.urn
