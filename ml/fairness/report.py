"""Judge how groups are treated, with fairlearn: selection rates, adverse-impact ratio, equalised odds.

"Selected" means getting the favourable outcome: approved, or given the offer. The adverse-impact ratio is the lowest
selection rate over the highest; the usual limit is four fifths. The equalised-odds difference is the larger of the
differences in true and false positive rates. A group fails where it is beyond a limit *and* chance alone does not explain
it (`ml.fairness.rates` says why, and after whom).

A group under `minimum_group` rows, and people who did not say, are not evaluated; they are listed. Where more than
`unjudged_share` of the rows stand in groups too small, the whole attribute is not evaluated, which is no pass.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

from ml.fairness.groups import Grouping, groupings
from ml.fairness.rates import Compared, Rate, compare
from ml.spec import ModelSpec
from ml.spec_rules import Fairness

Array = np.ndarray[Any, np.dtype[Any]]
Verdict = Literal["pass", "fail", "not_evaluated"]
RATES = ("selected", "hit", "false")
Rates = dict[str, Rate]
"""By name: `selected` of all rows, `hit` of those who deserved it, `false` of those who did not."""


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
    ratio_low, ratio_high
        The 95 % interval of the ratio.
    p_value
        The probability of the lowest selection rate's distance by chance alone, adjusted for the number of comparisons.
    not_evaluated
        The groups that were compared with nobody: too small, or unstated.
    """

    attribute: str
    intersection: bool
    groups: tuple[Group, ...]
    adverse_impact_ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    p_value: float | None
    equalised_odds_difference: float | None
    not_evaluated: tuple[str, ...]
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
    found = [judge_groups(spec, grouping, _rates(grouping.labels, deserved, selected)) for grouping in groupings(spec, rows)]
    return FairnessReport(attributes=tuple(found), verdict=overall(found))


def overall(found: Iterable[Fairly]) -> Verdict:
    """Return the verdict of all attributes and intersections."""
    verdicts = [item.verdict for item in found]
    if "fail" in verdicts:
        return "fail"
    single = [item.verdict for item in found if not item.intersection]
    return "pass" if single and "not_evaluated" not in single else "not_evaluated"


def judge_groups(spec: ModelSpec, grouping: Grouping, rates: dict[str, Rates]) -> Fairly:
    """Judge one attribute or intersection by the rates of its groups."""
    limits = spec.fairness
    least = limits.minimum_group
    looks = len(RATES) * (math.comb(len(spec.monitored), 2) if grouping.intersection else 1)
    stated = {name: rate for name, rate in rates.items() if name not in grouping.unstated}
    chosen, hits, false = (compare([rate[part] for rate in stated.values()], least, looks=looks) for part in RATES)
    unequal = [item for item in (*hits, *false) if item.difference > limits.equalised_odds_difference]
    beyond = [item for item in chosen if item.ratio < limits.adverse_impact_ratio]
    bad = [*(_ratio_words(item, limits) for item in beyond if item.beyond_chance), *_odds_words(unequal, limits)]
    small = [name for name, rate in stated.items() if rate["selected"].of < least]
    unjudged = sum(stated[name]["selected"].of for name in small) / max(len(grouping.labels), 1)
    lowest = min(chosen, key=lambda item: item.ratio, default=None)
    said = [*(bad or [_summary(chosen, hits, false, beyond, least)]), *_left_out(small, stated, least)]
    open_ = not chosen or (unjudged > limits.unjudged_share and not grouping.intersection)
    verdict: Verdict = "fail" if bad else "not_evaluated" if open_ else "pass"
    return Fairly(
        attribute=grouping.name,
        intersection=grouping.intersection,
        groups=tuple(_group(name, rate, least) for name, rate in rates.items()),
        adverse_impact_ratio=lowest.ratio if lowest else None,
        ratio_low=lowest.low if lowest else None,
        ratio_high=lowest.high if lowest else None,
        p_value=lowest.p_value if lowest else None,
        equalised_odds_difference=max((item.difference for item in (*hits, *false)), default=None),
        not_evaluated=tuple(sorted([*small, *(set(rates) & grouping.unstated)])),
        verdict=verdict,
        detail=f"{grouping.name}: {'; '.join(said)}",
    )


def _ratio_words(item: Compared, limits: Fairness) -> str:
    between = "" if item.low is None else f" (95 % between {item.low:.2f} and {item.high:.2f})"
    return (
        f"adverse-impact ratio {item.ratio:.2f}{between} of {item.group} beside {item.against} is below "
        f"{limits.adverse_impact_ratio:g}, and not by chance (p = {item.p_value:.2g})"
    )


def _odds_words(unequal: list[Compared], limits: Fairness) -> list[str]:
    return [
        f"equalised-odds difference {item.difference:.2f} between {item.group} and {item.against} is above "
        f"{limits.equalised_odds_difference:g}, and not by chance (p = {item.p_value:.2g})"
        for item in unequal
        if item.beyond_chance
    ]


def _summary(chosen: list[Compared], hits: list[Compared], false: list[Compared], beyond: list[Compared], least: int) -> str:
    if not chosen:
        return f"fewer than two groups have {least} rows"
    odds = [item.difference for item in (*hits, *false)]
    shown = f"{max(odds):.2f}" if odds else "not evaluated"
    words = f"adverse-impact ratio {min(item.ratio for item in chosen):.2f}, equalised-odds difference {shown}"
    chance = [f"{item.group} is below the limit, but within chance (p = {item.p_value:.2g})" for item in beyond if not item.beyond_chance]
    return "; ".join([words, *chance])


def _left_out(small: list[str], stated: dict[str, Rates], least: int) -> list[str]:
    if not small:
        return []
    named = ", ".join(f"{name} ({stated[name]['selected'].of} rows)" for name in sorted(small))
    return [f"not evaluated, under {least} rows: {named}"]


def _rates(labels: pd.Series, deserved: Array, selected: Array) -> dict[str, Rates]:
    from fairlearn.metrics import MetricFrame, count, false_positive_rate, selection_rate, true_positive_rate

    ones = pd.Series(deserved).groupby(labels.to_numpy()).sum()
    measures = {"rows": count, "selected": selection_rate, "hit": true_positive_rate, "false": false_positive_rate}
    frame = MetricFrame(metrics=measures, y_true=deserved, y_pred=selected, sensitive_features=labels.to_numpy().astype(object)).by_group
    found: dict[str, Rates] = {}
    for key, line in frame.iterrows():
        name, size, positive = str(key), int(line["rows"]), int(ones[key])
        parts = {"selected": size, "hit": positive, "false": size - positive}
        found[name] = {part: Rate(group=name, count=round(float(line[part]) * of), of=of) for part, of in parts.items()}
    return found


def _group(name: str, rates: Rates, least: int) -> Group:
    shown = {part: rate.share if rate.of >= least else None for part, rate in rates.items()}
    return Group(
        name=name,
        rows=rates["selected"].of,
        selection_rate=shown["selected"],
        true_positive_rate=shown["hit"],
        false_positive_rate=shown["false"],
    )
