"""Latency is that of the calmest round: a neighbour who wakes up in the middle is not the model's fault."""

from __future__ import annotations

from typing import Any

import pytest

from ml.serving import latency
from ml.serving.latency import measure


@pytest.mark.parametrize(("rounds", "p50", "p99"), [(1, 2.0, 100.0), (3, 2.0, 2.0)])
def test_the_calmest_round_counts(rounds: int, p50: float, p99: float, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def call(index: int) -> None:
        nonlocal now
        now += 0.1 if 100 <= index < 120 else 0.002  # in seconds: twenty slow calls in the second third

    monkeypatch.setattr(latency.time, "perf_counter", lambda: now)
    found = measure(call, calls=300, warm_up=0, rounds=rounds)
    assert (found.p50_ms, found.p99_ms, found.calls) == (pytest.approx(p50), pytest.approx(p99), 300)


def test_a_model_that_is_always_slow_stays_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def call(_: Any) -> None:
        nonlocal now
        now += 0.05

    monkeypatch.setattr(latency.time, "perf_counter", lambda: now)
    assert measure(call, calls=300, rounds=5).p99_ms == pytest.approx(50)
