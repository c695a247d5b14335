"""What a drift metric declares about itself, and how a value becomes a verdict."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ml.monitoring.verdict import Verdict


class Direction(StrEnum):
    """The side of the threshold that counts as drift."""

    ABOVE = "above"
    BELOW = "below"


class InputKind(StrEnum):
    """What a metric may be given."""

    NUMERIC = "numeric"
    CATEGORICAL = "categorical"
    SCORE = "score"
    LABELLED_SCORE = "labelled_score"
    GROUPED_DECISION = "grouped_decision"


@dataclass(frozen=True, kw_only=True)
class MetricResult:
    """One metric on one feature in one window."""

    metric: str
    """Name of the metric, as in the ``drift:`` section of the model file."""
    feature: str
    """Name of the feature, or of the score or attribute, that was compared."""
    verdict: Verdict
    value: float | None
    """Size of the drift; none when it could not be computed."""
    threshold: float
    direction: Direction
    reference_rows: int
    current_rows: int
    p_value: float | None = None
    """Probability of a value at least this large without drift; none for metrics that have no test."""
    reason: str = ""
    """Why it was not evaluated, or where the drift is."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "metric": self.metric,
            "feature": self.feature,
            "verdict": self.verdict.value,
            "value": self.value,
            "threshold": self.threshold,
            "direction": self.direction.value,
            "reference_rows": self.reference_rows,
            "current_rows": self.current_rows,
            "p_value": self.p_value,
            "reason": self.reason,
        }


@dataclass(frozen=True, kw_only=True)
class Metric:
    """The declaration at the top of every metric's file."""

    name: str
    inputs: frozenset[InputKind]
    """Valid input kinds."""
    default_threshold: float
    direction: Direction
    minimum_rows: int
    """Below this many rows on either side the metric is not evaluated."""
    significance: float | None = None
    """If set, a value beyond the threshold counts as drift only when its p-value is smaller than this."""

    def judge(
        self,
        value: float,
        *,
        feature: str,
        reference_rows: int,
        current_rows: int,
        threshold: float | None = None,
        minimum_rows: int | None = None,
        p_value: float | None = None,
        reason: str = "",
    ) -> MetricResult:
        """Compare a value with the threshold. A value exactly at the threshold is ok.

        A value that is not a finite number is not evaluated; it never counts as ok.
        """
        limit = self.default_threshold if threshold is None else threshold
        needed = self.minimum_rows if minimum_rows is None else minimum_rows
        too_few = min(reference_rows, current_rows)
        about: dict[str, Any] = {"feature": feature, "reference_rows": reference_rows, "current_rows": current_rows}
        if too_few < needed:
            few = f"{too_few} rows; {self.name} needs at least {needed} on each side"
            return self.not_evaluated(**about, threshold=limit, reason=few)
        if not math.isfinite(value):
            return self.not_evaluated(**about, threshold=limit, reason=reason or f"{self.name} is {value} on these rows")
        beyond = value > limit if self.direction is Direction.ABOVE else value < limit
        if beyond and self.significance is not None and p_value is not None and p_value >= self.significance:
            beyond = False
            reason = "; ".join([*([reason] if reason else []), f"beyond the threshold, but within chance (p = {p_value:.3g})"])
        return MetricResult(
            **about,
            metric=self.name,
            verdict=Verdict.DRIFT if beyond else Verdict.OK,
            value=float(value),
            threshold=limit,
            direction=self.direction,
            p_value=p_value,
            reason=reason,
        )

    def not_evaluated(
        self, *, feature: str, reference_rows: int, current_rows: int, reason: str, threshold: float | None = None
    ) -> MetricResult:
        """Return the result of a metric that could not be judged, with the reason."""
        return MetricResult(
            metric=self.name,
            feature=feature,
            verdict=Verdict.NOT_EVALUATED,
            value=None,
            threshold=self.default_threshold if threshold is None else threshold,
            direction=self.direction,
            reference_rows=reference_rows,
            current_rows=current_rows,
            reason=reason,
        )
