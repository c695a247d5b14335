"""Decides, from what was counted so far, whether a challenger gets more traffic, is watched further, or is rolled back. Pure functions.

Two kinds of answers, which promise different things. Errors, slow answers and lost business are compared by a *sequential test*
(mlctl/promotion/sequential.py): however often one looks, a challenger that is no worse is refused with probability `alpha` at most. Scores
and groups are held to a *limit with a margin*, which promises nothing about many looks: scores to the population stability index less twice
its expectation under equality, (bins − 1)(1/n + 1/m) (B. Yurdakul, "Statistical Properties of Population Stability Index", 2018); groups to
the adverse-impact ratio of favourable decisions with three standard errors of its logarithm (Katz et al., Biometrics 34, 1978). A question
that the figures cannot answer, or that the model's file sets no limit for, is `not_evaluated`. One that the file does set a limit for is
named in the decision; where it is `required`, the challenger does not get the last share before it is answered.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from mlctl.promotion.gate import Check
from mlctl.promotion.sequential import Events, evidence

BINS = 10

Action = Literal["advance", "wait", "roll_back", "no_traffic", "not_judged", "done"]
QUESTIONS = ("errors", "latency", "business", "distribution", "groups")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """When a challenger is refused, and how much must be seen."""

    alpha: float = 0.01
    """Chance that a challenger that is no worse is refused, per question."""
    tolerance: float = 1.25
    """How many times the champion's rate is still as good."""
    psi: float | None = 0.2
    """Of the scores; None: not judged."""
    impact_ratio: float | None = 0.8
    """Of the least favoured group to the most favoured; None: not judged."""
    minimum_requests: int = 200
    """Answers of the challenger in a step before it may advance."""
    minimum_group: int = 30
    """Decisions about a group before it is compared."""
    step_seconds: float = 3600.0
    """How long a step waits for them."""
    asked: frozenset[str] = frozenset(QUESTIONS)
    """Questions that the model's file sets limits for: without an answer, they are named."""
    watched: tuple[str, ...] = ()
    """Attributes whose groups the model's file says to watch."""
    required: frozenset[str] = frozenset()
    """Questions without whose answer the challenger does not take over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """What one version did during a step."""

    requests: int = 0
    errors: int = 0
    slow: int = 0
    """Answers later than the environment's `alarms.p99_ms`."""
    losses: int | None = None
    """Answers that count against the business metric (a decline, a lost sale); None where none was counted."""
    scores: tuple[int, ...] = ()
    """Histogram of scores in BINS equal bins from 0 to 1; empty where none was read."""
    groups: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """`attribute: value` → (favourable decisions, decisions)."""

    def about(self, seen: Arm) -> Arm:
        """With what another source saw of the decisions; that may be a share of the requests."""
        return replace(self, losses=seen.losses, scores=seen.scores, groups=seen.groups)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One share of the traffic and what came of it."""

    percent: int
    champion: Arm
    challenger: Arm
    seconds: float
    """By a clock that never goes back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do next, and why."""

    action: Action
    checks: tuple[Check, ...]
    unanswered: tuple[str, ...] = ()
    """Questions that the model's file asks and that could not be evaluated."""


def decide(steps: Sequence[Step], shares: Sequence[int], limits: Limits) -> Decision:
    """What to do after the steps so far; the last one is still going on.

    Parameters
    ----------
    shares
        `promotion.canary_steps`.
    """
    checks = (
        _events("errors", steps, limits, "errors"),
        _events("latency", steps, limits, "slow"),
        _events("business", steps, limits, "losses"),
        _distribution(steps, limits),
        _groups(steps, limits),
    )
    unanswered = tuple(check.name for check in checks if check.verdict == "not_evaluated" and check.name in limits.asked)
    return Decision(action=_action(steps[-1], shares, limits, checks, unanswered), checks=checks, unanswered=unanswered)


def _action(now: Step, shares: Sequence[int], limits: Limits, checks: Sequence[Check], unanswered: Sequence[str]) -> Action:
    if any(check.verdict == "fail" for check in checks):
        return "roll_back"
    enough = now.challenger.requests >= limits.minimum_requests
    # Nobody gets everything, and nothing is done, while a required answer is missing.
    before_the_last = now.percent >= shares[max(0, len(shares) - 2)]
    missing = before_the_last and not limits.required.isdisjoint(unanswered)
    if enough and not missing:
        return "done" if now.percent >= shares[-1] else "advance"
    if now.seconds < limits.step_seconds:
        return "wait"
    return "not_judged" if enough else "no_traffic"


