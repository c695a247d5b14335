"""Concept drift: do scores still mean what they say? Judged by the calibration of rows whose outcome is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.metric import Direction, InputKind, Metric, MetricResult

METRIC = Metric(
    name="calibration",
    inputs=frozenset({InputKind.LABELLED_SCORE}),
    default_threshold=0.1,
    direction=Direction.ABOVE,
    minimum_rows=200,
    significance=0.01,
)
BANDS = 10


def bands(scores: NDArray[np.float64], count: int = BANDS) -> list[NDArray[np.intp]]:
    """Return the row positions of about equally large bands of rising score."""
    order = np.argsort(scores, kind="stable")
    return [part for part in np.array_split(order, min(count, scores.size)) if part.size]


def calibration_error(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> float:
    """Return the expected calibration error over ten bands of equal size.

    Notes
    -----
    ``sum(n_b / n * |mean label_b - mean score_b|)``. Naeini, Cooper and Hauskrecht, *AAAI* (2015).
    """
    gaps = [part.size * abs(labels[part].mean() - scores[part].mean()) for part in bands(scores)]
    return float(sum(gaps) / scores.size)


def hosmer_lemeshow(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> tuple[float, float]:
    """Return the Hosmer-Lemeshow statistic and its p-value for scores the model was not fitted on.

    Notes
    -----
    ``sum((O_b - E_b)^2 / (E_b * (1 - E_b / n_b)))`` is chi-squared with as many degrees of freedom as bands, because no
    parameter was fitted on these rows. Hosmer and Lemeshow, *Applied Logistic Regression* (2000), section 5.2.2.
    """
    from scipy.stats import chi2

    parts = bands(scores)
    statistic = 0.0
    for part in parts:
        expected = float(np.clip(scores[part].sum(), 1e-9, part.size - 1e-9))
        statistic += (labels[part].sum() - expected) ** 2 / (expected * (1 - expected / part.size))
    return statistic, float(chi2.sf(statistic, len(parts)))


def evaluate(
    labels: NDArray[np.int64],
    scores: NDArray[np.float64],
    *,
    reference_rows: int,
    threshold: float | None = None,
    minimum_rows: int | None = None,
) -> MetricResult:
    """Judge calibration: drift when the error is above the threshold and beyond chance (p < 0.01)."""
    rows = labels.size
    if not rows:
        return METRIC.not_evaluated(
            feature="score",
            threshold=threshold,
            reference_rows=reference_rows,
            current_rows=0,
            reason="no outcome is known yet",
        )
    _, p_value = hosmer_lemeshow(labels, scores)
    return METRIC.judge(
        calibration_error(labels, scores),
        feature="score",
        threshold=threshold,
        minimum_rows=minimum_rows,
        reference_rows=reference_rows,
        current_rows=rows,
        p_value=p_value,
        reason=f"mean score {scores.mean():.3f}, event rate {labels.mean():.3f}",
    )
