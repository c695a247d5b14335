"""Windows follow the model file: side by side, none left out, none twice, and a second look when outcomes are known."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ml.monitoring.due import due_windows
from ml.monitoring.history import write_history
from ml.monitoring.retraining import JudgedWindow
from ml.monitoring.verdict import Verdict
from ml.monitoring.window import Window
from ml.spec import ModelSpec, load_spec
from ml.spec_rules import Monitoring

NOW = datetime(2026, 11, 20, 13, 7, tzinfo=UTC)


def spec(hours: int, days: int = 0) -> ModelSpec:
    return load_spec("churn").model_copy(update={"monitoring": Monitoring(window_hours=hours, outcome_days=days)})


def hours(windows: list[Window]) -> list[tuple[str, str]]:
    return [(window.start.strftime("%d %H"), window.end.strftime("%d %H")) for window in windows]


def kept(path: Path, windows: list[Window], *, outcomes: bool = False) -> Path:
    values = {"psi:plan": 0.0, **({"performance:roc_auc": 0.0} if outcomes else {})}
    write_history(path, "churn", [JudgedWindow(window=window, verdict=Verdict.OK, values=values) for window in windows])
    return path


@pytest.mark.parametrize(
    ("length", "expected"),
    [(1, ("20 12", "20 13")), (6, ("20 06", "20 12")), (24, ("19 00", "20 00"))],
)
def test_the_first_run_judges_the_last_whole_window(length: int, expected: tuple[str, str]) -> None:
    assert hours(due_windows(spec(length), now=NOW)) == [expected]


def test_a_late_run_catches_up_and_a_second_run_has_nothing_to_do(tmp_path: Path) -> None:
    first = due_windows(spec(1), now=NOW)
    history = kept(tmp_path / "history.json", first)
    assert due_windows(spec(1), now=NOW + timedelta(minutes=20), history=history) == []
    later = due_windows(spec(1), now=NOW + timedelta(hours=3), history=history)
    assert hours(later) == [("20 13", "20 14"), ("20 14", "20 15"), ("20 15", "20 16")]
    assert later[0].start == first[-1].end
    assert len(due_windows(spec(1), now=NOW + timedelta(days=9), history=history)) == 5, "no more than the rule looks at"


def test_runs_at_any_minute_cover_time_without_gap_or_overlap(tmp_path: Path) -> None:
    seen: list[Window] = []
    for minutes in (0, 55, 130, 131, 250, 400):
        history = kept(tmp_path / "history.json", seen) if seen else None
        seen += due_windows(spec(1), now=NOW + timedelta(minutes=minutes), history=history)
    assert all(before.end == after.start for before, after in itertools.pairwise(seen))
    assert seen[-1].end == datetime(2026, 11, 20, 19, tzinfo=UTC)


def test_a_window_is_judged_again_when_its_outcomes_are_due(tmp_path: Path) -> None:
    days = [
        Window(NOW.replace(hour=0, minute=0) - timedelta(days=age), NOW.replace(hour=0, minute=0) - timedelta(days=age - 1))
        for age in range(9, 0, -1)
    ]
    history = kept(tmp_path / "history.json", days)
    due = due_windows(spec(24, days=7), now=NOW, history=history)
    assert hours(due) == [("11 00", "12 00"), ("12 00", "13 00")], "9 and 8 days old; younger ones have no outcomes yet"
    assert due_windows(spec(24, days=7), now=NOW, history=kept(tmp_path / "known.json", days, outcomes=True)) == []
