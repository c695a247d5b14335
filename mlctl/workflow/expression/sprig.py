"""The functions of Masterminds/sprig 3.3.0 that an expression may call; the arguments stand in sprig's order.

Not here, and refused by name: those that make keys, certificates and passwords, encrypt, or ask the network.
"""

from __future__ import annotations

import base64
import binascii
import copy
import hashlib
import json
import math
import posixpath
import random
import re
import uuid
import zlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.expression.go_text import to_json, to_text
from mlctl.workflow.expression.semver import semver_compare
from mlctl.workflow.expression.times import Duration, Time, as_time, duration, in_zone, now, parse_time

_INTEGER = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|[1-9][0-9]*|0)")


def _to_int(value: Any) -> int:
    """What is no number counts as 0."""
    if isinstance(value, str):
        if not _INTEGER.fullmatch(value):
            return int(_to_float(value)) if re.fullmatch(r"[-+]?[0-9]*\.[0-9]*", value) and value.strip("+-.") else 0
        digits = value.lstrip("+-")
        octal = re.fullmatch(r"0[0-7]+", digits)
        return int(digits, 8 if octal else 0) * (-1 if value[0] == "-" else 1)
    return int(value) if isinstance(value, bool | int | float) and math.isfinite(value) else 0


def _atoi(text: Any) -> int:
    return int(text) if isinstance(text, str) and re.fullmatch(r"[-+]?[0-9]+", text) else 0


def _to_float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0


def _exact(change: Callable[[Decimal, Decimal], Decimal], first: Any, rest: tuple[Any, ...]) -> float:
    """Arithmetic in decimals, as sprig does it."""
    result = Decimal(repr(_to_float(first)))
    for value in rest:
        result = change(result, Decimal(repr(_to_float(value))))
    return float(result)


def _given(value: Any) -> str:
    """A text that a function takes; sprig takes nothing else."""
    if not isinstance(value, str):
        raise ExpressionError(f"a text was expected, not {value!r}")
    return str(value)


def _empty(value: Any) -> bool:
    return not value


def _first_given(*values: Any) -> Any:
    return next((value for value in values if not _empty(value)), None)


def _product(*values: Any) -> int:
    return math.prod(_to_int(value) for value in values)


def _divide(left: Any, right: Any) -> int:
    if _to_int(right) == 0:
        raise ZeroDivisionError("division by zero")
    quotient = abs(_to_int(left)) // abs(_to_int(right))
    return quotient if (_to_int(left) < 0) == (_to_int(right) < 0) else -quotient


def _round(value: Any, places: int, half: float = 0.5) -> float:
    scale = 10.0**places
    scaled = _to_float(value) * scale
    part = math.modf(scaled)[0]
    return (math.ceil(scaled) if part >= half else math.floor(scaled)) / scale


def _camel(text: str) -> str:
    lead = text[: len(text) - len(text.lstrip("_"))]
    return lead + "".join(part[:1].upper() + part[1:] for part in re.split(r"[_\s-]+", text.lstrip("_")))


def _between(text: str, between: str) -> str:
    marked = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\s_-]+", between, text)
    return marked.lower()


def _go_replacement(text: str, pattern: str) -> Callable[[re.Match[str]], str]:
    """`$1`, `${name}`; a group there is not is nothing, as in Go."""

    def fill(found: re.Match[str]) -> str:
        def group(name: re.Match[str]) -> str:
            key = name[1] or name[2]
            try:
                return found[int(key) if key.isdigit() else key] or ""
            except (IndexError, KeyError):
                return ""

        return re.sub(r"\$(?:\{(\w+)\}|(\w+))", group, text)

    return fill


def _all_found(pattern: str, text: str, count: int) -> list[str] | None:
    found = [match.group() for match in re.finditer(pattern, text)][: count if count >= 0 else None]
    return found or None


