"""Judge a model: against its gates, in every segment, and against the champion. Verdicts have three values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from ml.evaluation.bootstrap import Interval, draws, interval
from ml.evaluation.metrics import METRICS
from ml.fairness.groups import group_labels
from ml.spec import ModelSpec
from ml.spec_rules import Gate

Array = np.ndarray[Any, np.dtype[Any]]
Verdict = Literal["pass", "fail", "not_evaluated"]


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One gate on one set of rows.

    Attributes
    ----------
    scope
        `all`, `column=value` for a segment, or `champion`.
    rows
        How many rows were judged.
    """

    scope: str
    metric: str
    threshold: float
    direction: str
    rows: int
    interval: Interval
    verdict: Verdict
    detail: str


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """Return fail if any failed, else not_evaluated if any could not be judged, else pass."""
    given = set(verdicts)
    if "fail" in given:
        return "fail"
    return "not_evaluated" if "not_evaluated" in given or not given else "pass"


def judge_gates(spec: ModelSpec, outcome: Array, score: Array, *, seed: int = 0) -> list[Judged]:
    """Judge every gate on all rows; as with a segment, on fewer than `fairness.minimum_group` nothing can be said."""
    if len(outcome) < spec.fairness.minimum_group:
        nothing = Interval(estimate=None, low=None, high=None)
        return [_judged(gate, "all", len(outcome), nothing, None, "") for gate in spec.gates]
    drawn = draws(len(outcome), seed=seed)
    found = []
    for gate in spec.gates:
        measured = _measure(spec, gate, outcome, score, drawn)
        judged_on = measured.estimate
        if gate.judged_on == "bound":
            judged_on = measured.low if gate.direction == "at_least" else measured.high
        found.append(_judged(gate, "all", len(outcome), measured, judged_on, gate.judged_on))
    return found


def judge_segments(spec: ModelSpec, rows: pd.DataFrame, outcome: Array, score: Array, *, seed: int = 0) -> list[Judged]:
    """Judge every gate in every segment.

    A segment fails only when even the better end of its interval misses the gate: a small segment is noisy, and one that
    is smaller than `fairness.minimum_group` is not evaluated.
    """
    found = []
    for scope, positions in _segments(spec, rows):
        drawn = draws(len(positions), seed=seed)
        for gate in spec.gates:
            if len(positions) < spec.fairness.minimum_group:
                nothing = Interval(estimate=None, low=None, high=None)
                found.append(_judged(gate, scope, len(positions), nothing, None, "better end of the interval"))
                continue
            measured = _measure(spec, gate, outcome[positions], score[positions], drawn)
            judged_on = measured.high if gate.direction == "at_least" else measured.low
            found.append(_judged(gate, scope, len(positions), measured, judged_on, "better end of the interval"))
    return found


def judge_champion(spec: ModelSpec, outcome: Array, score: Array, champion: Array | None, *, seed: int = 0) -> Judged:
    """Judge whether the candidate is at most the tolerance worse than the champion, on the same rows.

    The figure is the candidate's metric less the champion's, signed so that more is better.
    """
    metric = METRICS[spec.champion.metric]
    gate = Gate(metric=metric.name, threshold=-spec.champion.tolerance, direction="at_least")
    if champion is None:
        nothing = Interval(estimate=None, low=None, high=None)
        return _replace(_judged(gate, "champion", len(outcome), nothing, None, ""), "pass", "there is no champion yet")
    threshold = spec.decision.threshold

    def gain(chosen: Array) -> float:
        new = metric.compute(outcome[chosen], score[chosen], threshold)
        old = metric.compute(outcome[chosen], champion[chosen], threshold)
        return metric.sign * (new - old)

    measured = interval(gain, draws(len(outcome), seed=seed))
    return _judged(gate, "champion", len(outcome), measured, measured.estimate, "gain over the champion")


def _segments(spec: ModelSpec, rows: pd.DataFrame) -> Iterator[tuple[str, Array]]:
    for attribute in spec.segments:
        labels = group_labels(attribute, rows[attribute.column])
        for label in sorted(labels.unique()):
            yield f"{attribute.column}={label}", np.flatnonzero((labels == label).to_numpy())


def _measure(spec: ModelSpec, gate: Gate, outcome: Array, score: Array, drawn: Array) -> Interval:
    compute, threshold = METRICS[gate.metric].compute, spec.decision.threshold
    return interval(lambda chosen: compute(outcome[chosen], score[chosen], threshold), drawn)


def _judged(gate: Gate, scope: str, rows: int, measured: Interval, judged_on: float | None, what: str) -> Judged:
    verdict: Verdict = "not_evaluated"
    detail = f"{gate.metric} is not defined on these {rows} rows, or they are too few"
    if judged_on is not None:
        held = judged_on >= gate.threshold if gate.direction == "at_least" else judged_on <= gate.threshold
        verdict = "pass" if held else "fail"
        wanted = gate.direction.replace("_", " ")
        detail = f"{gate.metric} {judged_on:.4f} ({what}), wanted {wanted} {gate.threshold:g}"
    return Judged(
        scope=scope,
        metric=gate.metric,
        threshold=gate.threshold,
        direction=gate.direction,
        rows=rows,
        interval=measured,
        verdict=verdict,
        detail=detail,
    )


def _replace(judged: Judged, verdict: Verdict, detail: str) -> Judged:
    return Judged(**{**judged.__dict__, "verdict": verdict, "detail": detail})
