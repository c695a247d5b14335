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


def measure(
    call: Callable[[int], object], *, calls: int, warm_up: int = 20, rounds: int = 1, clock: Callable[[], float] | None = None
) -> Latency:
    """Time `calls` single calls after some that do not count, and return the figures of the calmest round.

    Parameters
    ----------
    call
        Given a running number, so that calls can use different rows.
    rounds
        Into how many rounds the calls are cut. Neighbours on the machine only ever add time, so the round with the lowest p99 says
        most about the model. With 60 calls in a round its p99 is all but the slowest call.
    clock
        Seconds; the wall clock if none is given. `time.process_time` counts only the time this process worked.
    """
    for index in range(warm_up):
        call(index)
    now = clock or time.perf_counter
    size = max(1, calls // rounds)
    seconds = np.empty((rounds, size))
    for index in range(rounds * size):
        start = now()
        call(index)
        seconds[divmod(index, size)] = now() - start
    p99 = np.percentile(seconds, 99, axis=1) * 1000
    calmest = int(np.argmin(p99))
    return Latency(p50_ms=float(np.percentile(seconds[calmest], 50) * 1000), p99_ms=float(p99[calmest]), calls=rounds * size)


def rows_per_second(call: Callable[[], object], rows: int, *, repeats: int = 3) -> float:
    """Return the rows a second of the fastest of some calls that handle `rows` rows."""
    best = math.inf
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        best = min(best, time.perf_counter() - start)
    return rows / best