def _split_by(pattern: str, text: str, count: int) -> list[str] | None:
    if count == 0:
        return None
    parts: list[str] = []
    start = 0
    for match in re.finditer(pattern, text):
        if 0 < count <= len(parts) + 1:
            break
        parts.append(text[start : match.start()])
        start = match.end()
    return [*parts, text[start:]]


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False


def _substr(start: int, end: int, text: str) -> str:
    if start < 0:
        return text[:end]
    if end < 0 or end > len(text):
        return text[start:]
    if start > end:
        raise ExpressionError(f"substr: {start} is after {end}")
    return text[start:end]


def _abbreviate(start: int, width: int, text: str) -> str:
    if width < 4 or (start > 0 and width < 7):
        return text
    if len(text) <= width:
        return text
    start = min(start, len(text))
    if len(text) - start < width - 3:
        start = len(text) - (width - 3)
    if start <= 4:
        return text[: width - 3] + "..."
    if start + width - 3 < len(text):
        return "..." + _abbreviate(0, width - 3, text[start:])
    return "..." + text[len(text) - (width - 3) :]


def _wrap(width: int, by: str, text: str) -> str:
    lines: list[str] = []
    for word in text.split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= max(width, 1):
            lines[-1] += " " + word
        else:
            lines.append(word)
    return by.join(lines)


def _from_base(decode: Callable[..., bytes], text: str, **options: Any) -> str:
    try:
        return decode(text, **options).decode("utf-8", "replace")
    except binascii.Error:
        place = next((index for index, char in enumerate(text) if not char.isalnum() and char not in "+/="), len(text))
        return f"illegal base64 data at input byte {place}"


def _until(start: int, stop: int, step: int) -> list[int]:
    return list(range(start, stop, step)) if step and (stop > start) == (step > 0) else []


def _sequence(*numbers: int) -> str:
    first, step, last = {1: (1, None, numbers[-1]), 2: (numbers[0], None, numbers[-1])}.get(len(numbers), numbers)
    stride = (1 if last >= first else -1) if step is None else step
    return " ".join(str(number) for number in _until(first, last + (1 if stride > 0 else -1), stride)) if stride else ""


def _slice(items: list[Any], low: int = 0, high: int | None = None) -> list[Any]:
    return items[low:high]


def _chunk(size: int, items: list[Any]) -> list[list[Any]]:
    return [items[start : start + size] for start in range(0, len(items), size)]


def _merge(first: dict[str, Any], *others: dict[str, Any], over: bool = False) -> dict[str, Any]:
    merged = dict(first)
    for other in others:
        for key, value in other.items():
            mine = merged.get(key)
            if isinstance(mine, dict) and isinstance(value, dict):
                merged[key] = _merge(mine, value, over=over)
            elif over or _empty(mine):
                merged[key] = value
    return merged


def _dict(*parts: Any) -> dict[str, Any]:
    values = [*parts, ""] if len(parts) % 2 else list(parts)
    return {to_text(key): value for key, value in zip(values[::2], values[1::2], strict=True)}


def _dig(*parts: Any) -> Any:
    *keys, fallback, found = parts
    for key in keys:
        if not isinstance(found, dict) or key not in found:
            return fallback
        found = found[key]
    return found


_KINDS = {bool: "bool", int: "int", float: "float64", str: "string", list: "slice", dict: "map", type(None): "invalid"}
_TYPES = {list: "[]interface {}", dict: "map[string]interface {}", type(None): "<nil>"}


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "struct")


def _type(value: Any) -> str:
    return _TYPES.get(type(value), _kind(value))


def _parse_url(text: str) -> dict[str, str]:
    url = urlsplit(text)
    user, at, host = url.netloc.rpartition("@")
    return {
        "scheme": url.scheme, "host": host, "hostname": url.hostname or "", "path": url.path, "query": url.query, "opaque": "",
        "fragment": url.fragment, "userinfo": user if at else "",
    }  # fmt: skip


