"""The plain functions of an expression: expr-lang's own and those Argo adds."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from collections.abc import Callable
from typing import Any

from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.expression.go_text import to_json, to_text
from mlctl.workflow.expression.jsonpath import jsonpath
from mlctl.workflow.expression.times import Duration, Time, duration, in_zone, now, parse_time


def as_text(value: Any) -> str:
    """How a value is written into a manifest: strings and times bare, all else as JSON."""
    if isinstance(value, str):
        return str(value)
    return value.rfc3339() if isinstance(value, Time) else to_json(value)


def _as_int(value: Any) -> int:
    if isinstance(value, str) and re.fullmatch(r"[-+]?\d+", value):
        return int(value)
    if _is_number(value):
        return int(value)
    raise ExpressionError(f"{value!r} is not a whole number")


def _as_float(value: Any) -> float:
    try:
        if _is_number(value) or (isinstance(value, str) and value == value.strip()):
            return float(value)
    except ValueError:
        pass
    raise ExpressionError(f"{value!r} is not a number")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _from_json(text: str) -> Any:
    """Numbers become floats, as in Go."""
    try:
        return json.loads(text, parse_int=float)
    except (TypeError, ValueError):
        raise ExpressionError(f"{str(text)[:60]!r} is not JSON") from None


def _numbers(values: tuple[Any, ...]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        found.extend(value if isinstance(value, list) else [value])
    return found


def _type_name(value: Any) -> str:
    names = {bool: "bool", int: "int", float: "float", str: "string", list: "array", dict: "map", type(None): "nil",
             Time: "time.Time", Duration: "time.Duration"}  # fmt: skip
    return names.get(type(value), "unknown")


def _flatten(items: list[Any]) -> list[Any]:
    flat: list[Any] = []
    for item in items:
        flat.extend(_flatten(item) if isinstance(item, list) else [item])
    return flat


def _unique(items: list[Any]) -> list[Any]:
    found: list[Any] = []
    for item in items:
        if item not in found:
            found.append(item)
    return found


def _index_of(text: Any, part: Any) -> int:
    return int(text.find(part)) if isinstance(text, str) else (text.index(part) if part in text else -1)


def _median(*values: Any) -> float:
    ordered = sorted(_numbers(values))
    if not ordered:
        return 0.0
    middle = len(ordered) // 2
    return float(ordered[middle]) if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _mean(*values: Any) -> float:
    numbers = _numbers(values)
    return sum(numbers) / len(numbers) if numbers else 0.0


def _split_after(text: str, by: str, limit: int = -1) -> list[str]:
    parts = _split(text, by, limit)
    return [part + by for part in parts[:-1]] + parts[-1:]


def _repeat(text: str, times: int) -> str:
    if times < 0:
        raise ExpressionError("repeat() needs a number that is not negative")
    if len(text) * times >= 1_000_000:
        raise ExpressionError("the repeated text would be longer than a million characters")
    return text * times


def _get(target: Any, key: Any) -> Any:
    if isinstance(target, dict):
        return target.get(key)
    return target[key] if isinstance(target, list) and -len(target) <= key < len(target) else None


def _decode(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except binascii.Error:
        raise ExpressionError(f"{text[:60]!r} is not base64") from None


def _end_of(items: Any, place: int) -> Any:
    if not isinstance(items, list):
        raise ExpressionError(f"a list was expected, not {items!r}")
    return items[place] if items else None


_WORD = 2**64


def _signed(bits: int) -> int:
    bits %= _WORD
    return bits - _WORD if bits >= _WORD // 2 else bits


def _split(text: str, by: str, limit: int = -1) -> list[str]:
    return (text.split(by, limit - 1) if limit > 0 else text.split(by)) if by else list(text)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "asInt": _as_int,
    "asFloat": _as_float,
    "int": _as_int,
    "float": _as_float,
    "string": to_text,
    "toJson": to_json,
    "toJSON": lambda value: to_json(value, indent=2),
    "fromJSON": _from_json,
    "jsonpath": lambda text, path: jsonpath(_from_json(text), path),
    "len": len,
    "type": _type_name,
    "abs": abs,
    "ceil": lambda value: float(math.ceil(value)),
    "floor": lambda value: float(math.floor(value)),
    "round": lambda value: float(math.floor(abs(value) + 0.5)) * (1 if value >= 0 else -1),
    "min": lambda *values: min(_numbers(values)),
    "max": lambda *values: max(_numbers(values)),
    "sum": lambda *values: sum(_numbers(values)),
    "mean": _mean,
    "median": _median,
    "trim": lambda text, cut=None: text.strip(cut),
    "trimPrefix": lambda text, prefix=" ": text.removeprefix(prefix),
    "trimSuffix": lambda text, suffix=" ": text.removesuffix(suffix),
    "upper": lambda text: text.upper(),
    "lower": lambda text: text.lower(),
    "split": _split,
    "splitAfter": _split_after,
    "join": lambda items, by="": by.join(items),
    "replace": lambda text, old, new: text.replace(old, new),
    "repeat": _repeat,
    "indexOf": _index_of,
    "lastIndexOf": lambda text, part: text.rfind(part),
    "hasPrefix": lambda text, prefix: text.startswith(prefix),
    "hasSuffix": lambda text, suffix: text.endswith(suffix),
    "toBase64": lambda text: base64.b64encode(text.encode()).decode(),
    "fromBase64": _decode,
    "first": lambda items: _end_of(items, 0),
    "last": lambda items: _end_of(items, -1),
    "take": lambda items, number: items[:number],
    "reverse": lambda items: items[::-1],
    "sort": lambda items, order="asc": sorted(items, reverse=order == "desc"),
    "concat": lambda *lists: [item for items in lists for item in items],
    "flatten": _flatten,
    "uniq": _unique,
    "keys": lambda mapping: sorted(mapping),
    "values": lambda mapping: [mapping[key] for key in sorted(mapping)],
    "get": _get,
    "toPairs": lambda mapping: [[key, mapping[key]] for key in sorted(mapping)],
    "fromPairs": lambda pairs: dict(pairs),
    "any": any,
    "all": all,
    "count": lambda items: sum(1 for item in items if item),
    "now": now,
    "duration": duration,
    "date": lambda text, layout=None, zone=None: parse_time(text, layout) if zone is None else in_zone(parse_time(text, layout), zone),
    "bitand": lambda left, right: left & right,
    "bitor": lambda left, right: left | right,
    "bitxor": lambda left, right: left ^ right,
    "bitnand": lambda left, right: left & ~right,
    "bitnot": lambda number: ~number,
    "bitshl": lambda number, places: _signed(number << places),
    "bitshr": lambda number, places: number >> places,
    "bitushr": lambda number, places: _signed((number % _WORD) >> places),
}
