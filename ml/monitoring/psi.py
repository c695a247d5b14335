"""Population stability index."""

from __future__ import annotations

import numpy as np

from ml.monitoring.metric import Direction, InputKind, Metric, MetricResult
from ml.monitoring.sketch import CategoricalSketch, Counts, NumericSketch

METRIC = Metric(
    name="psi",
    inputs=frozenset({InputKind.NUMERIC, InputKind.CATEGORICAL}),
    default_threshold=0.2,
    direction=Direction.ABOVE,
    minimum_rows=100,
)
BUCKETS = 10
FLOOR = 1e-4


def psi(reference: Counts, current: Counts) -> float:
    """Return the population stability index of two rows of counts over the same buckets.

    Parameters
    ----------
    reference, current : array of int
        Rows per bucket; the same buckets in the same order.

    Returns
    -------
    float
        ``sum((c_i - r_i) * ln(c_i / r_i))`` over the buckets, where r_i and c_i are shares of rows and a share under 0.0001 is
        taken as 0.0001. 0 for equal shares; conventionally 0.1 is a small and 0.2 a large shift.

    Notes
    -----
    Siddiqi, *Credit Risk Scorecards* (2006), chapter 9; it is the symmetrised Kullback-Leibler divergence.
    """
    r = np.maximum(reference / reference.sum(), FLOOR)
    c = np.maximum(current / current.sum(), FLOOR)
    return float(np.sum((c - r) * np.log(c / r)))


def coarse(reference: NumericSketch, current: NumericSketch, buckets: int = BUCKETS) -> tuple[Counts, Counts]:
    """Merge the cells of two sketches into about `buckets` buckets that hold equal shares of the reference.

    A cell that holds such a share alone is not put together with what is smaller, to which its rows may have moved.
    """
    cumulative = np.cumsum(reference.counts)
    targets = cumulative[-1] * np.arange(1, buckets) / buckets
    cuts = np.unique(np.searchsorted(cumulative, targets - 0.5) + 1)
    heavy = np.flatnonzero(reference.counts >= max(cumulative[-1] / buckets, 1))
    starts = np.unique(np.concatenate([[0], cuts[cuts < reference.counts.size], heavy]))
    return np.add.reduceat(reference.counts, starts), np.add.reduceat(current.counts, starts)


def evaluate(
    feature: str,
    reference: NumericSketch | CategoricalSketch,
    current: NumericSketch | CategoricalSketch,
    *,
    threshold: float | None = None,
    minimum_rows: int | None = None,
) -> MetricResult:
    """Judge one feature.

    A numeric feature is cut at the deciles of the reference; a category is its own bucket; missing values are one more bucket, so
    a column that stops arriving is seen.
    """
    n, m = reference.rows + reference.missing, current.rows + current.missing
    if not reference.rows or not m:
        return METRIC.not_evaluated(feature=feature, threshold=threshold, reference_rows=n, current_rows=m, reason="no values to compare")
    if isinstance(reference, NumericSketch) and isinstance(current, NumericSketch):
        pair = coarse(reference, current)
    elif isinstance(reference, CategoricalSketch) and isinstance(current, CategoricalSketch):
        pair = aligned(reference, current)
    else:
        raise TypeError(f"{feature}: numeric on one side, categorical on the other")
    if reference.missing or current.missing:
        pair = np.append(pair[0], reference.missing), np.append(pair[1], current.missing)
    return METRIC.judge(
        psi(*pair),
        feature=feature,
        threshold=threshold,
        minimum_rows=minimum_rows,
        reference_rows=n,
        current_rows=m,
    )


def aligned(reference: CategoricalSketch, current: CategoricalSketch) -> tuple[Counts, Counts]:
    """Return the counts of two categorical sketches over the union of their categories, in sorted order."""
    names = sorted(reference.counts.keys() | current.counts.keys())
    left = np.array([reference.counts.get(name, 0) for name in names], dtype=np.int64)
    right = np.array([current.counts.get(name, 0) for name in names], dtype=np.int64)
    return left, right
