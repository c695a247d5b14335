"""Questions that tests ask of a plan."""

from __future__ import annotations

from typing import Any

from mlctl.plan.model import Plan, Resource, StackPlan


def stack(plan: Plan, name: str) -> StackPlan:
    """The stack, which must be planned without an error."""
    found = {item.name: item for item in plan.stacks}[name]
    assert found.errors == ()
    return found


def of_kind(where: StackPlan, kind: str) -> list[Resource]:
    """Resources whose type token ends with the kind (`Cluster`, `NodePool`)."""
    return [item for item in where.resources if item.type.rsplit(":", 1)[-1] == kind]


def one(where: StackPlan, kind: str, name: str | None = None) -> Resource:
    """The only resource of the kind, or the one of that name."""
    found = [item for item in of_kind(where, kind) if name is None or item.name == name]
    assert len(found) == 1, [item.name for item in of_kind(where, kind)]
    return found[0]


def names(where: StackPlan, kind: str) -> set[str]:
    """Names of all resources of the kind."""
    return {item.name for item in of_kind(where, kind)}


def by_name(where: StackPlan, kind: str) -> dict[str, Any]:
    """Name → inputs of all resources of the kind."""
    return {item.name: item.inputs for item in of_kind(where, kind)}


def waits_for(where: StackPlan, resource: Resource) -> set[str]:
    """URNs of everything that is created before the resource and destroyed after it."""
    direct = {item.urn: item for item in where.resources}
    found: set[str] = set()
    todo = [resource.urn]
    while todo:
        item = direct.get(todo.pop())
        if item is None:
            continue
        needs = {*item.dependencies, *([item.provider.rsplit("::", 1)[0]] if item.provider else [])}
        todo += needs - found
        found |= needs
    return found
