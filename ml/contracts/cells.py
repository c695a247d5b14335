"""Turn cells of any origin (CSV text, JSON, Parquet) into the contract's types, one cell at a time."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal

import numpy as np
import pandas as pd

from ml.spec_data import Column

LARGEST_INTEGER = 2.0**53  # beyond it a JSON or float round trip loses digits
TRUE_WORDS = ("true", "1", "1.0")
FALSE_WORDS = ("false", "0", "0.0")
DAY = re.compile(r"\d{4}-\d\d-\d\d")  # a time begins with its day: pandas itself would take `now` and a bare year
WANTED = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "category": "text",
    "boolean": "true or false",
    "timestamp": "a time such as 2025-01-31T12:00:00Z",
}


def typed(values: pd.Series, column: Column) -> tuple[pd.Series, np.ndarray]:
    """Return the values in the contract's type, and where a value could not be read (it is then null).

    Empty text is null. Nothing is rounded or guessed: 3.5 is not an integer, 1 is not text.
    """
    if column.dtype == "number" and values.dtype == np.float64:  # the common case while serving, made short
        endless = np.isinf(values.to_numpy())
        return (values.mask(endless) if endless.any() else values), endless
    blank = values.isna().to_numpy()
    if not pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_datetime64_any_dtype(values.dtype):
        blank = blank | values.map(lambda value: isinstance(value, str) and not value.strip()).to_numpy(dtype=bool)
    read = _READERS[column.dtype](values.mask(blank))
    wrong = np.asarray(read.isna().to_numpy() & ~blank, dtype=bool)
    return read, wrong


def final(values: pd.Series, column: Column) -> pd.Series:
    """Return checked values in their final type: plain where no null is allowed, nullable where it is."""
    if column.dtype == "integer" and not column.nullable:
        return values.astype("int64")
    if column.dtype == "boolean" and not column.nullable:
        return values.astype("bool")
    return values


def _numbers(values: pd.Series) -> pd.Series:
    if pd.api.types.is_bool_dtype(values.dtype) or values.dtype.kind in "mMc":
        return pd.Series(np.nan, index=values.index, dtype="float64")
    if not pd.api.types.is_numeric_dtype(values.dtype):
        values = values.map(_number, na_action="ignore")
    read = pd.to_numeric(values, errors="coerce").astype("Float64").astype("float64")
    return read.where(np.isfinite(read))


def _number(value: object) -> object:
    """Return a number, or text that may be one; none for what is neither, or larger than any number."""
    if isinstance(value, str):
        return value if value.isascii() else None
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | Decimal | np.number):
        return None
    try:
        return float(value)
    except (OverflowError, TypeError, ValueError):
        return None


def _integers(values: pd.Series) -> pd.Series:
    read = _numbers(values)
    whole = (read == np.floor(read)) & (read.abs() < LARGEST_INTEGER)
    return read.where(whole).astype("Int64")


def _booleans(values: pd.Series) -> pd.Series:
    return values.astype(object).map(_boolean).astype("boolean")


def _boolean(value: object) -> bool | None:
    word = str(value).strip().lower()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


def _texts(values: pd.Series) -> pd.Series:
    return values.map(_text).astype("str")


def _text(value: object) -> str | None:
    """Return text that can be stored: half a surrogate pair, which JSON can bring, is no character."""
    if not isinstance(value, str):
        return None
    return value if value.isascii() or not _SURROGATE.search(value) else None


_SURROGATE = re.compile("[\ud800-\udfff]")


def _timestamps(values: pd.Series) -> pd.Series:
    if not pd.api.types.is_datetime64_any_dtype(values.dtype):
        values = values.map(_time, na_action="ignore").astype(object)
    read = pd.to_datetime(values, errors="coerce", utc=True, format="ISO8601")
    return read.astype("datetime64[us, UTC]")


def _time(value: object) -> object:
    if isinstance(value, str):
        return value if DAY.match(value) else None
    return value if isinstance(value, date | np.datetime64) else None


_READERS: dict[str, Callable[[pd.Series], pd.Series]] = {
    "integer": _integers,
    "number": _numbers,
    "string": _texts,
    "category": _texts,
    "boolean": _booleans,
    "timestamp": _timestamps,
}
