"""Calibration: of the rows given a chance of 30 %, do about 30 % happen?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ml.evaluation.metrics import BINS

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, kw_only=True)
class CalibrationBin:
    """One tenth of the score: its rows, their mean score, and the share of ones among them."""

    low: float
    high: float
    rows: int
    mean_score: float
    share_of_ones: float


def calibration_bins(outcome: Array, score: Array) -> list[CalibrationBin]:
    """Return the bins that hold rows, from low scores to high."""
    numbers = np.minimum((score * BINS).astype(np.int64), BINS - 1)
    found = []
    for number in range(BINS):
        inside = numbers == number
        if inside.any():
            found.append(
                CalibrationBin(
                    low=number / BINS,
                    high=(number + 1) / BINS,
                    rows=int(inside.sum()),
                    mean_score=float(score[inside].mean()),
                    share_of_ones=float(outcome[inside].mean()),
                )
            )
    return found
