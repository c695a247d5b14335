"""Sequential comparison of two arms by rare events: errors, slow answers, lost business.

Every request goes to the challenger with probability w, so if both arms have the same rate of an event, each event comes from the
challenger with probability w; if the challenger's rate is r times the champion's, with θ(r) = r·w / (r·w + 1 − w). The evidence against
"at most `tolerance` times the champion's rate" is the mean, over the larger ratios r in `RATIOS`, of the likelihood ratios

    E = mean over r of  Π over events  θ(r)/θ₀ (challenger's)  or  (1 − θ(r))/(1 − θ₀) (champion's),   θ₀ = θ(tolerance)

Under the null hypothesis E is a non-negative supermartingale that starts at 1, so the chance that it *ever* reaches 1/α is at most α
(Ville's inequality), however often one looks: H. Robbins, "Statistical methods related to the law of the iterated logarithm", Ann. Math.
Stat. 41 (1970); R. Johari, P. Koomen, L. Pekelis, D. Walsh, "Always valid inference", Operations Research 70 (2022), the mixture SPRT.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

RATIOS = (1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 100.0)
"""Relative risks that are looked for, with equal weight. Those at or below the tolerance are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Events while the share stayed the same."""

    share: float
    """Probability that a request goes to the challenger; above 0. At 1 there is no champion to compare with, and nothing is learnt."""
    challenger: int
    champion: int


def evidence(events: Iterable[Events], tolerance: float) -> float:
    """How strongly the events speak against the challenger: 1 not at all, 1/α enough to refuse it at level α."""
    steps = [item for item in events if 0 < item.share < 1]
    ratios = [ratio for ratio in RATIOS if ratio > tolerance]
    logs = [sum(_log_ratio(item, ratio, tolerance) for item in steps) for ratio in ratios]
    largest = max(logs)
    return math.exp(min(700.0, largest)) * sum(math.exp(log - largest) for log in logs) / len(logs)


def _log_ratio(item: Events, ratio: float, tolerance: float) -> float:
    wanted, null = _theta(ratio, item.share), _theta(tolerance, item.share)
    return item.challenger * math.log(wanted / null) + item.champion * math.log((1 - wanted) / (1 - null))


def _theta(ratio: float, share: float) -> float:
    return ratio * share / (ratio * share + 1 - share)
