"""Fairness over time: the adverse-impact ratio of the decisions taken in a window."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ml.monitoring.metric import Direction, InputKind, Metric, MetricResult

METRIC = Metric(
    name="fairness",
    inputs=frozenset({InputKind.GROUPED_DECISION}),
    default_threshold=0.8,
    direction=Direction.BELOW,
    minimum_rows=2,
    significance=0.05,
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


def chance_of_gap(groups: NDArray[np.str_], favourable: NDArray[np.bool_], rates: dict[str, float]) -> float:
    """Return the probability of a gap at least this wide between the lowest and the highest group by chance alone.

    Notes
    -----
    The two-proportion z-test with pooled variance, two-sided: ``z = (p1 - p2) / sqrt(p (1-p) (1/n1 + 1/n2))``.
    Fleiss, *Statistical Methods for Rates and Proportions* (1981), section 2.
    """
    low, high = min(rates, key=lambda name: rates[name]), max(rates, key=lambda name: rates[name])
    n_low, n_high = int((groups == low).sum()), int((groups == high).sum())
    pooled = (rates[low] * n_low + rates[high] * n_high) / (n_low + n_high)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / n_low + 1 / n_high))
    return math.erfc((rates[high] - rates[low]) / spread / math.sqrt(2)) if spread > 0 else 1.0


def evaluate(
    attribute: str,
    groups: NDArray[np.str_],
    favourable: NDArray[np.bool_],
    *,
    minimum_group: int,
    threshold: float | None = None,
    unstated: frozenset[str] = frozenset(),
) -> MetricResult:
    """Judge one attribute: drift when the ratio is below the threshold and the gap beyond chance (p < 0.05).

    Groups under `minimum_group` rows are left out and named; two groups are needed. `unstated` groups, of people who did not say, are
    left out too. The p-value is that of the widest gap times the number of comparisons (Bonferroni), since the widest is looked for.
    """
    said = ~np.isin(groups, sorted(unstated))
    groups, favourable = groups[said], favourable[said]
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
        p_value=min(1.0, chance_of_gap(groups, favourable, rates) * (len(rates) - 1)),
        reason=f"favourable decisions: {shown}{left_out}",
    )
