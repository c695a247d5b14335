"""How much one column says about another, from 0 (nothing) to 1 (everything).

- category and category: the largest Cramer's V, with Bergsma's correction (2013) for small samples, of the feature
  with each value of the attribute against the rest, and with all values at once. One group that can be told apart is
  enough for harm, and a V over many values would dilute it;
- number and category: the largest |2 AUC - 1| of the number against each value of the category (Gini, or rank-biserial
  correlation); rows whose number is missing are left out;
- number and number: |Spearman's rank correlation|.

A value shared by fewer than `LEAST` rows is left out: a handful of rows can line up by chance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ml.evaluation.metrics import average_ranks, roc_auc

Array = np.ndarray[Any, np.dtype[Any]]
LEAST = 30  # rows per value


def association(feature: pd.Series, attribute: pd.Series) -> float | None:
    """Return the association of two columns, or None where there are too few rows to say."""
    kept = (feature.notna() & attribute.notna()).to_numpy()
    first, second = feature[kept], attribute[kept]
    if len(first) < 2 * LEAST:
        return None
    if _is_number(first) and _is_number(second):
        return spearman(_numbers(first), _numbers(second))
    if _is_number(first):
        return largest_gini(_numbers(first), second.astype(str))
    if _is_number(second):
        return largest_gini(_numbers(second), first.astype(str))
    return largest_cramers_v(first.astype(str), second.astype(str))


def spearman(first: Array, second: Array) -> float | None:
    """Return |correlation of the ranks|, or None where a column has one value only."""
    left, right = average_ranks(first), average_ranks(second)
    if left.std() == 0 or right.std() == 0:
        return None
    return float(abs(np.corrcoef(left, right)[0, 1]))


def largest_gini(numbers: Array, groups: pd.Series) -> float | None:
    """Return the largest |2 AUC - 1| over the groups with enough rows inside and outside, or None without one."""
    found = [name for name, count in groups.value_counts().items() if LEAST <= count <= len(groups) - LEAST]
    values = [abs(2 * roc_auc((groups == group).to_numpy().astype(np.int64), numbers) - 1) for group in found]
    return max(values) if values else None


def largest_cramers_v(feature: pd.Series, groups: pd.Series) -> float | None:
    """Return the largest Cramer's V with one group against the rest, and with all groups; None where none is defined."""
    splits = [groups] + [(groups == group).astype(str) for group in groups.unique()]
    values = [value for split in splits if (value := cramers_v(feature, split)) is not None]
    return max(values) if values else None


def cramers_v(first: pd.Series, second: pd.Series) -> float | None:
    """Return Cramer's V with Bergsma's correction, or None where a column has one value only.

    phi2 = max(0, chi2/n - (r-1)(k-1)/(n-1)); r' = r - (r-1)^2/(n-1), k' likewise; V = sqrt(phi2 / min(r'-1, k'-1)).
    """
    table = pd.crosstab(first, second)
    table = table.loc[table.sum(axis=1) >= LEAST, table.sum(axis=0) >= LEAST]
    table = table.loc[table.sum(axis=1) > 0, table.sum(axis=0) > 0]
    rows, columns = table.shape
    if rows < 2 or columns < 2:
        return None
    counts = table.to_numpy(dtype="float64")
    total = counts.sum()
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0, keepdims=True) / total
    chi2 = ((counts - expected) ** 2 / expected).sum()
    phi2 = max(0.0, chi2 / total - (rows - 1) * (columns - 1) / (total - 1))
    smaller = min(rows - (rows - 1) ** 2 / (total - 1), columns - (columns - 1) ** 2 / (total - 1)) - 1
    return float(np.sqrt(phi2 / smaller))


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values.dtype) and not pd.api.types.is_bool_dtype(values.dtype)


def _numbers(values: pd.Series) -> Array:
    return values.to_numpy(dtype="float64")
