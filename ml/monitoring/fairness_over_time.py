"""Fairness over time: the adverse-impact ratio of the decisions taken in a window."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.metric import Direction, InputKind, Metric, MetricResult

METRIC = Metric(
    name="fairness",
    inputs=frozenset({InputKind.GROUPED_DECISION}),
    default_threshold=0.8,
    direction=Direction.BELOW,
    minimum_rows=2,
)


def selection_rates(groups: NDArray[np.str_], favourable: NDArray[np.bool_], minimum_group: int) -> dict[str, float]:
    """Return the share of favourable decisions of each group that has at least `minimum_group` rows."""
    names, counts = np.unique(groups, return_counts=True)
    large = [str(name) for name, count in zip(names, counts, strict=True) if count >= minimum_group]
    return {name: float(favourable[groups == name].mean()) for name in large}


def adverse_impact_ratio(rates: dict[str, float]) -> float:
    """Return the lowest selection rate over the highest; not a number when no group was selected at all.

    29 CFR 1607.4 D (the four-fifths rule).
    """
    highest = max(rates.values())
    return min(rates.values()) / highest if highest > 0 else float("nan")


def evaluate(
    attribute: str,
    groups: NDArray[np.str_],
    favourable: NDArray[np.bool_],
    *,
    minimum_group: int,
    threshold: float | None = None,
) -> MetricResult:
    """Judge one attribute. Groups under `minimum_group` rows are left out and named; two groups are needed."""
    rates = selection_rates(groups, favourable, minimum_group)
    small = sorted(set(groups.tolist()) - set(rates))
    left_out = f"; too small to judge: {', '.join(small)}" if small else ""
    rows = int(groups.size)
    if len(rates) < 2:
        return METRIC.not_evaluated(
            feature=attribute,
            threshold=threshold,
            reference_rows=rows,
            current_rows=rows,
            reason=f"fewer than two groups of {minimum_group} rows{left_out}",
        )
    shown = ", ".join(f"{name} {rate:.3f}" for name, rate in sorted(rates.items()))
    return METRIC.judge(
        adverse_impact_ratio(rates),
        feature=attribute,
        threshold=threshold,
        reference_rows=rows,
        current_rows=rows,
        reason=f"favourable decisions: {shown}{left_out}",
    )
