"""What differs between two plans of one environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from mlctl.plan.model import Plan, Resource
from mlctl.plan.placeholder import renamed_placeholders
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
    former = former_urns(base, plan)
    renamed = {earlier: urn for urn, earlier in former.items()}
    names = {(resource.type, resource.name): former[urn].rpartition("::")[2] for urn, resource in new.items() if urn in former}
    before = {renamed.get(urn, urn): resource for urn, resource in old.items()}
    found: list[Difference] = []
    for urn, resource in new.items():
        earlier = before.get(urn)
        if earlier is None:
            found.append(Difference(kind="added", resource=resource, stack=new_stacks[urn]))
        elif paths := _changed_paths(earlier, replace(resource, inputs=_with_names(resource.inputs, names))):
            found.append(Difference(kind="changed", resource=resource, stack=new_stacks[urn], paths=paths))
    found += [
        Difference(kind="removed", resource=resource, stack=old_stacks[resource.urn]) for urn, resource in before.items() if urn not in new
    ]
    order = {"removed": 0, "changed": 1, "added": 2}
    return sorted(found, key=lambda item: (order[item.kind], item.stack, item.resource.type, item.resource.name))


def former_urns(base: Plan, plan: Plan) -> dict[str, str]:
    """URN → the URN under which the engine finds the resource in the earlier plan, for each that is found by an alias.

    Children of what was renamed are found as well: the engine gives them their parent's former type and, where their name begins with
    the parent's, its former name.
    """
    old = {resource.urn for resource in base.resources()}
    new = {resource.urn: resource for resource in plan.resources()}
    former: dict[str, str] = {}
    for urn, resource in sorted(new.items(), key=lambda item: item[0].count("$")):
        if urn not in old:
            found = next((alias for alias in _aliases(resource, new, former) if alias in old), None)
            if found is not None:
                former[urn] = found
    return former


def _aliases(resource: Resource, new: Mapping[str, Resource], former: Mapping[str, str]) -> Iterator[str]:
    yield from resource.aliases
    parent = new.get(resource.parent or "")
    if parent is None or parent.urn not in former:
        return
    yield _inherited(resource.urn, parent, former[parent.urn])
    for alias in resource.aliases:
        yield _inherited(alias, parent, former[parent.urn])


def _inherited(urn: str, parent: Resource, alias: str) -> str:
    """The URN of a child under its parent's alias."""
    stack, project, qualified, name = urn.split("::", 3)
    _, _, parent_type, parent_name = alias.split("::", 3)
    if name.startswith(parent.name):
        name = parent_name + name.removeprefix(parent.name)
    return f"{stack}::{project}::{parent_type}${qualified.rpartition('$')[2]}::{name}"


def _with_names(value: Any, names: Mapping[tuple[str, str], str]) -> Any:
    """The value with placeholders as they were under the former names: what the cloud computed does not change with a name of ours."""
    if not names:
        return value
    if isinstance(value, Mapping):
        return {key: _with_names(item, names) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_names(item, names) for item in value]
    return renamed_placeholders(value, names) if isinstance(value, str) else value


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
