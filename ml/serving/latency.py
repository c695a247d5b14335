"""How long one row takes, and how many rows a second."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Latency:
    """Measured times of single calls."""

    p50_ms: float
    p99_ms: float
    calls: int


def measure(call: Callable[[int], object], *, calls: int, warm_up: int = 20) -> Latency:
    """Time `calls` single calls after some that do not count.

    Parameters
    ----------
    call
        Given a running number, so that calls can use different rows.
    """
    for index in range(warm_up):
        call(index)
    seconds = np.empty(calls)
    for index in range(calls):
        start = time.perf_counter()
        call(index)
        seconds[index] = time.perf_counter() - start
    return Latency(p50_ms=float(np.percentile(seconds, 50) * 1000), p99_ms=float(np.percentile(seconds, 99) * 1000), calls=calls)


def rows_per_second(call: Callable[[], object], rows: int, *, repeats: int = 3) -> float:
    """Return the rows a second of the fastest of some calls that handle `rows` rows."""
    best = math.inf
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return rows / best
