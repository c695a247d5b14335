"""Judge how groups are treated, with fairlearn: selection rates, adverse-impact ratio, equalised odds.

"Selected" means getting the favourable outcome: approved, or given the offer. The adverse-impact ratio is the lowest
selection rate over the highest; the usual limit is four fifths. The equalised-odds difference is the larger of the
differences in true and false positive rates.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from ml.fairness.groups import groupings
from ml.spec import ModelSpec

Array = np.ndarray[Any, np.dtype[Any]]
Verdict = Literal["pass", "fail", "not_evaluated"]


@dataclass(frozen=True, kw_only=True)
class Group:
    """The rates of one group; None where it is too small to say."""

    name: str
    rows: int
    selection_rate: float | None
    true_positive_rate: float | None
    false_positive_rate: float | None


@dataclass(frozen=True, kw_only=True)
class Fairly:
    """One attribute, or the intersection of two.

    Attributes
    ----------
    intersection
        True for two attributes at once; many of these groups are small.
    adverse_impact_ratio, equalised_odds_difference
        None where fewer than two groups are large enough.
    """

    attribute: str
    intersection: bool
    groups: tuple[Group, ...]
    adverse_impact_ratio: float | None
    equalised_odds_difference: float | None
    verdict: Verdict
    detail: str


@dataclass(frozen=True, kw_only=True)
class FairnessReport:
    """Every attribute and intersection, and the verdict of all: intersections can fail it, but not leave it open."""

    attributes: tuple[Fairly, ...]
    verdict: Verdict


def judge_fairness(spec: ModelSpec, rows: pd.DataFrame, outcome: Array, score: Array) -> FairnessReport:
    """Judge the decisions a score leads to.

    Parameters
    ----------
    rows
        The contract's columns, for the monitored attributes.
    outcome, score
        What happened (0 and 1), and the chance of 1 that the model gave.
    """
    above = score >= spec.decision.threshold
    good_event = spec.decision.expected_event == "favourable"
    selected = (above if good_event else ~above).astype(np.int64)
    deserved = (outcome if good_event else 1 - outcome).astype(np.int64)
    found = [_judge(spec, name, labels, deserved, selected) for name, labels in groupings(spec, rows)]
    return FairnessReport(attributes=tuple(found), verdict=_overall(found))


def _overall(found: Iterable[Fairly]) -> Verdict:
    verdicts = [item.verdict for item in found]
    if "fail" in verdicts:
        return "fail"
    single = [item.verdict for item in found if not item.intersection]
    return "pass" if single and "not_evaluated" not in single else "not_evaluated"


def _judge(spec: ModelSpec, name: str, labels: pd.Series, deserved: Array, selected: Array) -> Fairly:
    least = spec.fairness.minimum_group
    groups = _groups(labels, deserved, selected, least)
    rates = [group.selection_rate for group in groups if group.selection_rate is not None]
    ratio = None
    if len(rates) >= 2:
        ratio = min(rates) / max(rates) if max(rates) > 0 else 1.0
    odds = _odds_difference(groups)
    limits = spec.fairness
    bad = []
    if ratio is not None and ratio < limits.adverse_impact_ratio:
        bad.append(f"adverse-impact ratio {ratio:.2f} is below {limits.adverse_impact_ratio:g}")
    if odds is not None and odds > limits.equalised_odds_difference:
        bad.append(f"equalised-odds difference {odds:.2f} is above {limits.equalised_odds_difference:g}")
    verdict: Verdict = "fail" if bad else "not_evaluated" if ratio is None else "pass"
    detail = "; ".join(bad) or (f"fewer than two groups have {least} rows" if ratio is None else _summary(ratio, odds))
    return Fairly(
        attribute=name,
        intersection=" and " in name,
        groups=tuple(groups),
        adverse_impact_ratio=ratio,
        equalised_odds_difference=odds,
        verdict=verdict,
        detail=f"{name}: {detail}",
    )


def _summary(ratio: float, odds: float | None) -> str:
    shown = "not evaluated" if odds is None else f"{odds:.2f}"
    return f"adverse-impact ratio {ratio:.2f}, equalised-odds difference {shown}"


def _groups(labels: pd.Series, deserved: Array, selected: Array, least: int) -> list[Group]:
    from fairlearn.metrics import MetricFrame, count, false_positive_rate, selection_rate, true_positive_rate

    ones = pd.Series(deserved).groupby(labels.to_numpy()).sum()
    measures = {"rows": count, "selected": selection_rate, "hit": true_positive_rate, "false": false_positive_rate}
    frame = MetricFrame(metrics=measures, y_true=deserved, y_pred=selected, sensitive_features=labels.to_numpy().astype(object)).by_group
    found = []
    for name, line in frame.iterrows():
        size, positive = int(line["rows"]), int(ones[name])
        found.append(
            Group(
                name=str(name),
                rows=size,
                selection_rate=float(line["selected"]) if size >= least else None,
                true_positive_rate=float(line["hit"]) if positive >= least else None,
                false_positive_rate=float(line["false"]) if size - positive >= least else None,
            )
        )
    return found


def _odds_difference(groups: list[Group]) -> float | None:
    hits = [group.true_positive_rate for group in groups if group.true_positive_rate is not None]
    false = [group.false_positive_rate for group in groups if group.false_positive_rate is not None]
    differences = [max(rates) - min(rates) for rates in (hits, false) if len(rates) >= 2]
    return max(differences) if differences else None
