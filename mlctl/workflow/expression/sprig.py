"""The sprig functions most in use; the arguments stand in sprig's order."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from collections.abc import Callable
from typing import Any


def _to_int(value: Any) -> int:
    try:
        return int(float(value))
    except (TypeError, ValueError):
        return 0


def _to_float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _empty(value: Any) -> bool:
    return not value


def _first_given(*values: Any) -> Any:
    return next((value for value in values if not _empty(value)), None)


def _product(*values: Any) -> int:
    return math.prod(_to_int(value) for value in values)


def _camel(text: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in re.split(r"[_\s-]+", text))


def _between(text: str, between: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[\s_-]+", between, text).lower()


def _divide(left: Any, right: Any) -> int:
    if _to_int(right) == 0:
        raise ZeroDivisionError("division by zero")
    return int(_to_int(left) / _to_int(right))


def _go_replacement(text: str) -> str:
    return re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", text)


_STRINGS: dict[str, Callable[..., Any]] = {
    "trim": lambda text: text.strip(),
    "trimAll": lambda cut, text: text.strip(cut),
    "trimPrefix": lambda prefix, text: text.removeprefix(prefix),
    "trimSuffix": lambda suffix, text: text.removesuffix(suffix),
    "upper": lambda text: text.upper(),
    "lower": lambda text: text.lower(),
    "title": lambda text: re.sub(r"\b\w", lambda found: found.group().upper(), text),
    "untitle": lambda text: re.sub(r"\b\w", lambda found: found.group().lower(), text),
    "repeat": lambda times, text: text * min(_to_int(times), 100_000),
    "substr": lambda start, end, text: text[start if start >= 0 else 0 : end if end >= 0 else None],
    "nospace": lambda text: re.sub(r"\s+", "", text),
    "trunc": lambda length, text: text[:length] if length >= 0 else text[length:],
    "contains": lambda part, text: part in text,
    "hasPrefix": lambda prefix, text: text.startswith(prefix),
    "hasSuffix": lambda suffix, text: text.endswith(suffix),
    "quote": lambda *values: " ".join(json.dumps(_text(value), ensure_ascii=False) for value in values),
    "squote": lambda *values: " ".join(f"'{_text(value)}'" for value in values),
    "cat": lambda *values: " ".join(_text(value) for value in values),
    "indent": lambda width, text: "\n".join(" " * width + line for line in text.split("\n")),
    "nindent": lambda width, text: "\n" + "\n".join(" " * width + line for line in text.split("\n")),
    "replace": lambda old, new, text: text.replace(old, new),
    "plural": lambda one, many, count: one if count == 1 else many,
    "snakecase": lambda text: _between(text, "_"),
    "kebabcase": lambda text: _between(text, "-"),
    "camelcase": _camel,
    "initials": lambda text: "".join(word[0] for word in text.split()),
    "split": lambda by, text: {f"_{index}": part for index, part in enumerate(text.split(by))},
    "splitList": lambda by, text: text.split(by),
    "splitn": lambda by, count, text: {f"_{i}": part for i, part in enumerate(text.split(by, count - 1))},
    "join": lambda by, items: by.join(_text(item) for item in items),
    "toString": _text,
    "toStrings": lambda items: [_text(item) for item in items],
    "regexMatch": lambda pattern, text: re.search(pattern, text) is not None,
    "regexFind": lambda pattern, text: found.group() if (found := re.search(pattern, text)) else "",
    "regexFindAll": lambda pattern, text, count: [
        found.group() for found in re.finditer(pattern, text)
    ][: count if count >= 0 else None],
    "regexReplaceAll": lambda pattern, text, new: re.sub(pattern, _go_replacement(new), text),
    "regexReplaceAllLiteral": lambda pattern, text, new: re.sub(pattern, lambda _: new, text),
    "regexSplit": lambda pattern, text, count: re.split(pattern, text, maxsplit=max(count - 1, 0)),
    "b64enc": lambda text: base64.b64encode(text.encode()).decode(),
    "b64dec": lambda text: base64.b64decode(text).decode(),
    "sha256sum": lambda text: hashlib.sha256(text.encode()).hexdigest(),
    "sha1sum": lambda text: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(),
}  # fmt: skip

_NUMBERS: dict[str, Callable[..., Any]] = {
    "add": lambda *values: sum(_to_int(value) for value in values),
    "add1": lambda value: _to_int(value) + 1,
    "sub": lambda left, right: _to_int(left) - _to_int(right),
    "mul": _product,
    "div": _divide,
    "mod": lambda left, right: int(math.fmod(_to_int(left), _to_int(right))),
    "max": lambda *values: max(_to_int(value) for value in values),
    "min": lambda *values: min(_to_int(value) for value in values),
    "addf": lambda *values: sum(_to_float(value) for value in values),
    "subf": lambda first, *rest: _to_float(first) - sum(_to_float(value) for value in rest),
    "mulf": lambda *values: math.prod(_to_float(value) for value in values),
    "divf": lambda left, right: _to_float(left) / _to_float(right),
    "floor": lambda value: float(math.floor(_to_float(value))),
    "ceil": lambda value: float(math.ceil(_to_float(value))),
    "round": lambda value, places: math.floor(_to_float(value) * 10**places + 0.5) / 10**places,
    "int": _to_int,
    "int64": _to_int,
    "atoi": _to_int,
    "float64": _to_float,
    "until": lambda count: list(range(count)),
    "untilStep": lambda start, stop, step: list(range(start, stop, step)),
}

_VALUES: dict[str, Callable[..., Any]] = {
    "default": lambda fallback, value=None: fallback if _empty(value) else value,
    "empty": _empty,
    "coalesce": _first_given,
    "ternary": lambda yes, no, condition: yes if condition else no,
    "list": lambda *items: list(items),
    "first": lambda items: items[0] if items else None,
    "last": lambda items: items[-1] if items else None,
    "rest": lambda items: items[1:],
    "initial": lambda items: items[:-1],
    "append": lambda items, item: [*items, item],
    "prepend": lambda items, item: [item, *items],
    "concat": lambda *lists: [item for items in lists for item in items],
    "reverse": lambda items: items[::-1],
    "uniq": lambda items: [item for index, item in enumerate(items) if item not in items[:index]],
    "without": lambda items, *unwanted: [item for item in items if item not in unwanted],
    "has": lambda item, items: item in items,
    "compact": lambda items: [item for item in items if not _empty(item)],
    "sortAlpha": lambda items: sorted(_text(item) for item in items),
    "dict": lambda *parts: dict(zip(parts[::2], parts[1::2], strict=False)),
    "get": lambda mapping, key: mapping.get(key, ""),
    "hasKey": lambda mapping, key: key in mapping,
    "keys": lambda *mappings: [key for mapping in mappings for key in mapping],
    "values": lambda mapping: list(mapping.values()),
    "merge": lambda *mappings: {k: v for mapping in reversed(mappings) for k, v in mapping.items()},
    "toJson": lambda value: json.dumps(value, separators=(",", ":")),
    "fromJson": json.loads,
}

SPRIG: dict[str, Callable[..., Any]] = {**_STRINGS, **_NUMBERS, **_VALUES}