def _join_url(parts: dict[str, str]) -> str:
    user, host = parts.get("userinfo", ""), parts.get("host", "")
    place = f"{user}@{host}" if user else host
    return urlunsplit((parts.get("scheme", ""), place, parts.get("path", ""), parts.get("query", ""), parts.get("fragment", "")))


def _round_length(value: Any) -> str:
    length = duration(value).seconds if isinstance(value, str) else 0.0
    units = (("y", 365 * 86400), ("mo", 30 * 86400), ("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    return next((f"{int(length // size)}{unit}" for unit, size in units if length >= size), "0s")


def _clean(path: str) -> str:
    return re.sub(r"^//+", "/", posixpath.normpath(path)) if path else "."


def _base(path: str) -> str:
    return (path.rstrip("/").rsplit("/", 1)[-1] or "/") if path else "."


def _ext(path: str) -> str:
    name = path.rsplit("/", 1)[-1]
    return name[name.rindex(".") :] if "." in name else ""


def _moved(length: str, time: Time) -> Time:
    """The time, `length` later or earlier: `-1h`."""
    from datetime import timedelta

    return Time(time.at + timedelta(microseconds=duration(length).nanoseconds / 1000))


def _fail(text: str) -> Any:
    raise ExpressionError(text)


def _date(layout: str, value: Any, zone: str = "") -> str:
    time = as_time(value)
    return (in_zone(time, zone) if zone else Time(time.at.astimezone())).format(layout)


def _quietly(change: Callable[[str], Any], text: str) -> Any:
    try:
        return change(text)
    except (TypeError, ValueError):
        return None


def _from_json(text: str) -> Any:
    return json.loads(text, parse_int=float)


_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DIGITS = "0123456789"


def _random(letters: str) -> Callable[[int], str]:
    return lambda length: "".join(random.SystemRandom().choices(letters, k=length))


_STRINGS: dict[str, Callable[..., Any]] = {
    "trim": lambda text: text.strip(),
    "trimall": lambda cut, text: text.strip(cut),
    "trimAll": lambda cut, text: text.strip(cut),
    "trimPrefix": lambda prefix, text: text.removeprefix(prefix),
    "trimSuffix": lambda suffix, text: text.removesuffix(suffix),
    "upper": lambda text: _given(text).upper(),
    "lower": lambda text: text.lower(),
    "title": lambda text: re.sub(r"\b\w", lambda found: found.group().upper(), text),
    "untitle": lambda text: re.sub(r"\b\w", lambda found: found.group().lower(), text),
    "repeat": lambda times, text: text * min(_to_int(times), 100_000),
    "substr": _substr,
    "abbrev": lambda width, text: _abbreviate(0, width, text),
    "abbrevboth": _abbreviate,
    "swapcase": lambda text: text.swapcase(),
    "shuffle": lambda text: "".join(random.SystemRandom().sample(text, len(text))),
    "wrap": lambda width, text: _wrap(width, "\n", text),
    "wrapWith": lambda width, by, text: _wrap(width, by, text),
    "hello": lambda: "Hello!",
    "fail": _fail,
    "nospace": lambda text: re.sub(r"\s+", "", text),
    "trunc": lambda length, text: text[:length] if length >= 0 else text[length:],
    "contains": lambda part, text: part in text,
    "hasPrefix": lambda prefix, text: text.startswith(prefix),
    "hasSuffix": lambda suffix, text: text.endswith(suffix),
    "quote": lambda *values: " ".join(json.dumps(to_text(value), ensure_ascii=False) for value in values if value is not None),
    "squote": lambda *values: " ".join(f"'{to_text(value)}'" for value in values if value is not None),
    "cat": lambda *values: " ".join(to_text(value) for value in values if value is not None),
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
    "join": lambda by, items: by.join(to_text(item) for item in (items if isinstance(items, list) else [items]) if item is not None),
    "toString": to_text,
    "toStrings": lambda items: [to_text(item) for item in items],
    "regexMatch": _matches,
    "mustRegexMatch": lambda pattern, text: re.search(pattern, text) is not None,
    "regexQuoteMeta": lambda text: re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text),
    "regexFind": lambda pattern, text: found.group() if (found := re.search(pattern, text)) else "",
    "regexFindAll": _all_found,
    "regexReplaceAll": lambda pattern, text, new: re.sub(pattern, _go_replacement(new, pattern), text),
    "regexReplaceAllLiteral": lambda pattern, text, new: re.sub(pattern, lambda _: new, text),
    "regexSplit": _split_by,
    "b64enc": lambda text: base64.b64encode(_given(text).encode()).decode(),
    "b64dec": lambda text: _from_base(base64.b64decode, text, validate=True),
    "b32enc": lambda text: base64.b32encode(_given(text).encode()).decode(),
    "b32dec": lambda text: _from_base(base64.b32decode, text),
    "sha512sum": lambda text: hashlib.sha512(text.encode()).hexdigest(),
    "adler32sum": lambda text: str(zlib.adler32(text.encode())),
    "uuidv4": lambda: str(uuid.uuid4()),
    "randAlpha": _random(_LETTERS),
    "randNumeric": _random(_DIGITS),
    "randAlphaNum": _random(_LETTERS + _DIGITS),
    "randAscii": _random("".join(map(chr, range(32, 127)))),
    "base": _base,
    "dir": lambda path: _clean(posixpath.dirname(path)),
    "ext": _ext,
    "clean": _clean,
    "isAbs": lambda path: path.startswith("/"),
    "urlParse": _parse_url,
    "urlJoin": _join_url,
    "semverCompare": semver_compare,
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
    "addf": lambda first, *rest: _exact(lambda a, b: a + b, first, rest),
    "add1f": lambda value: _exact(lambda a, b: a + b, value, (1,)),
    "subf": lambda first, *rest: _exact(lambda a, b: a - b, first, rest),
    "mulf": lambda first, *rest: _exact(lambda a, b: a * b, first, rest),
    "divf": lambda first, *rest: _exact(lambda a, b: a / b, first, rest),
    "maxf": lambda *values: max(_to_float(value) for value in values),
    "minf": lambda *values: min(_to_float(value) for value in values),
    "biggest": lambda *values: max(_to_int(value) for value in values),
    "randInt": lambda low, high: random.SystemRandom().randrange(low, high),
    "toDecimal": lambda value: int(to_text(value), 8) if re.fullmatch(r"[0-7]+", to_text(value)) else 0,
    "floor": lambda value: float(math.floor(_to_float(value))),
    "ceil": lambda value: float(math.ceil(_to_float(value))),
    "round": _round,
    "int": _to_int,
    "int64": _to_int,
    "atoi": _atoi,
    "float64": _to_float,
    "until": lambda count: _until(0, count, 1 if count >= 0 else -1),
    "untilStep": _until,
    "seq": _sequence,
}

_VALUES: dict[str, Callable[..., Any]] = {
    "default": lambda fallback, value=None: fallback if _empty(value) else value,
    "empty": _empty,
    "all": lambda *values: all(not _empty(value) for value in values),
    "any": lambda *values: any(not _empty(value) for value in values),
    "coalesce": _first_given,
    "ternary": lambda yes, no, condition: yes if condition else no,
    "list": lambda *items: list(items),
    "first": lambda items: items[0] if items else None,
    "last": lambda items: items[-1] if items else None,
    "tuple": lambda *items: list(items),
    "rest": lambda items: items[1:] if items else None,
    "initial": lambda items: items[:-1] if items else None,
    "append": lambda items, item: [*items, item],
    "push": lambda items, item: [*items, item],
    "slice": _slice,
    "chunk": _chunk,
    "prepend": lambda items, item: [item, *items],
    "concat": lambda *lists: [item for items in lists for item in items],
    "reverse": lambda items: items[::-1],
    "uniq": lambda items: [item for index, item in enumerate(items) if item not in items[:index]],
    "without": lambda items, *unwanted: [item for item in items if item not in unwanted],
    "has": lambda item, items: item in items,
    "compact": lambda items: [item for item in items if not _empty(item)],
    "sortAlpha": lambda items: sorted(to_text(item) for item in items),
    "dict": _dict,
    "get": lambda mapping, key: mapping.get(key, ""),
    "hasKey": lambda mapping, key: key in mapping,
    "keys": lambda *mappings: [key for mapping in mappings for key in mapping],
    "values": lambda mapping: list(mapping.values()),
    "merge": _merge,
    "mergeOverwrite": lambda first, *others: _merge(first, *others, over=True),
    "set": lambda mapping, key, value: {**mapping, key: value},
    "unset": lambda mapping, key: {name: value for name, value in mapping.items() if name != key},
    "pluck": lambda key, *mappings: [mapping[key] for mapping in mappings if key in mapping],
    "pick": lambda mapping, *keys: {key: mapping[key] for key in keys if key in mapping},
    "omit": lambda mapping, *keys: {key: value for key, value in mapping.items() if key not in keys},
    "dig": _dig,
    "deepCopy": copy.deepcopy,
    "deepEqual": lambda left, right: left == right and type(left) is type(right),
    "kindOf": _kind,
    "kindIs": lambda kind, value: _kind(value) == kind,
    "typeOf": _type,
    "typeIs": lambda name, value: _type(value) == name,
    "typeIsLike": lambda name, value: _type(value) in (name, f"*{name}"),
    "toJson": to_json,
    "toPrettyJson": lambda value: to_json(value, indent=2),
    "toRawJson": lambda value: to_json(value, plain=True),
    "fromJson": lambda text: _quietly(_from_json, text),
    "mustFromJson": _from_json,
}

_TIMES: dict[str, Callable[..., Any]] = {
    "now": now,
    "date": _date,
    "dateInZone": _date,
    "date_in_zone": _date,
    "htmlDate": lambda value: _date("2006-01-02", value),
    "htmlDateInZone": lambda value, zone: _date("2006-01-02", value, zone),
    "toDate": lambda layout, text: parse_time(text, layout),
    "mustToDate": lambda layout, text: parse_time(text, layout),
    "dateModify": _moved,
    "date_modify": _moved,
    "mustDateModify": _moved,
    "must_date_modify": _moved,
    "unixEpoch": lambda time: str(int(as_time(time).at.timestamp() // 1)),
    "ago": lambda value: str(Duration(round((now().at - as_time(value).at).total_seconds()) * 1_000_000_000)),
    "duration": lambda value: str(Duration(_to_int(value) * 1_000_000_000 if isinstance(value, str) else 0)),
    "durationRound": _round_length,
}

_BASIC = {**_STRINGS, **_NUMBERS, **_VALUES, **_TIMES}
_MUST = (
    "append", "chunk", "compact", "deepCopy", "first", "has", "initial", "last", "merge", "mergeOverwrite", "prepend", "push",
    "regexFind", "regexFindAll", "regexReplaceAll", "regexReplaceAllLiteral", "regexSplit", "rest", "reverse", "slice", "toJson",
    "toPrettyJson", "toRawJson", "uniq", "without",
)  # fmt: skip
"""Functions that sprig also has as `mustName`: they fail where the plain ones give an empty value, which they never do here."""
_OS = ("base", "dir", "ext", "clean", "isAbs")

SPRIG: dict[str, Callable[..., Any]] = {
    **_BASIC,
    **{f"must{name[0].upper()}{name[1:]}": _BASIC[name] for name in _MUST},
    **{f"os{name[0].upper()}{name[1:]}": _BASIC[name] for name in _OS},
}
