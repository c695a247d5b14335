"""An attribute whose groups a model's file says to watch, and the group a value belongs to.

Bands and labels are those of the fairness report (ml/fairness/groups.py), so that a canary, the report and monitoring speak of the same
groups: numbers are cut at `bins`, the low end included; a number outside them is `other`. A value that is missing, says nothing
(`unstated`) or is no word of the contract has no group: free text could be anything, and what is counted here becomes evidence.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlctl.errors import InputError

_BOOLEANS = frozenset({"False", "True"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One item of `monitored` in ml/models/<name>.yaml."""

    column: str
    bins: tuple[float, ...] = ()
    """Rising edges of the bands of a number; empty: words."""
    words: frozenset[str] = _BOOLEANS
    """What the contract allows in the column; of no use with bins."""
    unstated: frozenset[str] = frozenset()
    """Words that say nothing, as `undisclosed`."""

    def group(self, value: Any) -> str | None:
        """The label of the group a value of a request belongs to; None where it belongs to none."""
        if value is None:
            return None
        if self.bins:
            return self._band(value)
        label = str(value)
        return label if label in self.words and label not in self.unstated else None

    def _band(self, value: Any) -> str | None:
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            return None
        if math.isnan(number):
            return None
        bands = (f"{low:g} to <{high:g}" for low, high in itertools.pairwise(self.bins) if low <= number < high)
        label = next(bands, "other")
        return None if label in self.unstated else label


def watched_of(definition: Mapping[str, Any]) -> tuple[Watched, ...]:
    """The attributes that a model's file says to watch.

    Raises
    ------
    InputError
        An item is neither a column's name nor a mapping with `column`.
    """
    return tuple(_watched(f"monitored[{number}]", item, definition) for number, item in enumerate(definition.get("monitored") or ()))


def groups_of(row: Mapping[str, Any], watched: Sequence[Watched]) -> tuple[str, ...]:
    """`attribute: group` of a row of a request, for every attribute that it states."""
    found = ((item.column, item.group(row.get(item.column))) for item in watched)
    return tuple(f"{column}: {group}" for column, group in found if group is not None)


def _watched(key: str, item: Any, definition: Mapping[str, Any]) -> Watched:
    given = {"column": item} if isinstance(item, str) else item
    try:
        column = given["column"]
        words = definition["contract"]["columns"][column].get("categories")
        return Watched(
            column=column,
            bins=tuple(float(edge) for edge in given.get("bins", ())),
            words=frozenset(map(str, words)) if words else _BOOLEANS,
            unstated=frozenset(map(str, given.get("unstated", ()))),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        allowed = "a column of the contract, or {column: …, bins: [18, 30], unstated: [undisclosed]}"
        raise InputError(f"{item!r} is no attribute to watch", key=key, allowed=allowed) from None
