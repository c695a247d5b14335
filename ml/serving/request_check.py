"""Check the rows of a request against the contract, quickly where they are plainly good.

The contract's own check (pandera) takes tens of milliseconds, more than the whole latency objective, and nearly all requests are
good. So a request is first looked at column by column in numpy. What is not *certainly* good there goes to the contract's check,
which alone refuses rows and says why; the quick look accepts nothing that the contract would refuse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ml.contracts.table import TableContract
from ml.serving.preprocessing_graph import is_text
from ml.spec_data import Column

if TYPE_CHECKING:
    import pandas as pd

Feed = dict[str, NDArray[Any]]
"""Input of the ONNX model: ``[rows, 1]`` per column, float64 with NaN for missing, or text with "" for missing."""
LARGEST_INTEGER = 2.0**53


@dataclass(frozen=True, kw_only=True, eq=False)
class CheckedRequest:
    """The good rows, ready to score, and the bad ones with their reasons."""

    feed: Feed
    good: NDArray[np.intp]
    """Positions of the good rows in the request."""
    errors: dict[int, str]
    """Position of a bad row to what is wrong with it."""


def check_request(contract: TableContract, frame: pd.DataFrame) -> CheckedRequest:
    """Split a request into rows to score and rows to refuse.

    Raises
    ------
    InputError
        A column is missing or unknown.
    """
    quick = quick_feed(contract, frame)
    if quick is not None:
        return CheckedRequest(feed=quick, good=np.arange(len(frame), dtype=np.intp), errors={})
    from ml.contracts.check import check_rows

    checked = check_rows(contract, frame)
    errors = {int(row): str(reason) for row, reason in zip(checked.bad["row"], checked.bad["reason"], strict=True)}
    good = np.array([row for row in range(len(frame)) if row not in errors], dtype=np.intp)
    return CheckedRequest(feed=typed_feed(contract, checked.good), good=good, errors=errors)


def typed_feed(contract: TableContract, rows: pd.DataFrame) -> Feed:
    """Turn rows that passed the contract's check into the input of the ONNX model."""
    feed: Feed = {}
    for name, column in contract.columns.items():
        values = rows[name]
        if is_text(column):
            text = values.astype(object).where(values.notna(), "")
            feed[name] = text.map(str).to_numpy(dtype=object).reshape(-1, 1)
        else:
            feed[name] = values.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan).reshape(-1, 1)
    return feed


def quick_feed(contract: TableContract, frame: pd.DataFrame) -> Feed | None:
    """Return the input of the ONNX model if every row is certainly good, else none."""
    if list(frame.columns) != list(contract.columns) and set(frame.columns) != set(contract.columns):
        return None
    if frame.columns.has_duplicates or not len(frame):
        return None
    feed: Feed = {}
    for name, column in contract.columns.items():
        values = _quick_column(frame[name].to_numpy(), column)
        if values is None:
            return None
        feed[name] = values.reshape(-1, 1)
    return feed


def _quick_column(values: NDArray[Any], column: Column) -> NDArray[Any] | None:
    if column.dtype == "category":
        return _quick_category(values, frozenset(column.categories))
    if column.dtype == "boolean":
        return values.astype(np.float64) if values.dtype == np.bool_ else None
    if column.dtype not in ("integer", "number") or values.dtype.kind not in "iuf":
        return None
    numbers = values.astype(np.float64)
    missing = np.isnan(numbers)
    if missing.any() and not column.nullable:
        return None
    present = numbers[~missing] if missing.any() else numbers
    return numbers if _in_range(present, column) else None


def _in_range(present: NDArray[np.float64], column: Column) -> bool:
    if not present.size:
        return True
    low, high = present.min(), present.max()
    if not (np.isfinite(low) and np.isfinite(high)):
        return False
    if column.minimum is not None and low < column.minimum:
        return False
    if column.maximum is not None and high > column.maximum:
        return False
    if column.dtype == "integer":
        return bool(max(-low, high) < LARGEST_INTEGER and (present == np.floor(present)).all())
    return True


def _quick_category(values: NDArray[Any], allowed: frozenset[str]) -> NDArray[Any] | None:
    found = values.tolist()
    if not all(isinstance(value, str) and value in allowed for value in found):
        return None
    text = np.empty(len(found), dtype=object)
    text[:] = found
    return text


def take(feed: Mapping[str, NDArray[Any]], rows: slice) -> Feed:
    """Return some rows of an input."""
    return {name: values[rows] for name, values in feed.items()}
