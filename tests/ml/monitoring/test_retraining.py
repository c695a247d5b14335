"""The retraining rule: two of the last five evaluated windows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ml.monitoring.retraining import JudgedWindow, decide
from ml.monitoring.verdict import Verdict
from ml.monitoring.window import Window

START = datetime(2026, 1, 1, tzinfo=UTC)
WEEK = timedelta(days=7)
LETTERS = {"o": Verdict.OK, "d": Verdict.DRIFT, "n": Verdict.NOT_EVALUATED}


def history(letters: str) -> list[JudgedWindow]:
    return [
        JudgedWindow(
            window=Window(START + index * WEEK, START + (index + 1) * WEEK),
            verdict=LETTERS[letter],
            drifted=("psi:income",) if letter == "d" else (),
        )
        for index, letter in enumerate(letters)
    ]


@pytest.mark.parametrize(
    ("letters", "retrain"),
    [
        ("", False),
        ("d", False),
        ("dd", True),
        ("dood", True),
        ("doood", True),
        ("dooood", False),  # the first is the sixth last
        ("dnnnnnood", True),  # windows not evaluated are passed over
        ("nnnnn", False),
        ("ooooo", False),
        ("ddooooo", False),
    ],
)
def test_rule(letters: str, retrain: bool) -> None:
    assert decide(history(letters), violated=2, windows=5).retrain is retrain


def test_reason_names_what_drifted() -> None:
    decision = decide(history("dod"), violated=2, windows=5)
    assert decision.reason == "2 of the last 3 evaluated windows drifted; the rule is 2 of 5 (psi:income)"
    assert decision.violated == (
        "2026-01-01T00:00:00+00:00/2026-01-08T00:00:00+00:00",
        "2026-01-15T00:00:00+00:00/2026-01-22T00:00:00+00:00",
    )


def test_one_drift_causes_one_retraining() -> None:
    judged = history("ddo")
    assert decide(judged, violated=2, windows=5).retrain
    asked = [judged[0], replace(judged[1], retrained=True), judged[2]]
    assert not decide(asked, violated=2, windows=5).retrain


def test_where_nothing_came_of_it_retraining_is_asked_for_again_after_as_many_windows() -> None:
    judged = history("ddddod")
    asked = [replace(item, retrained=number == 1) for number, item in enumerate(judged)]
    assert [decide(asked[:length], violated=2, windows=5).retrain for length in range(1, 7)] == [False, False, False, True, True, True]


def test_what_another_version_served_does_not_count() -> None:
    judged = [replace(item, version=version) for item, version in zip(history("ddod"), ["1", "1", "2", "2"], strict=True)]
    assert decide(judged, violated=2, windows=5).retrain
    assert not decide(judged, violated=2, windows=5, version="2").retrain
    assert decide([*judged, *history("ooood")[4:]], violated=2, windows=5, version="2").retrain, "windows of no known version count"


def test_a_window_judged_twice_counts_once() -> None:
    again = history("d") + history("d")
    assert not decide(again, violated=2, windows=5).retrain
    corrected = history("dd") + history("o")
    assert not decide(corrected, violated=2, windows=5).retrain


def test_order_of_the_history_does_not_matter() -> None:
    judged = history("ddooooo")
    assert not decide(judged[::-1], violated=2, windows=5).retrain


def with_outcomes(first_day: int, letters: str) -> list[JudgedWindow]:
    """Windows that were judged by their outcomes, too: `d` is a fall of performance, `o` is none."""
    day = timedelta(days=1)
    return [
        JudgedWindow(
            window=Window(START + (first_day + index) * day, START + (first_day + index + 1) * day),
            verdict=LETTERS[letter],
            drifted=("performance:roc_auc",) if letter == "d" else (),
            values={"performance:roc_auc": 0.1 if letter == "d" else 0.0, "psi:income": 0.01},
        )
        for index, letter in enumerate(letters)
    ]


def newer(count: int) -> list[JudgedWindow]:
    """Windows of a month later, whose outcomes nobody knows yet, all in order."""
    return [
        JudgedWindow(
            window=Window(START + timedelta(days=30 + index), START + timedelta(days=31 + index)),
            verdict=Verdict.OK,
            values={"psi:income": 0.0},
        )
        for index in range(count)
    ]


def test_outcomes_that_come_late_count_among_windows_with_outcomes() -> None:
    decision = decide(with_outcomes(0, "oodd") + newer(9), violated=2, windows=5)
    assert decision.retrain
    assert decision.reason == "2 of the last 4 windows with known outcomes drifted; the rule is 2 of 5 (performance:roc_auc)"
    assert not decide(with_outcomes(0, "oood") + newer(9), violated=2, windows=5).retrain
    assert not decide(with_outcomes(0, "ddooooo") + newer(9), violated=2, windows=5).retrain


def test_drift_of_inputs_is_not_counted_again_among_outcomes() -> None:
    drifted = [replace(item, verdict=Verdict.DRIFT, drifted=("psi:income",)) for item in with_outcomes(0, "oo")]
    assert not decide(drifted + newer(9), violated=2, windows=5).retrain
