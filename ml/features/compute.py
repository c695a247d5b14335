"""Compute features from rows and events: the one place every store, the training and the serving use."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ml.features.windows import window_values
from ml.spec import ModelSpec
from ml.spec_data import Feature


def compute_features(spec: ModelSpec, rows: pd.DataFrame, events: pd.DataFrame | None) -> pd.DataFrame:
    """Return the features of every row, as known at the row's own time, in the order of the model file."""
    made: dict[str, pd.Series] = {}
    for name, feature in spec.features.items():
        if feature.window is None:
            made[name] = _from_row(spec, feature, rows)
            continue
        assert events is not None, "load_spec makes sure that a window has events"
        values = window_values(spec, feature.window, rows[spec.entity], rows[spec.timestamp], events)
        made[name] = pd.Series(values, index=rows.index)
    return pd.DataFrame(made, index=rows.index)


def features_from_request(spec: ModelSpec, requests: pd.DataFrame) -> pd.DataFrame:
    """Return the features of scoring requests, which carry their window aggregates by name.

    A count or sum that the request leaves out is 0, as it is for an entity without events.
    """
    made: dict[str, pd.Series] = {}
    for name, feature in spec.features.items():
        if feature.window is None:
            made[name] = _from_row(spec, feature, requests)
        else:
            values = requests[name].astype("float64")
            made[name] = values.fillna(0.0) if feature.window.aggregate in ("count", "sum") else values
    return pd.DataFrame(made, index=requests.index)


def is_category(spec: ModelSpec, name: str) -> bool:
    """Say whether a feature holds one of the contract's categories (else it is a number)."""
    feature = spec.features[name]
    if feature.window is not None or feature.transform != "identity":
        return False
    return spec.contract.columns[feature.source[0]].dtype == "category"


def _from_row(spec: ModelSpec, feature: Feature, rows: pd.DataFrame) -> pd.Series:
    first = rows[feature.source[0]]
    if feature.transform == "is_missing":
        return first.isna().astype("float64")
    if spec.contract.columns[feature.source[0]].dtype == "category":
        return first
    number = first.astype("Float64").astype("float64")
    if feature.transform == "identity":
        return number
    if feature.transform == "log1p":
        return pd.Series(np.sign(number) * np.log1p(number.abs()), index=rows.index)
    second = rows[feature.source[1]].astype("Float64").astype("float64")
    if feature.transform == "ratio":
        return number / second.where(second != 0)
    return number - second if feature.transform == "difference" else number + second
