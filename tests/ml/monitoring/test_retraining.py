"""The retraining rule: two of the last five evaluated windows."""

from __future__ import annotations

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
    assert not decide(judged, violated=2, windows=5, last_training=START + 2 * WEEK).retrain


def test_a_window_judged_twice_counts_once() -> None:
    again = history("d") + history("d")
    assert not decide(again, violated=2, windows=5).retrain
    corrected = history("dd") + history("o")
    assert not decide(corrected, violated=2, windows=5).retrain


def test_order_of_the_history_does_not_matter() -> None:
    judged = history("ddooooo")
    assert not decide(judged[::-1], violated=2, windows=5).retrain
