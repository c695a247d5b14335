"""Data quality: rows that break the contract, values that stopped arriving."""

from __future__ import annotations

from ml.monitoring.metric import Direction, InputKind, Metric, MetricResult
from ml.monitoring.sketch import CategoricalSketch, NumericSketch

BAD_ROWS = Metric(
    name="bad_rows",
    inputs=frozenset({InputKind.NUMERIC, InputKind.CATEGORICAL}),
    default_threshold=0.05,
    direction=Direction.ABOVE,
    minimum_rows=1,
)
MISSING = Metric(
    name="missing",
    inputs=frozenset({InputKind.NUMERIC, InputKind.CATEGORICAL}),
    default_threshold=0.05,
    direction=Direction.ABOVE,
    minimum_rows=100,
)


def evaluate_bad_rows(bad: int, total: int, *, threshold: float | None = None, reason: str = "") -> MetricResult:
    """Judge the share of arriving rows that broke the contract, ``bad / total``."""
    if not total:
        return BAD_ROWS.not_evaluated(feature="contract", threshold=threshold, reference_rows=0, current_rows=0, reason="no rows arrived")
    # The contract is the reference here: it allows no bad row, however many there were.
    return BAD_ROWS.judge(
        bad / total,
        feature="contract",
        threshold=threshold,
        reference_rows=total,
        current_rows=total,
        reason=reason or f"{bad} of {total} rows broke the contract",
    )


def evaluate_missing(
    feature: str,
    reference: NumericSketch | CategoricalSketch,
    current: NumericSketch | CategoricalSketch,
    *,
    threshold: float | None = None,
    minimum_rows: int | None = None,
) -> MetricResult:
    """Judge one feature by the rise of its share of missing values over the reference."""
    n, m = reference.rows + reference.missing, current.rows + current.missing
    if not n or not m:
        return MISSING.not_evaluated(feature=feature, threshold=threshold, reference_rows=n, current_rows=m, reason="no rows to compare")
    before, now = reference.missing / n, current.missing / m
    return MISSING.judge(
        now - before,
        feature=feature,
        threshold=threshold,
        minimum_rows=minimum_rows,
        reference_rows=n,
        current_rows=m,
        reason=f"{now:.1%} missing, was {before:.1%}",
    )
