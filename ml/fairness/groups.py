"""Sort rows into groups by an attribute, or by two at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pandas as pd

from ml.spec import ModelSpec
from ml.spec_data import Attribute


def group_labels(attribute: Attribute, values: pd.Series) -> pd.Series:
    """Return the group of each value as text; numbers are cut at the attribute's bins, the low end included.

    A missing value is the group `missing`; a number outside the bins is `other`.
    """
    missing = values.isna()
    if attribute.bins:
        edges = list(attribute.bins)
        names = [f"{low:g} to <{high:g}" for low, high in itertools.pairwise(edges)]
        numbers = values.astype("Float64").astype("float64")
        labels = pd.cut(numbers, bins=edges, right=False, labels=names).astype(object)
        labels = labels.where(labels.notna(), "other")
    else:
        labels = values.astype(object).map(str)
    return labels.where(~missing, "missing").astype("str")


def groupings(spec: ModelSpec, rows: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Return (name, group of each row) for every monitored attribute, then for every pair of them."""
    single = [(item.column, group_labels(item, rows[item.column])) for item in spec.monitored]
    yield from single
    for (first, left), (second, right) in itertools.combinations(single, 2):
        yield f"{first} and {second}", (left + ", " + right).astype("str")
