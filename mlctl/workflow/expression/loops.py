"""The functions of an expression that take a closure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlctl.workflow.expression.error import ExpressionError

Closure = Callable[[Any], Any]


def _find(items: list[Any], test: Closure) -> Any:
    return next((item for item in items if test(item)), None)


def _find_index(items: list[Any], test: Closure) -> int | None:
    return next((index for index, item in enumerate(items) if test(item)), None)


def _find_last_index(items: list[Any], test: Closure) -> int | None:
    return next((index for index in reversed(range(len(items))) if test(items[index])), None)


def _group(items: list[Any], key: Closure) -> dict[str, list[Any]]:
    groups: dict[str, list[Any]] = {}
    for item in items:
        groups.setdefault(str(key(item)), []).append(item)
    return groups


def _sort(items: list[Any], key: Closure, order: str = "asc") -> list[Any]:
    return sorted(items, key=key, reverse=order == "desc")


def _reduce(items: list[Any], step: Closure, *initial: Any) -> Any:
    if not items and not initial:
        raise ExpressionError("reduce() of an empty list needs an initial value")
    result = initial[0] if initial else items[0]
    for item in items if initial else items[1:]:
        result = step({"#": item, "#acc": result})
    return result


LOOPS: dict[str, Callable[..., Any]] = {
    "all": lambda items, test: all(test(item) for item in items),
    "any": lambda items, test: any(test(item) for item in items),
    "none": lambda items, test: not any(test(item) for item in items),
    "one": lambda items, test: sum(1 for item in items if test(item)) == 1,
    "filter": lambda items, test: [item for item in items if test(item)],
    "map": lambda items, change: [change({"#": item, "#index": index}) for index, item in enumerate(items)],
    "count": lambda items, test: sum(1 for item in items if test(item)),
    "sum": lambda items, change: sum(change(item) for item in items),
    "find": _find,
    "findIndex": _find_index,
    "findLastIndex": _find_last_index,
    "findLast": lambda items, test: _find(items[::-1], test),
    "groupBy": _group,
    "sortBy": _sort,
    "reduce": _reduce,
}
