"""Turn features into the matrix of numbers a model takes. Nothing is learnt here, so training and serving agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ml.features.compute import is_category
from ml.spec import ModelSpec

LARGEST = 1e30
"""Numbers beyond it, which a quotient can make, become it: algorithms refuse infinity, and float32 ends at 3e38."""


def encoded_columns(spec: ModelSpec) -> tuple[str, ...]:
    """Return the names of the matrix columns: a number keeps its name, a category gets `name=value` for each value."""
    return tuple(name for name, _ in _layout(spec))


def encoded_owner(spec: ModelSpec) -> tuple[str, ...]:
    """Return, for each matrix column, the feature it comes from."""
    return tuple(owner for _, owner in _layout(spec))


def encode(spec: ModelSpec, features: pd.DataFrame) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Return features as float32, one row each; NaN is missing, and a missing category has zeros everywhere."""
    matrix = np.empty((len(features), len(_layout(spec))), dtype=np.float32)
    position = 0
    for name in spec.features:
        if is_category(spec, name):
            values = features[name].astype(object).to_numpy()
            for category in _categories(spec, name):
                matrix[:, position] = values == category
                position += 1
        else:
            matrix[:, position] = np.clip(features[name].to_numpy(dtype="float64"), -LARGEST, LARGEST)
            position += 1
    return matrix


def _layout(spec: ModelSpec) -> list[tuple[str, str]]:
    columns: list[tuple[str, str]] = []
    for name in spec.features:
        if is_category(spec, name):
            columns += [(f"{name}={category}", name) for category in _categories(spec, name)]
        else:
            columns.append((name, name))
    return columns


def _categories(spec: ModelSpec, name: str) -> tuple[str, ...]:
    return spec.contract.columns[spec.features[name].source[0]].categories
