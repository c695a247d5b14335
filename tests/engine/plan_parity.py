"""Compares an offline plan of a stack with one that the engine made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlctl.plan.model import UNKNOWN, Resource, StackPlan
from mlctl.plan.placeholder import references
from mlctl.plan.wire import SIGNATURE

Row = dict[str, Any]
PREVIEW_MARK = "@isPulumiResource"
"""By which the SDK marks, in a preview only, an export that is a whole resource."""


def differences(offline: StackPlan, engine: StackPlan, *, preview: bool) -> list[str]:
    """One line for each thing that differs. In a preview what the stack itself computes is not known; after an update all of it is."""
    own = {(item.type, item.name) for item in offline.resources} if preview else set()
    ours = {item.urn: row(item, own) for item in offline.resources if not (preview and is_default_provider(item))}
    theirs = {item.urn: row(item, own) for item in engine.resources}
    lines = [f"only planned: {urn}" for urn in sorted(ours.keys() - theirs.keys())]
    lines += [f"only in the engine: {urn}" for urn in sorted(theirs.keys() - ours.keys())]
    for urn in sorted(ours.keys() & theirs.keys()):
        found = unlike(ours[urn], theirs[urn])
        lines += [f"{urn} {path}: planned {planned!r}, the engine has {has!r}" for path, planned, has in found]
    if not preview:
        found = unlike(known(offline.exports, own), engine.exports)
        lines += [f"{offline.name} exports {path}: planned {planned!r}, the engine has {has!r}" for path, planned, has in found]
    return lines


def unlike(ours: Any, theirs: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """The innermost values that differ."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        for key in sorted(ours.keys() | theirs.keys()):
            yield from unlike(ours.get(key), theirs.get(key), f"{path}.{key}" if path else key)
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            yield from unlike(one, other, f"{path}[{index}]")
    elif ours != theirs and not (ours == UNKNOWN and theirs is not None):
        yield path, ours, theirs


def is_default_provider(resource: Resource) -> bool:
    return resource.type.startswith("pulumi:providers:") and resource.name.startswith("default")


def row(resource: Resource, own: set[tuple[str, str]]) -> Row:
    """What is compared."""
    return {
        "type": resource.type,
        "name": resource.name,
        "custom": resource.custom,
        "external": resource.external,
        "parent": resource.parent,
        "provider": (resource.provider or "").rpartition("::")[0],
        "dependencies": sorted(resource.dependencies),
        "property dependencies": {key: sorted(urns) for key, urns in sorted(resource.property_dependencies.items()) if urns},
        "protect": resource.protect,
        "retain on delete": resource.retain_on_delete,
        "ignore changes": sorted(resource.ignore_changes),
        "inputs": known(resource.inputs, own),
        "line": f"{Path(resource.file).name}:{resource.line}" if resource.file else None,
    }


def known(value: Any, own: set[tuple[str, str]]) -> Any:
    """The value with the engine's marker in the place of every string that depends on what these resources compute.

    What is left out is said in EXPLAINED in fidelity.py.
    """
    if isinstance(value, Mapping):
        kept = {key: item for key, item in value.items() if key != PREVIEW_MARK and not (key == "hash" and SIGNATURE in value)}
        return {key: known(item, own) for key, item in kept.items()}
    if isinstance(value, list | tuple):
        return [known(item, own) for item in value]
    if isinstance(value, str) and any((kind, name) in own for kind, name, _ in references(value)):
        return UNKNOWN
    return value