def _events(name: str, steps: Sequence[Step], limits: Limits, count: str) -> Check:
    events = []
    for step in steps:
        ours, theirs = getattr(step.challenger, count), getattr(step.champion, count)
        if ours is not None and theirs is not None:
            events.append(Events(share=step.percent / 100, challenger=ours, champion=theirs))
    if not any(0 < item.share < 1 for item in events):
        return Check(name=name, verdict="not_evaluated", detail="nothing was counted on both sides")
    value, wanted = evidence(events, limits.tolerance), 1 / limits.alpha
    ours, theirs = sum(item.challenger for item in events), sum(item.champion for item in events)
    detail = f"{ours} of the challenger's, {theirs} of the champion's; evidence {value:.3g}, refused at {wanted:.3g}"
    return Check(name=name, verdict="fail" if value >= wanted else "pass", detail=detail)


def _distribution(steps: Sequence[Step], limits: Limits) -> Check:
    if limits.psi is None:
        return Check(name="distribution", verdict="not_evaluated", detail="the model's file sets no drift.prediction_psi")
    ours, theirs = _sum([step.challenger.scores for step in steps]), _sum([step.champion.scores for step in steps])
    if min(sum(ours), sum(theirs)) < limits.minimum_requests:
        return Check(name="distribution", verdict="not_evaluated", detail="too few scores on one side")
    value = psi(theirs, ours) - 2 * (BINS - 1) * (1 / sum(ours) + 1 / sum(theirs))
    verdict: Literal["pass", "fail"] = "fail" if value > limits.psi else "pass"
    return Check(name="distribution", verdict=verdict, detail=f"PSI of scores {max(0.0, value):.3f} beyond chance; at most {limits.psi:g}")


def psi(expected: Sequence[int], actual: Sequence[int]) -> float:
    """Population stability index: Σ (a − e) ln(a / e) over the bins' shares; half a row is added to each bin."""
    total_expected, total_actual = sum(expected) + len(expected) / 2, sum(actual) + len(actual) / 2
    shares = [((e + 0.5) / total_expected, (a + 0.5) / total_actual) for e, a in zip(expected, actual, strict=True)]
    return sum((a - e) * math.log(a / e) for e, a in shares)


def _groups(steps: Sequence[Step], limits: Limits) -> Check:
    if limits.impact_ratio is None:
        return Check(name="groups", verdict="not_evaluated", detail="the model's file sets no fairness.adverse_impact_ratio")
    groups: dict[str, tuple[int, int]] = {}
    for step in steps:
        for name, (favourable, decisions) in step.challenger.groups.items():
            before = groups.get(name, (0, 0))
            groups[name] = (before[0] + favourable, before[1] + decisions)
    large: dict[str, dict[str, tuple[int, int]]] = {}
    for name, counts in groups.items():
        if counts[1] >= limits.minimum_group:
            large.setdefault(name.partition(": ")[0] if ": " in name else "", {})[name] = counts
    compared = {name: _furthest(found, limits.impact_ratio) for name, found in large.items() if len(found) > 1}
    if not compared:
        return Check(name="groups", verdict="not_evaluated", detail=_too_small(groups, limits.minimum_group))
    worst = min(compared.values(), key=lambda item: item[0])[1]
    left_out = [name for name in limits.watched if name not in compared]
    return replace(worst, detail=f"{worst.detail}; too few to compare by {', '.join(left_out)}") if left_out else worst


def _too_small(groups: Mapping[str, tuple[int, int]], wanted: int) -> str:
    if not groups:
        return "no decision was seen about anybody whose group is known"
    largest = sorted(groups, key=lambda name: groups[name][1], reverse=True)[:3]
    found = ", ".join(f"{name} {groups[name][1]}" for name in largest)
    return f"no attribute has two groups of {wanted} decisions; the largest: {found}"


def _furthest(groups: Mapping[str, tuple[int, int]], wanted: float) -> tuple[float, Check]:
    """(upper bound of the ratio, check) of the two groups of one attribute that are furthest apart."""
    lowest = min(groups, key=lambda name: groups[name][0] / groups[name][1])
    highest = max(groups, key=lambda name: groups[name][0] / groups[name][1])
    ratio, upper = _impact(groups[lowest], groups[highest])
    verdict: Literal["pass", "fail"] = "fail" if upper < wanted else "pass"
    detail = f"favourable for {lowest} {ratio:.2f} times as often as for {highest}, at most {upper:.2f}; {wanted:g} wanted"
    return upper, Check(name="groups", verdict=verdict, detail=detail)


def _impact(low: tuple[int, int], high: tuple[int, int]) -> tuple[float, float]:
    """(ratio of the rates, its upper bound at three standard errors); half a case is added to each."""
    (a, n), (b, m) = (low[0] + 0.5, low[1] + 1.0), (high[0] + 0.5, high[1] + 1.0)
    ratio = (a / n) / (b / m)
    return ratio, ratio * math.exp(3 * math.sqrt(1 / a - 1 / n + 1 / b - 1 / m))


def _sum(histograms: Sequence[tuple[int, ...]]) -> list[int]:
    total = [0] * BINS
    for histogram in histograms:
        for index, count in enumerate(histogram):
            total[index] += count
    return total
