"""Puts boxes that wait for each other into columns, with few crossings: after Sugiyama, Tagawa and Toda (1981)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from itertools import pairwise

_SWEEPS = 6

Waits = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layers:
    """Where boxes stand and lines run."""

    places: dict[str, tuple[int, float]]
    """Name → (column, row); rows are centred around 0."""
    lines: list[list[tuple[int, float]]]
    """Each the places from the box waited for to the one that waits, by way of every column between."""


def layers_of(waits: Waits) -> Layers:
    """The layout of boxes (the keys) and what each waits for. Waits that follow from others are not drawn."""
    direct = _without_shortcuts(waits)
    columns = _columns(direct)
    chains = [_chain(before, name, columns) for name, befores in direct.items() for before in befores]
    order: list[list[str]] = [[] for _ in range(max(columns.values(), default=-1) + 1)]
    for name, column in columns.items():
        order[column].append(name)
    for chain in chains:
        for offset, point in enumerate(chain[1:-1], columns[chain[0]] + 1):
            order[offset].append(point)
    _untangle(order, [pair for chain in chains for pair in pairwise(chain)])
    rows = {name: index - (len(names) - 1) / 2 for names in order for index, name in enumerate(names)}
    lines = [[(columns[chain[0]] + offset, rows[point]) for offset, point in enumerate(chain)] for chain in chains]
    return Layers(places={name: (columns[name], rows[name]) for name in waits}, lines=lines)


def _without_shortcuts(waits: Waits) -> dict[str, list[str]]:
    """Drop a wait for what another of the waits waits for anyway; what is waited for comes first."""
    before: dict[str, frozenset[str]] = {}
    direct: dict[str, list[str]] = {}
    for name in TopologicalSorter({name: [other for other in others if other in waits] for name, others in waits.items()}).static_order():
        others = [other for other in waits[name] if other in waits]
        farther = frozenset[str]().union(*(before[other] for other in others))
        before[name] = farther.union(others)
        direct[name] = [other for other in others if other not in farther]
    return direct


def _columns(direct: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Each box one column right of the rightmost it waits for."""
    columns: dict[str, int] = {}
    for name, others in direct.items():
        columns[name] = 1 + max((columns[other] for other in others), default=-1)
    return columns


def _chain(before: str, name: str, columns: Mapping[str, int]) -> list[str]:
    """The line between two boxes, with a point of its own in each column between."""
    between = [f"{before}\0{name}\0{column}" for column in range(columns[before] + 1, columns[name])]
    return [before, *between, name]


def _untangle(order: list[list[str]], pairs: list[tuple[str, str]]) -> None:
    """Sort each column by where its neighbours stand, to and fro."""
    left: dict[str, list[str]] = {}
    right: dict[str, list[str]] = {}
    for one, other in pairs:
        left.setdefault(other, []).append(one)
        right.setdefault(one, []).append(other)
    for sweep in range(_SWEEPS):
        near, columns = (left, order[1:]) if sweep % 2 == 0 else (right, order[-2::-1])
        for names in columns:
            rows = {name: index - (len(column) - 1) / 2 for column in order for index, name in enumerate(column)}
            names.sort(key=lambda name: _middle([rows[other] for other in near.get(name, ())], rows[name]))


def _middle(rows: list[float], otherwise: float) -> float:
    return sum(rows) / len(rows) if rows else otherwise
