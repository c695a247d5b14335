"""JSONPath as Argo's library reads it: fields, indexes, slices, wildcards, lists of keys, filters, `length` and `..`."""

from __future__ import annotations

import re
from typing import Any

from mlctl.workflow.expression.error import ExpressionError

_STEP = re.compile(
    r"""\.\.(?P<deep>[\w-]+|\*) | \.(?P<name>[\w-]+|\*) | \[\s*(?P<index>-?\d+)\s*\]
      | \[\s*(?P<quoted>'[^']*'|"[^"]*")\s*\] | \[\s*(?P<all>\*)\s*\]
      | \[\s*(?P<low>-?\d*):(?P<high>-?\d*)(?::(?P<step>-?\d*))?\s*\]
      | \[\s*(?P<keys>(?:-?\d+|'[^']*'|"[^"]*")(?:\s*,\s*(?:-?\d+|'[^']*'|"[^"]*"))+)\s*\]
      | \[\s*\?\s*\((?P<test>(?:[^()'"]|'[^']*'|"[^"]*"|\([^()]*\))*)\)\s*\]
      | \[\s*\(\s*@\.length\s*-\s*(?P<from_end>\d+)\s*\)\s*\]""",
    re.VERBOSE,
)


def jsonpath(value: Any, path: str) -> Any:
    """The value at `path`; a list of values where the path has a wildcard, a slice or `..`.

    Raises
    ------
    ExpressionError
        The path is not understood, or one that names a single value finds nothing.
    """
    if not path.startswith("$"):
        raise ExpressionError(f"a JSON path starts with `$`: `{path}`")
    found, many, position = [value], False, 1
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            raise ExpressionError(f"`{path[position:]}` in the JSON path `{path}` is not supported")
        several = (step["deep"], step["all"], step["keys"], step["test"], step["name"] == "*", step["low"] is not None)
        many = many or any(several)
        found = [inner for outer in found for inner in _take(outer, step)]
        position = step.end()
    if many:
        return found
    if not found:
        raise ExpressionError(f"nothing at `{path}`")
    return found[0]


def _take(value: Any, step: re.Match[str]) -> list[Any]:
    if step["deep"]:
        return _descend(value, step["deep"])
    if step["all"] or step["name"] == "*":
        return _children(value)
    if step["index"] is not None:
        index = int(step["index"])
        return [value[index]] if isinstance(value, list) and -len(value) <= index < len(value) else []
    if step["low"] is not None:
        low, high, stride = (int(text) if text else None for text in (step["low"], step["high"], step["step"]))
        return value[low:high:stride] if isinstance(value, list) and stride != 0 else []
    if step["from_end"]:
        place = int(step["from_end"])
        return [value[-place]] if isinstance(value, list) and 0 < place <= len(value) else []
    if step["keys"]:
        return [found for key in _KEY.findall(step["keys"]) for found in _at(value, key)]
    if step["test"]:
        return [item for item in _children(value) if _passes(step["test"], item)]
    if step["name"] == "length" and not (isinstance(value, dict) and "length" in value):
        return [len(value)] if isinstance(value, list | dict | str) else []
    name = step["name"] or step["quoted"][1:-1]
    return [value[name]] if isinstance(value, dict) and name in value else []


_KEY = re.compile(r"""-?\d+|'[^']*'|"[^"]*\"""")
_CURRENT = re.compile(r"""('[^']*'|"[^"]*")|@""")


def _at(value: Any, key: str) -> list[Any]:
    if key[0] in "'\"":
        return [value[key[1:-1]]] if isinstance(value, dict) and key[1:-1] in value else []
    place = int(key)
    return [value[place]] if isinstance(value, list) and -len(value) <= place < len(value) else []


def _passes(test: str, item: Any) -> bool:
    """Whether `@.n > 1 && @.s` holds of an item; a value that is there counts as true, a comparison that cannot be made as false."""
    from mlctl.workflow.expression.evaluate import evaluate

    text = _CURRENT.sub(lambda found: found[1] or "current", test)
    try:
        result = evaluate(text, {"current": item})
    except ExpressionError:
        return False
    return result if isinstance(result, bool) else result is not None


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [value[key] for key in sorted(value)]
    return list(value) if isinstance(value, list) else []


def _descend(value: Any, name: str) -> list[Any]:
    found = _children(value) if name == "*" else ([value[name]] if isinstance(value, dict) and name in value else [])
    for child in _children(value):
        found.extend(_descend(child, name))
    return found
