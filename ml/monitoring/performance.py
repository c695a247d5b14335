"""Performance: how far has the training metric fallen, on the rows whose outcome is known by now?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.metric import Direction, InputKind, Metric, MetricResult

METRIC = Metric(
    name="performance",
    inputs=frozenset({InputKind.LABELLED_SCORE}),
    default_threshold=0.05,
    direction=Direction.ABOVE,
    minimum_rows=200,
    significance=0.05,
)
RESAMPLES = 200

Compute = Callable[[NDArray[np.int64], NDArray[np.float64]], float]


def fall(reference_value: float, current_value: float, *, higher_is_better: bool) -> float:
    """Return how much worse the current value is, in the metric's own unit; negative when it is better."""
    return reference_value - current_value if higher_is_better else current_value - reference_value


def chance_of_no_fall(
    compute: Compute,
    labels: NDArray[np.int64],
    scores: NDArray[np.float64],
    reference_value: float,
    *,
    higher_is_better: bool,
    seed: int,
) -> float:
    """Return the share of bootstrap resamples of the current rows in which the metric has not fallen.

    Notes
    -----
    Percentile bootstrap, Efron and Tibshirani, *An Introduction to the Bootstrap* (1993), chapter 13. Resamples that hold one
    class only are drawn again by leaving them out of the share.
    """
    random = np.random.default_rng(seed)
    falls = []
    for _ in range(RESAMPLES):
        picked = random.integers(0, labels.size, labels.size)
        if labels[picked].min() != labels[picked].max():
            value = compute(labels[picked], scores[picked])
            falls.append(fall(reference_value, value, higher_is_better=higher_is_better))
    return float(np.mean(np.asarray(falls) <= 0)) if falls else 1.0


def evaluate(
    name: str,
    compute: Compute,
    labels: NDArray[np.int64],
    scores: NDArray[np.float64],
    *,
    reference_value: float,
    reference_rows: int,
    higher_is_better: bool,
    threshold: float | None = None,
    minimum_rows: int | None = None,
    seed: int = 0,
) -> MetricResult:
    """Judge the fall of one metric: drift when it is above the threshold and beyond chance (p < 0.05).

    Parameters
    ----------
    name
        The metric's name, shown as the feature of the result.
    compute
        The metric, of labels (0 or 1) and scores.
    reference_value, reference_rows
        The same metric on the reference, and on how many rows.
    """
    rows = labels.size
    if rows == 0 or labels.min() == labels.max():
        reason = "no outcome is known yet" if rows == 0 else f"all {rows} known outcomes are the same"
        return METRIC.not_evaluated(feature=name, threshold=threshold, reference_rows=reference_rows, current_rows=rows, reason=reason)
    value = compute(labels, scores)
    p_value = chance_of_no_fall(compute, labels, scores, reference_value, higher_is_better=higher_is_better, seed=seed)
    return METRIC.judge(
        fall(reference_value, value, higher_is_better=higher_is_better),
        feature=name,
        threshold=threshold,
        minimum_rows=minimum_rows,
        reference_rows=reference_rows,
        current_rows=rows,
        p_value=p_value,
        reason=f"{name} {value:.4f}, was {reference_value:.4f}",
    )
