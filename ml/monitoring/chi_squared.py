"""Chi-squared test of homogeneity, for categories."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from ml.monitoring.metric import Direction, InputKind, Metric, MetricResult
from ml.monitoring.psi import aligned
from ml.monitoring.sketch import CategoricalSketch, Counts
from ml.monitoring.verdict import Verdict

METRIC = Metric(
    name="chi_squared",
    inputs=frozenset({InputKind.CATEGORICAL}),
    default_threshold=0.001,
    direction=Direction.BELOW,
    minimum_rows=100,
)
SMALL_EXPECTED = 5
SMALL_EFFECT = 0.05
"""A smaller `difference` is not drift, whatever the p-value: with millions of rows every difference is significant."""


def chi_squared(reference: Counts, current: Counts) -> float:
    """Return Pearson's chi-squared of a two-row table of counts.

    Notes
    -----
    ``sum((observed - expected)^2 / expected)`` with ``expected = row total * column total / total``, without Yates' correction.
    Pearson, *Phil. Mag.* 50 (1900) 157-175.
    """
    table = np.vstack([reference, current]).astype(np.float64)
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / table.sum()
    return float(np.sum((table - expected) ** 2 / expected))


def difference(reference: Counts, current: Counts) -> float:
    """Return the size of the difference, from 0 (same shares) to 1 (no category in common), whatever the numbers of rows.

    Notes
    -----
    ``sqrt(sum((r_i - c_i)^2 / (r_i + c_i)) / 2)`` over shares of rows: Cramér's V of two samples of equal size
    (*Mathematical Methods of Statistics*, 1946, section 21.9).
    """
    r, c = reference / reference.sum(), current / current.sum()
    total = r + c
    seen = total > 0
    return math.sqrt(float(np.sum((r - c)[seen] ** 2 / total[seen])) / 2)


def pooled(reference: Counts, current: Counts) -> tuple[Counts, Counts]:
    """Put categories with an expected count under 5 on either side together (Cochran's rule)."""
    total = reference + current
    share = min(reference.sum(), current.sum()) / total.sum()
    rare = total * share < SMALL_EXPECTED
    if rare.sum() < 2:
        return reference, current
    return (
        np.append(reference[~rare], reference[rare].sum()),
        np.append(current[~rare], current[rare].sum()),
    )


def evaluate(
    feature: str,
    reference: CategoricalSketch,
    current: CategoricalSketch,
    *,
    threshold: float | None = None,
    minimum_rows: int | None = None,
) -> MetricResult:
    """Judge one categorical feature: drift when the p-value is below the threshold and the difference is not tiny."""
    from scipy.stats import chi2

    n, m = reference.rows, current.rows
    if not n or not m:
        return METRIC.not_evaluated(feature=feature, threshold=threshold, reference_rows=n, current_rows=m, reason="no values to compare")
    left, right = pooled(*aligned(reference, current))
    statistic = chi_squared(left, right)
    p_value = float(chi2.sf(statistic, left.size - 1)) if left.size > 1 else 1.0
    size = difference(left, right)
    result = METRIC.judge(
        p_value,
        feature=feature,
        threshold=threshold,
        minimum_rows=minimum_rows,
        reference_rows=n,
        current_rows=m,
        p_value=p_value,
        reason=f"difference {size:.3f} on a scale from 0 to 1",
    )
    if result.verdict is Verdict.DRIFT and size < SMALL_EFFECT:
        return replace(result, verdict=Verdict.OK, reason=f"{result.reason}: too small to count")
    return result
