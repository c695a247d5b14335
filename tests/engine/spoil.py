"""Makes wrong inputs of right ones by a seeded choice: a name misspelt or left out, a value of another type or outside an enum."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

Inputs = dict[str, Any]
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Spoilt:
    """Inputs of one resource type with one thing changed."""

    token: str
    inputs: Inputs
    change: str


def spoil(token: str, inputs: Inputs, chance: random.Random) -> Spoilt | None:
    """One change at one place; None where the inputs have no place for it."""
    name, change = chance.choice(_CHANGES)
    copy = deepcopy(inputs)
    places = [path for path in _paths(copy) if change(copy, path, False)]
    if not places:
        return None
    place = chance.choice(places)
    change(copy, place, True)
    return Spoilt(token, copy, f"{name} at {'.'.join(map(str, place))}")


def _paths(value: Any, path: Path = ()) -> Iterator[Path]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield (*path, key)
        yield from _paths(item, (*path, key))


def _parent(inputs: Inputs, path: Path) -> Any:
    found: Any = inputs
    for key in path[:-1]:
        found = found[key]
    return found


def _misspell(inputs: Inputs, path: Path, carry_out: bool) -> bool:
    parent, key = _parent(inputs, path), path[-1]
    if not isinstance(key, str) or len(key) < 4:
        return False
    if carry_out:
        parent[key[:2] + key[3:]] = parent.pop(key)
    return True


def _remove(inputs: Inputs, path: Path, carry_out: bool) -> bool:
    if not isinstance(path[-1], str):
        return False
    if carry_out:
        del _parent(inputs, path)[path[-1]]
    return True


def _retype(inputs: Inputs, path: Path, carry_out: bool) -> bool:
    parent, key = _parent(inputs, path), path[-1]
    value = parent[key]
    if carry_out:
        parent[key] = [value] if isinstance(value, str | bool | int | float) else str(value)
    return True


def _number_as_text(inputs: Inputs, path: Path, carry_out: bool) -> bool:
    parent, key = _parent(inputs, path), path[-1]
    if not isinstance(parent[key], bool | int | float):
        return False
    if carry_out:
        parent[key] = str(parent[key]).lower()
    return True


def _other_value(inputs: Inputs, path: Path, carry_out: bool) -> bool:
    parent, key = _parent(inputs, path), path[-1]
    if not isinstance(parent[key], str):
        return False
    if carry_out:
        parent[key] += "x"
    return True


_CHANGES: list[tuple[str, Callable[[Inputs, Path, bool], bool]]] = [
    ("misspelt", _misspell),
    ("removed", _remove),
    ("of another type", _retype),
    ("a number as text", _number_as_text),
    ("another value", _other_value),
]
