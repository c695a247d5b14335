"""Intervals by the bootstrap: draw the rows again with replacement, many times, and see how far a figure moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
RESAMPLES = 300
LEAST_DEFINED = 0.9  # share of the draws on which the figure must be defined


@dataclass(frozen=True, kw_only=True)
class Interval:
    """A figure and the 2.5 % and 97.5 % points of its bootstrap distribution; None where it is not defined."""

    estimate: float | None
    low: float | None
    high: float | None


def draws(rows: int, *, resamples: int = RESAMPLES, seed: int = 0) -> Array:
    """Return row numbers, one line per draw. Figures that share the draws can be compared pair by pair."""
    return np.random.default_rng(seed).integers(0, rows, (resamples, rows))


def interval(figure: Callable[[Array], float], drawn: Array) -> Interval:
    """Return the interval of a figure of row numbers (percentile method, Efron and Tibshirani, 1993)."""
    rows = drawn.shape[1]
    estimate = figure(np.arange(rows)) if rows else float("nan")
    if np.isnan(estimate):
        return Interval(estimate=None, low=None, high=None)
    values = np.array([figure(line) for line in drawn])
    defined = values[~np.isnan(values)]
    if len(defined) < LEAST_DEFINED * len(values):
        return Interval(estimate=float(estimate), low=None, high=None)
    low, high = np.percentile(defined, [2.5, 97.5])
    return Interval(estimate=float(estimate), low=float(low), high=float(high))
