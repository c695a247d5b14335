"""Prediction drift: has the distribution of the scores moved?"""

from __future__ import annotations

from ml.monitoring import psi
from ml.monitoring.metric import Direction, InputKind, Metric, MetricResult
from ml.monitoring.sketch import NumericSketch

METRIC = Metric(
    name="prediction_psi",
    inputs=frozenset({InputKind.SCORE}),
    default_threshold=0.2,
    direction=Direction.ABOVE,
    minimum_rows=100,
)


def evaluate(
    reference: NumericSketch,
    current: NumericSketch,
    *,
    threshold: float | None = None,
    minimum_rows: int | None = None,
) -> MetricResult:
    """Judge the scores by the population stability index over the deciles of the reference scores (see `psi.psi`)."""
    n, m = reference.rows, current.rows
    if not n or not m:
        return METRIC.not_evaluated(feature="score", threshold=threshold, reference_rows=n, current_rows=m, reason="no scores to compare")
    return METRIC.judge(
        psi.psi(*psi.coarse(reference, current)),
        feature="score",
        threshold=threshold,
        minimum_rows=minimum_rows,
        reference_rows=n,
        current_rows=m,
    )
