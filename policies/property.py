"""Reads a property that may be absent, or not known yet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pulumi_policy.proxy import UnknownValueError


def given(props: Mapping[str, Any], path: str) -> bool:
    """Whether something stands at the dotted path; empty text, lists and mappings are nothing.

    A value that only the cloud knows counts: it will be there.
    """
    try:
        value = value_at(props, path)
    except UnknownValueError as error:
        # Unknown at the path itself is present; unknown above it says nothing about the path.
        if ".".join(error.props).endswith(path):
            return True
        raise
    if isinstance(value, (Mapping, Sequence)):
        return len(value) > 0
    return value is not None


def known(props: Mapping[str, Any], path: str) -> Any:
    """The value at the dotted path; None where it is absent or unknown. For matching, never for judging."""
    try:
        return value_at(props, path)
    except UnknownValueError:
        return None


def value_at(props: Mapping[str, Any], path: str) -> Any:
    """The value at the dotted path; None where it is absent. Raises UnknownValueError where it is not known."""
    value: Any = props
    for part in path.split("."):
        if type(value) is not dict and not isinstance(value, Mapping):  # the first is much quicker, and nearly always so
            return None
        value = value.get(part)
    return value


def items(value: Any) -> list[Any]:
    """A list's items; nothing where it is absent."""
    if type(value) is list:
        return value
    return list(value) if isinstance(value, Sequence) and not isinstance(value, str) else []


def true(value: Any) -> bool:
    """A boolean, or the text `true` as some providers write it."""
    return value is True or (isinstance(value, str) and value.lower() == "true")


def number(value: Any, default: float) -> float:
    """A number, or the number a string holds."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return default
