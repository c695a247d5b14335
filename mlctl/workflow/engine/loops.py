"""Makes one call many: `withItems`, `withParam`, `withSequence`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mlctl.workflow.engine.error import NodeError
from mlctl.workflow.expression.functions import as_text, to_json
from mlctl.workflow.go_format import format_number
from mlctl.workflow.model.call import Call
from mlctl.workflow.scope import Scope
from mlctl.workflow.tags import fill

MAX_ITEMS = 100_000


def items_of(call: Call, scope: Scope) -> Iterator[tuple[str, dict[str, Any]]] | None:
    """For each item the end of the node's name and the variables it adds; None if the call does not loop.

    Raises
    ------
    NodeError
        The items are not a list, or too many.
    """
    if not call.loops:
        return None
    items = _items(call, scope)
    if len(items) > MAX_ITEMS:
        raise NodeError(f"`{call.name}` loops over {len(items)} items; at most {MAX_ITEMS} are run")
    return ((f"({index}:{_short(item)})", _variables(item)) for index, item in enumerate(items))


def _items(call: Call, scope: Scope) -> list[Any]:
    if call.items is not None:
        return list(fill(call.items, scope))
    if call.sequence is not None:
        return _sequence(fill(call.sequence, scope))
    text = fill(call.items_from, scope)
    try:
        items = json.loads(text)
    except ValueError:
        items = None
    if not isinstance(items, list):
        raise NodeError(f"`{call.name}`: withParam is not a JSON list: {str(text)[:80]!r}")
    return items


def _sequence(raw: dict[str, Any]) -> list[str]:
    try:
        start = int(raw.get("start") or 0)
        if raw.get("count") not in (None, ""):
            count = int(raw["count"])
            end = start + count - 1
            if count == 0:
                return []
        else:
            end = int(raw["end"])
        if abs(end - start) >= MAX_ITEMS:
            raise NodeError(f"withSequence makes {abs(end - start) + 1} items; at most {MAX_ITEMS} are run")
        form = raw.get("format") or "%d"
        step = 1 if end >= start else -1
        return [format_number(form, number) for number in range(start, end + step, step)]
    except (TypeError, ValueError) as error:
        raise NodeError(f"withSequence cannot be counted: {error}") from None


def _short(item: Any) -> str:
    if isinstance(item, dict):
        return ",".join(f"{key}:{as_text(value)}" for key, value in sorted(item.items()))
    if isinstance(item, list):
        return f"[{' '.join(as_text(value) for value in item)}]"  # as Go prints it, in Argo's names
    return as_text(item)


def _variables(item: Any) -> dict[str, Any]:
    found: dict[str, Any] = {"item": as_text(item) if not isinstance(item, dict | list) else to_json(item)}
    if isinstance(item, dict):
        found.update({f"item.{key}": as_text(value) for key, value in item.items()})
    return found
