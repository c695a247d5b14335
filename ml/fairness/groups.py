"""Sort rows into groups by an attribute, or by two at once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

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


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """The groups of one attribute, or of two at once.

    Attributes
    ----------
    labels
        The group of every row.
    unstated
        The groups of people who did not say: shown, but compared with nobody, since they are no group of people.
    """

    name: str
    labels: pd.Series
    unstated: frozenset[str]
    intersection: bool = False


def groupings(spec: ModelSpec, rows: pd.DataFrame) -> Iterator[Grouping]:
    """Return the groups of every monitored attribute, then of every pair of them."""
    single = [_single(item, rows[item.column]) for item in spec.monitored]
    yield from single
    for left, right in itertools.combinations(single, 2):
        labels = (left.labels + ", " + right.labels).astype("str")
        said = ~(left.labels.isin(list(left.unstated)) | right.labels.isin(list(right.unstated)))
        unstated = frozenset(map(str, labels[~said].unique()))
        yield Grouping(name=f"{left.name} and {right.name}", labels=labels, unstated=unstated, intersection=True)


def _single(attribute: Attribute, values: pd.Series) -> Grouping:
    return Grouping(name=attribute.column, labels=group_labels(attribute, values), unstated=frozenset({*attribute.unstated, "missing"}))
