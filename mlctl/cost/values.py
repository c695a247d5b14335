"""Values of a plan, which may be of any kind, as what pricing needs: a number, a text, objects, or None for what cannot be told."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from mlctl.plan.model import UNKNOWN


def inside(value: Any, path: str) -> Any:
    """The value at `a.b` in nested objects; a list of one object is that object."""
    for part in path.split(".") if path else ():
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if not isinstance(value, Mapping):
            return value if value == UNKNOWN else None
        value = value.get(part)
    return value


def mappings(value: Any) -> list[Mapping[str, Any]]:
    """The objects in a list; one object counts as a list of one, anything else as none."""
    if isinstance(value, Mapping):
        return [value]
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list) else []


def as_text(value: Any) -> str | None:
    """The value where it is text that says something."""
    return value if isinstance(value, str) and value else None


def as_number(value: Any) -> Decimal | None:
    """A number written as one or as text; None for anything else."""
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def times(*factors: Decimal | int | None) -> Decimal | None:
    """The product; None as soon as one factor is unknown."""
    product = Decimal(1)
    for factor in factors:
        if factor is None:
            return None
        product *= factor
    return product
