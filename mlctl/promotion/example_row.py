"""A request of one row that keeps a model's contract, made from ml/models/<name>.yaml alone: what a smoke test sends.

Each column of the contract that a feature is made from gets a plain value within its limits; a feature over a window gets none, which the
contract allows (`null`: nothing happened).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlctl.errors import InputError

MOMENT = "2026-01-01T00:00:00Z"


def example_row(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The row.

    Parameters
    ----------
    definition
        The model's file.

    Raises
    ------
    InputError
        A column needs a value that cannot be made up: text of a pattern.
    """
    columns = (definition.get("contract") or {}).get("columns") or {}
    row: dict[str, Any] = {}
    for name, feature in (definition.get("features") or {}).items():
        if "window" in feature:
            row[str(name)] = None
            continue
        source = feature.get("source", name)
        for column in source if isinstance(source, list) else [source]:
            row[str(column)] = _value(str(column), columns.get(column) or {})
    return row


def _value(name: str, column: Mapping[str, Any]) -> Any:
    kind = column.get("dtype")
    if kind == "category":
        return column["categories"][0]
    if kind == "boolean":
        return True
    if kind == "timestamp":
        return MOMENT
    if kind in ("integer", "number"):
        low, high = column.get("minimum", 0), column.get("maximum")
        inside = low + 1 if high is None or low + 1 <= high else low
        return int(inside) if kind == "integer" else float(inside)
    if column.get("nullable"):
        return None
    if column.get("pattern"):
        raise InputError(
            f"column {name} holds text of a pattern", key="contract.columns", remedy="let no feature need it, or make it nullable"
        )
    return "example"
