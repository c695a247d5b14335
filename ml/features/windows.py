"""Point-in-time window aggregates: what was known about an entity before a moment, and nothing after it.

For a row of entity e at time t, a window of d days covers e's events with t - d days <= event time < t. An event at
exactly t is left out: it may be the consequence of the decision.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ml.spec import ModelSpec
from ml.spec_data import Window

DAY = 86_400_000_000  # microseconds
Array = np.ndarray[Any, np.dtype[Any]]


def window_values(spec: ModelSpec, window: Window, keys: pd.Series, times: pd.Series, events: pd.DataFrame) -> Array:
    """Return one aggregate per row (float64), over the events that have a value, as SQL does.

    count and sum over no events are 0; mean, min, max and last are NaN. Of events at the same moment the largest is the last.
    """
    assert spec.events is not None
    chosen = np.ones(len(events), dtype=bool)
    for column, text in window.where.items():
        chosen &= (events[column] == text).fillna(False).to_numpy(dtype=bool)
    if window.column:
        chosen &= events[window.column].notna().to_numpy()
    kept = events.loc[chosen]
    codes, entities = pd.factorize(kept[spec.entity])
    when = _microseconds(kept[spec.events.timestamp])
    values = kept[window.column].to_numpy(dtype="float64") if window.column else np.ones(len(kept))
    order = np.lexsort((values, when, codes))  # by value too: what a table gives must not depend on the order it came in
    codes, when, values = codes[order], when[order], values[order]
    row_codes = pd.Index(entities).get_indexer(pd.Index(keys))
    until = _microseconds(times)
    first = _position(codes, when, row_codes, until - window.days * DAY)
    last = _position(codes, when, row_codes, until)
    last = np.maximum(np.where(row_codes < 0, first, last), first)
    return _aggregate(window.aggregate, values, first, last)


def _microseconds(times: pd.Series) -> Array:
    return times.astype("datetime64[us, UTC]").astype("int64").to_numpy()


def _position(codes: Array, when: Array, wanted_codes: Array, wanted_when: Array) -> Array:
    """Return where (code, time) would be put in front of equal ones, in a list sorted by code, then time."""
    count = len(codes)
    joined = np.lexsort(
        (
            np.concatenate([np.ones(count, dtype=np.int8), np.zeros(len(wanted_codes), dtype=np.int8)]),
            np.concatenate([when, wanted_when]),
            np.concatenate([codes, wanted_codes]),
        )
    )
    is_event = joined < count
    before = np.cumsum(is_event)
    result = np.empty(len(wanted_codes), dtype=np.int64)
    result[joined[~is_event] - count] = before[~is_event]
    return result


def _aggregate(aggregate: str, values: Array, first: Array, last: Array) -> Array:
    counts = last - first
    if aggregate == "count":
        return counts.astype("float64")
    result = np.full(len(first), 0.0 if aggregate == "sum" else np.nan)
    some = counts > 0
    if not some.any():
        return result
    if aggregate == "last":
        result[some] = values[last[some] - 1]
        return result
    reducer: np.ufunc = {"sum": np.add, "mean": np.add, "min": np.minimum, "max": np.maximum}[aggregate]
    edges = np.stack([first[some], last[some]], axis=1).ravel()
    reduced = reducer.reduceat(np.append(values, 0.0), edges)[::2]
    result[some] = reduced / counts[some] if aggregate == "mean" else reduced
    return result
