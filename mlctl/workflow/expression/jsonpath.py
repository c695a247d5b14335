"""The part of JSONPath that expressions use: fields, indexes, slices of everything and wildcards."""

from __future__ import annotations

import re
from typing import Any

from mlctl.workflow.expression.error import ExpressionError

_STEP = re.compile(
    r"""\.\.(?P<deep>[\w-]+|\*) | \.(?P<name>[\w-]+|\*) | \[\s*(?P<index>-?\d+)\s*\]
      | \[\s*(?P<quoted>'[^']*'|"[^"]*")\s*\] | \[\s*(?P<all>\*)\s*\] | \[\s*(?P<low>-?\d*):(?P<high>-?\d*)\s*\]""",
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
        many = many or bool(step["deep"] or step["all"] or step["name"] == "*" or step["low"] is not None)
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
        low, high = (int(text) if text else None for text in (step["low"], step["high"]))
        return value[low:high] if isinstance(value, list) else []
    name = step["name"] or step["quoted"][1:-1]
    return [value[name]] if isinstance(value, dict) and name in value else []


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return list(value) if isinstance(value, list) else []


def _descend(value: Any, name: str) -> list[Any]:
    found = _children(value) if name == "*" else ([value[name]] if isinstance(value, dict) and name in value else [])
    for child in _children(value):
        found.extend(_descend(child, name))
    return found
