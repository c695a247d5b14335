"""What differs between two plans of one environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mlctl.plan.model import Plan, Resource
from mlctl.plan.wire import join


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One resource that differs. `resource` is the new one, or the old one where it was removed."""

    kind: Literal["added", "changed", "removed"]
    resource: Resource
    stack: str
    paths: tuple[str, ...] = ()
    """Inputs that differ, and `(parent)`, `(provider)`, `(protect)`."""


def differences(base: Plan, plan: Plan) -> list[Difference]:
    """By URN, following aliases: a resource that was renamed with an alias has not been replaced."""
    old, new = _by_urn(base), _by_urn(plan)
    old_stacks, new_stacks = base.stack_of(), plan.stack_of()
    renamed = {alias: urn for urn, resource in new.items() if urn not in old for alias in resource.aliases if alias in old}
    before = {renamed.get(urn, urn): resource for urn, resource in old.items()}
    found: list[Difference] = []
    for urn, resource in new.items():
        earlier = before.get(urn)
        if earlier is None:
            found.append(Difference(kind="added", resource=resource, stack=new_stacks[urn]))
        elif paths := _changed_paths(earlier, resource):
            found.append(Difference(kind="changed", resource=resource, stack=new_stacks[urn], paths=paths))
    found += [
        Difference(kind="removed", resource=resource, stack=old_stacks[resource.urn]) for urn, resource in before.items() if urn not in new
    ]
    order = {"removed": 0, "changed": 1, "added": 2}
    return sorted(found, key=lambda item: (order[item.kind], item.stack, item.resource.type, item.resource.name))


def _by_urn(plan: Plan) -> dict[str, Resource]:
    return {
        resource.urn: resource
        for resource in plan.resources()
        if resource.custom and resource.type != "pulumi:pulumi:StackReference" and not resource.type.startswith("pulumi:providers:")
    }


def _changed_paths(old: Resource, new: Resource) -> tuple[str, ...]:
    paths = list(_differing(old.inputs, new.inputs, ""))
    if old.protect != new.protect:
        paths.append("(protect)")
    return tuple(paths)


def _differing(old: Any, new: Any, path: str) -> Iterator[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}):
            if key not in old or key not in new:
                yield join(path, key)
            else:
                yield from _differing(old[key], new[key], join(path, key))
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _differing(one, other, join(path, index))
    elif old != new:
        yield path or "(value)"
