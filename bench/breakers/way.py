"""How a resource is broken: taken out, or one of its inputs changed."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlctl.plan.model import Resource, StackPlan

Edit = Callable[[Resource], Resource | None]


@dataclass(frozen=True, slots=True)
class Way:
    """One way of breaking a resource. `edit` returns the resource unchanged where it does not apply."""

    what: str
    edit: Edit


@dataclass(frozen=True, slots=True)
class Breaker:
    """Ways of breaking resources of some types, so that one rule must notice."""

    rule: str
    types: tuple[str, ...]
    ways: tuple[Way, ...]
    tiers: tuple[str, ...] = ()
    """Only in environments of these tiers."""
    when: Callable[[Resource, Mapping[str, Any]], bool] = lambda _resource, _settings: True

    def fits(self, resource: Resource, _stack: StackPlan, settings: Mapping[str, Any]) -> bool:
        """Whether the resource is of the right kind."""
        return resource.type in self.types and self.when(resource, settings)

    def apply(self, resource: Resource) -> Iterator[tuple[str, Resource | None]]:
        """(what was broken, the broken resource; None where it is taken out)."""
        for way in self.ways:
            changed = way.edit(resource)
            if changed is None or (changed.type, changed.inputs) != (resource.type, resource.inputs):
                yield way.what, changed


def gone() -> Way:
    """The resource is not there."""
    return Way("removed", lambda _resource: None)


def put(path: str, value: Any, *, existing: bool = False) -> Way:
    """A value is set; with `existing`, only where one stands already. `*` is every item of a list."""

    def edit(resource: Resource) -> Resource:
        inputs = copy.deepcopy(dict(resource.inputs))
        _set(inputs, path.split("."), value, existing)
        return replace(resource, inputs=inputs, computed=frozenset(item for item in resource.computed if not item.startswith(path)))

    return Way(f"{path} = {value!r}"[:90], edit)


def several(values: Mapping[str, Any]) -> Way:
    """Several values are set at once."""

    def edit(resource: Resource) -> Resource:
        for path, value in values.items():
            resource = put(path, value).edit(resource) or resource
        return resource

    return Way(", ".join(f"{path} = {value!r}" for path, value in values.items())[:90], edit)


def drop(path: str) -> Way:
    """What stands at a path is taken out."""

    def edit(resource: Resource) -> Resource:
        inputs = copy.deepcopy(dict(resource.inputs))
        _drop(inputs, path.split("."))
        return replace(resource, inputs=inputs)

    return Way(f"without {path}", edit)


def statement(key: str, added: Mapping[str, Any]) -> Way:
    """A policy document gets one more statement."""

    def edit(resource: Resource) -> Resource:
        document = resource.inputs.get(key)
        if not isinstance(document, str) or not document.startswith("{"):
            return resource
        parsed = json.loads(document)
        found = parsed.get("Statement", [])
        parsed["Statement"] = [*([found] if isinstance(found, dict) else found), dict(added)]
        return replace(resource, inputs={**resource.inputs, key: json.dumps(parsed)})

    return Way(f"{key} also allows {added.get('Action')} to {added.get('Principal', added.get('Resource'))}", edit)


def rewritten(key: str, old: str, new: str) -> Way:
    """A piece of text in an input is replaced."""

    def edit(resource: Resource) -> Resource:
        text = resource.inputs.get(key)
        return replace(resource, inputs={**resource.inputs, key: text.replace(old, new)}) if isinstance(text, str) else resource

    return Way(f"{key}: {old} becomes {new}", edit)


def _set(value: Any, path: list[str], new: Any, existing: bool) -> None:
    key, rest = path[0], path[1:]
    if key == "*":
        for index, item in enumerate(value if isinstance(value, list) else ()):
            if rest:
                _set(item, rest, new, existing)
            else:
                value[index] = new
        return
    if not isinstance(value, dict) or (existing and key not in value):
        return
    if not rest:
        value[key] = new
    else:
        if not isinstance(value.get(key), (dict, list)):
            if existing or rest[0] == "*":
                return
            value[key] = {}
        _set(value[key], rest, new, existing)


def _drop(value: Any, path: list[str]) -> None:
    key, rest = path[0], path[1:]
    if key == "*":
        for item in value if isinstance(value, list) else ():
            _drop(item, rest)
    elif isinstance(value, dict) and key in value:
        if rest:
            _drop(value[key], rest)
        else:
            del value[key]
