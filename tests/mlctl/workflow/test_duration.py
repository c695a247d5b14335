"""Durations; the seconds are what `ParseStringToDuration` of Argo 3.7.4 and `time.ParseDuration` of Go gave, None where they refuse."""

from __future__ import annotations

import pytest

from mlctl.workflow.duration import seconds


def read(text: str, *, bare: bool) -> float | None:
    try:
        return seconds(text, bare=bare)
    except ValueError:
        return None


@pytest.mark.parametrize(
    ("text", "with_bare_numbers", "without"),
    [
        ("30", 30.0, None),
        ("30s", 30.0, 30.0),
        ("1h15m", 4500.0, 4500.0),
        ("2d", None, None),
        ("1.5", None, None),
        ("1.5s", 1.5, 1.5),
        (".5s", 0.5, 0.5),
        ("1.s", 1.0, 1.0),
        ("-1m", -60.0, -60.0),
        ("+2s", 2.0, 2.0),
        ("-5", -5.0, None),
        ("+5", 5.0, None),
        ("0", 0.0, 0.0),
        ("-0", 0.0, 0.0),
        ("", None, None),
        (" 5", None, None),
        ("5 s", None, None),
        ("1m30", None, None),
        ("1h1m1s1ms", 3661.001, 3661.001),
        ("1us", 1e-06, 1e-06),
        ("1µs", 1e-06, 1e-06),
        ("1ns", 1e-09, 1e-09),
        ("1H", None, None),
        ("1e3s", None, None),
        ("5m5", None, None),
        ("010", 10.0, None),
        ("s", None, None),
        (".", None, None),
        (".s", None, None),
        ("1..s", None, None),
        ("100ms", 0.1, 0.1),
        ("--1s", None, None),
        ("0.5h", 1800.0, 1800.0),
        ("1_0s", None, None),
        ("3600", 3600.0, None),
    ],
)
def test_a_duration(text: str, with_bare_numbers: float | None, without: float | None) -> None:
    assert read(text, bare=True) == pytest.approx(with_bare_numbers)
    assert read(text, bare=False) == pytest.approx(without)
