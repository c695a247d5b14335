"""Figures that say how good a score is. Every metric declares its direction and whether it looks at decisions.

All take the outcome (0 and 1) and the score (the predicted chance of 1). A metric that is not defined for the rows it
was given (no rows, or one class only where two are needed) is NaN, never a made-up number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
BINS = 10  # of the expected calibration error


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One figure.

    Attributes
    ----------
    name
        As in the model file.
    direction
        `at_least`: higher is better; `at_most`: lower is better.
    compute
        (outcome, score, threshold) to the figure.
    """

    name: str
    direction: Literal["at_least", "at_most"]
    compute: Callable[[Array, Array, float], float]

    @property
    def sign(self) -> float:
        """1 where higher is better, else -1."""
        return 1.0 if self.direction == "at_least" else -1.0


def roc_auc(outcome: Array, score: Array, threshold: float = 0.5) -> float:
    """Return the chance that a random 1 scores above a random 0, ties counting half.

    (R - p(p+1)/2) / (p n), with R the sum of the ranks of the ones, p ones and n zeros (Mann and Whitney, 1947).
    """
    positives = int(outcome.sum())
    negatives = len(outcome) - positives
    if not positives or not negatives:
        return float("nan")
    ranks = average_ranks(score)
    return float((ranks[outcome == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def average_ranks(values: Array) -> Array:
    """Return ranks from 1; equal values share the mean of their ranks."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    ends = np.append(starts[1:], len(values))
    ranks = np.empty(len(values))
    ranks[order] = np.repeat((starts + ends + 1) / 2, ends - starts)
    return ranks


def average_precision(outcome: Array, score: Array, threshold: float = 0.5) -> float:
    """Return the sum over score levels of (recall gained) x (precision there)."""
    positives = int(outcome.sum())
    if not positives:
        return float("nan")
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(outcome[order])
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    precision = hits[last] / (last + 1)
    gained = np.diff(hits[last], prepend=0) / positives
    return float((precision * gained).sum())


def log_loss(outcome: Array, score: Array, threshold: float = 0.5) -> float:
    """Return the mean of -ln(chance given to what happened); chances are kept 1e-15 away from 0 and 1."""
    if not len(outcome):
        return float("nan")
    chance = np.clip(score, 1e-15, 1 - 1e-15)
    return float(-np.mean(np.where(outcome == 1, np.log(chance), np.log(1 - chance))))


def brier(outcome: Array, score: Array, threshold: float = 0.5) -> float:
    """Return the mean squared difference between chance and outcome (Brier, 1950)."""
    return float(np.mean((score - outcome) ** 2)) if len(outcome) else float("nan")


def ece(outcome: Array, score: Array, threshold: float = 0.5) -> float:
    """Return the expected calibration error over ten equal bins of the score.

    The sum over bins of (share of rows) x |mean score - share of ones| (Naeini et al., 2015).
    """
    if not len(outcome):
        return float("nan")
    bins = np.minimum((score * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    gaps = np.abs(np.bincount(bins, score, BINS) - np.bincount(bins, outcome, BINS))
    return float(gaps[counts > 0].sum() / len(outcome))


def ks(outcome: Array, score: Array, threshold: float = 0.5) -> float:
    """Return the largest distance between the distributions of the scores of ones and of zeros."""
    positives = int(outcome.sum())
    negatives = len(outcome) - positives
    if not positives or not negatives:
        return float("nan")
    order = np.argsort(score, kind="stable")
    last = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    ones = np.cumsum(outcome[order])[last] / positives
    zeros = np.cumsum(1 - outcome[order])[last] / negatives
    return float(np.abs(ones - zeros).max())


def accuracy(outcome: Array, score: Array, threshold: float = 0.5) -> float:
    """Return the share of rows whose decision is right."""
    return float(np.mean((score >= threshold) == (outcome == 1))) if len(outcome) else float("nan")


def precision(outcome: Array, score: Array, threshold: float = 0.5) -> float:
    """Return the share of ones among the rows at or above the threshold."""
    chosen = score >= threshold
    return float(outcome[chosen].mean()) if chosen.any() else float("nan")


def recall(outcome: Array, score: Array, threshold: float = 0.5) -> float:
    """Return the share of the ones that are at or above the threshold."""
    ones = outcome == 1
    return float((score[ones] >= threshold).mean()) if ones.any() else float("nan")


def f1(outcome: Array, score: Array, threshold: float = 0.5) -> float:
    """Return 2 TP / (2 TP + FP + FN)."""
    chosen = score >= threshold
    hits = int((chosen & (outcome == 1)).sum())
    below = int(chosen.sum()) + int(outcome.sum())
    return 2 * hits / below if below else float("nan")


METRICS: dict[str, Metric] = {
    "roc_auc": Metric(name="roc_auc", direction="at_least", compute=roc_auc),
    "average_precision": Metric(name="average_precision", direction="at_least", compute=average_precision),
    "log_loss": Metric(name="log_loss", direction="at_most", compute=log_loss),
    "brier": Metric(name="brier", direction="at_most", compute=brier),
    "ece": Metric(name="ece", direction="at_most", compute=ece),
    "accuracy": Metric(name="accuracy", direction="at_least", compute=accuracy),
    "precision": Metric(name="precision", direction="at_least", compute=precision),
    "recall": Metric(name="recall", direction="at_least", compute=recall),
    "f1": Metric(name="f1", direction="at_least", compute=f1),
    "ks": Metric(name="ks", direction="at_least", compute=ks),
}
