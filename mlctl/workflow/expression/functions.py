"""The plain functions of an expression: expr-lang's own and those Argo adds."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable
from typing import Any

from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.expression.jsonpath import jsonpath


def as_text(value: Any) -> str:
    """How a value is written into a manifest: strings bare, all else as JSON."""
    if isinstance(value, str):
        return str(value)
    return to_json(value)


def to_json(value: Any) -> str:
    """Compact JSON; whole floats are written without a fraction, as Go does."""
    return json.dumps(_go_numbers(value), separators=(",", ":"), ensure_ascii=False)


def _go_numbers(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:
        return int(value)
    if isinstance(value, dict):
        return {key: _go_numbers(item) for key, item in value.items()}
    return [_go_numbers(item) for item in value] if isinstance(value, list) else value


def _as_int(value: Any) -> int:
    try:
        return int(value.strip()) if isinstance(value, str) else int(value)
    except (TypeError, ValueError):
        raise ExpressionError(f"{value!r} is not a whole number") from None


def _as_float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise ExpressionError(f"{value!r} is not a number") from None


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (TypeError, ValueError):
        raise ExpressionError(f"{str(text)[:60]!r} is not JSON") from None


def _numbers(values: tuple[Any, ...]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        found.extend(value if isinstance(value, list) else [value])
    return found


def _type_name(value: Any) -> str:
    names = {bool: "bool", int: "int", float: "float", str: "string", list: "array", dict: "map", type(None): "nil"}
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
    middle = len(ordered) // 2
    return float(ordered[middle]) if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _split(text: str, by: str, limit: int = -1) -> list[str]:
    return (text.split(by, limit - 1) if limit > 0 else text.split(by)) if by else list(text)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "asInt": _as_int,
    "asFloat": _as_float,
    "int": _as_int,
    "float": _as_float,
    "string": as_text,
    "toJson": to_json,
    "toJSON": lambda value: json.dumps(_go_numbers(value), indent=2, ensure_ascii=False),
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
    "mean": lambda *values: sum(_numbers(values)) / len(_numbers(values)),
    "median": _median,
    "trim": lambda text, cut=None: text.strip(cut),
    "trimPrefix": lambda text, prefix=" ": text.removeprefix(prefix),
    "trimSuffix": lambda text, suffix=" ": text.removesuffix(suffix),
    "upper": lambda text: text.upper(),
    "lower": lambda text: text.lower(),
    "split": _split,
    "join": lambda items, by="": by.join(items),
    "replace": lambda text, old, new: text.replace(old, new),
    "repeat": lambda text, times: text * times if len(text) * times < 1_000_000 else _too_long(),
    "indexOf": _index_of,
    "lastIndexOf": lambda text, part: text.rfind(part),
    "hasPrefix": lambda text, prefix: text.startswith(prefix),
    "hasSuffix": lambda text, suffix: text.endswith(suffix),
    "toBase64": lambda text: base64.b64encode(text.encode()).decode(),
    "fromBase64": lambda text: base64.b64decode(text).decode(),
    "first": lambda items: items[0] if items else None,
    "last": lambda items: items[-1] if items else None,
    "take": lambda items, number: items[:number],
    "reverse": lambda items: items[::-1],
    "sort": lambda items, order="asc": sorted(items, reverse=order == "desc"),
    "concat": lambda *lists: [item for items in lists for item in items],
    "flatten": _flatten,
    "uniq": _unique,
    "keys": lambda mapping: sorted(mapping),
    "values": lambda mapping: [mapping[key] for key in sorted(mapping)],
    "get": lambda target, key: target.get(key) if isinstance(target, dict) else (target[key : key + 1] or [None])[0],
    "toPairs": lambda mapping: [[key, mapping[key]] for key in sorted(mapping)],
    "fromPairs": lambda pairs: dict(pairs),
    "any": any,
    "all": all,
}


def _too_long() -> str:
    raise ExpressionError("the repeated text would be longer than a million characters")
