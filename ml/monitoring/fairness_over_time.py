"""Fairness over time: the adverse-impact ratio of the decisions taken in a window, judged as in training (`ml.fairness.rates`)."""

from __future__ import annotations

from collections.abc import Sequence

from ml.fairness.rates import SIGNIFICANCE, Rate, compare
from ml.monitoring.metric import Direction, InputKind, Metric, MetricResult

METRIC = Metric(
    name="fairness",
    inputs=frozenset({InputKind.GROUPED_DECISION}),
    default_threshold=0.8,
    direction=Direction.BELOW,
    minimum_rows=2,
    significance=SIGNIFICANCE,
)


def evaluate(
    attribute: str,
    rates: Sequence[Rate],
    *,
    minimum_group: int,
    threshold: float | None = None,
    unstated: frozenset[str] = frozenset(),
) -> MetricResult:
    """Judge one attribute: drift when a group's ratio is below the threshold and beyond chance (p < 0.05, adjusted).

    Groups under `minimum_group` rows are left out and named; two groups are needed. `unstated` groups, of people who did not say, are
    left out too. Where no decision at all was favourable there is no ratio (29 CFR 1607.4 D, the four-fifths rule).

    Parameters
    ----------
    rates
        How many of each group's decisions were favourable.
    """
    stated = [rate for rate in rates if rate.group not in unstated]
    small = sorted(rate.group for rate in stated if rate.of < minimum_group)
    left_out = f"; too small to judge: {', '.join(small)}" if small else ""
    rows = sum(rate.of for rate in stated)
    compared = compare(stated, minimum_group)
    if not compared:
        return METRIC.not_evaluated(
            feature=attribute,
            threshold=threshold,
            reference_rows=rows,
            current_rows=rows,
            reason=f"fewer than two groups of {minimum_group} rows{left_out}",
        )
    limit = METRIC.default_threshold if threshold is None else threshold
    beyond = [item for item in compared if item.ratio < limit and item.beyond_chance]
    lowest = min(beyond or compared, key=lambda item: item.ratio)
    large = sorted((rate for rate in stated if rate.of >= minimum_group), key=lambda rate: rate.group)
    shown = ", ".join(f"{rate.group} {rate.share:.3f}" for rate in large)
    return METRIC.judge(
        lowest.ratio if any(rate.count for rate in large) else float("nan"),
        feature=attribute,
        threshold=threshold,
        reference_rows=rows,
        current_rows=rows,
        p_value=lowest.p_value,
        reason=f"favourable decisions: {shown}{left_out}",
    )
