"""Values as Go writes them: as JSON (`encoding/json`) and as plain text (`fmt.Sprint`)."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

from mlctl.workflow.expression.times import Duration, Time

_ESCAPED = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def to_json(value: Any, *, indent: int = 0, sort: bool = True, plain: bool = False) -> str:
    """JSON with sorted keys, whole floats without a fraction and `<`, `>`, `&` escaped, unless `plain`."""
    text = _json(value, "\n" if indent else "", " " * indent, sort)
    if not plain:
        for char, escape in _ESCAPED.items():
            text = text.replace(char, escape)
    return text


def _json(value: Any, line: str, step: str, sort: bool) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    if isinstance(value, Duration):
        return str(value.nanoseconds)
    if isinstance(value, Time):
        return json.dumps(value.rfc3339())
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return _json_float(value)
    if isinstance(value, dict):
        items = [(str(key), item) for key, item in value.items()]
        ordered = sorted(items, key=lambda pair: pair[0]) if sort else items
        colon = ": " if line else ":"
        parts = [json.dumps(key, ensure_ascii=False) + colon + _json(item, line + step, step, sort) for key, item in ordered]
        return _block("{}", parts, line, step)
    if isinstance(value, list):
        return _block("[]", [_json(item, line + step, step, sort) for item in value], line, step)
    return json.dumps(str(value), ensure_ascii=False)


def _block(brackets: str, parts: list[str], line: str, step: str) -> str:
    if not parts:
        return brackets
    inner = line + step
    return brackets[0] + inner + ("," + inner).join(parts) + line + brackets[1]


def _json_float(value: float) -> str:
    if not math.isfinite(value):
        raise ValueError(f"{value} cannot be written as JSON")
    if value == 0 or 1e-6 <= abs(value) < 1e21:
        return _fixed(value)
    return _exponent(value).replace("e-0", "e-")


def _fixed(value: float) -> str:
    from mlctl.workflow.yaml_scalars import as_text

    return as_text(value)


def _exponent(value: float) -> str:
    number = Decimal(repr(value)).normalize()
    digits = "".join(map(str, number.as_tuple().digits))
    power = number.adjusted()
    rest = "." + digits[1:] if len(digits) > 1 else ""
    return f"{'-' if value < 0 else ''}{digits[0]}{rest}e{'-' if power < 0 else '+'}{abs(power):02d}"


def to_text(value: Any) -> str:
    """As `fmt.Sprint` writes it: `[1 2]`, `map[a:1]`, `<nil>`."""
    if isinstance(value, str):
        return str(value)
    if value is None:
        return "<nil>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            return {math.inf: "+Inf", -math.inf: "-Inf"}.get(value, "NaN")
        return _fixed(value) if value == 0 or 1e-4 <= abs(value) < 1e6 else _exponent(value)
    if isinstance(value, list):
        return "[" + " ".join(to_text(item) for item in value) + "]"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{to_text(value[key])}" for key in sorted(value, key=str)) + "]"
    return str(value)
