"""Constraints on versions: `>=1.2.0, <2`, `^1.2`, `~1.2.3`, `1.x`, joined by commas or spaces (and) and `||` (or)."""

from __future__ import annotations

import re

from mlctl.workflow.expression.error import ExpressionError

Version = tuple[int, int, int]

_VERSION = re.compile(r"v?(\d+)(?:\.(\d+))?(?:\.(\d+))?(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_TERM = re.compile(r"\s*(=|!=|>=|<=|=>|=<|>|<|~>|~|\^)?\s*(v?[0-9xX*]+(?:\.[0-9xX*]+){0,2})\s*,?")


def semver_compare(constraint: str, version: str) -> bool:
    """Whether the version satisfies the constraint; one that is a pre-release satisfies none.

    Raises
    ------
    ExpressionError
        One of them is not understood.
    """
    found = _VERSION.fullmatch(version)
    if found is None:
        raise ExpressionError(f"`{version}` is not a semantic version")
    number: Version = (int(found[1]), int(found[2] or 0), int(found[3] or 0))
    return not found[4] and any(all(_holds(*term, number) for term in _terms(part)) for part in constraint.split("||"))


def _terms(text: str) -> list[tuple[str, str]]:
    terms, position = [], 0
    while position < len(text.rstrip()):
        match = _TERM.match(text, position)
        if match is None:
            raise ExpressionError(f"`{text}` is not a constraint on versions")
        terms.append((match[1] or "=", match[2].removeprefix("v")))
        position = match.end()
    return terms


def _holds(sign: str, text: str, version: Version) -> bool:
    parts = [int(part) for part in text.split(".") if part.isdigit()]
    if not parts:
        return sign not in ("!=", "<", ">")
    low: Version = (parts[0], parts[1] if len(parts) > 1 else 0, parts[2] if len(parts) > 2 else 0)
    next_above = _above(low, len(parts))
    if sign in (">=", "=>"):
        return version >= low
    if sign == ">":
        return version >= next_above
    if sign == "<":
        return version < low
    if sign in ("<=", "=<"):
        return version < next_above
    if sign == "^":
        first = next((place for place, part in enumerate(parts) if part), len(parts) - 1)
        return low <= version < _above(low, first + 1)
    if sign in ("~", "~>"):
        return low <= version < _above(low, min(len(parts), 2))
    return (low <= version < next_above) == (sign == "=")


def _above(low: Version, places: int) -> Version:
    """The least version that no longer begins as the first `places` parts of `low` do."""
    parts = [*low[:places]]
    parts[-1] += 1
    major, minor, patch = [*parts, 0, 0][:3]
    return (major, minor, patch)
