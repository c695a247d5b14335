from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ml.errors import InputError
from ml.spec import load_spec
from workflows.steps.watch import periods, score_batch
from workflows.steps.windows import cut, seconds_until, windows_of


@pytest.mark.parametrize(
    ("window", "hour", "minute", "wanted"),
    [
        ("22:00-06:00", 23, 0, 0),
        ("22:00-06:00", 5, 59, 0),
        ("22:00-06:00", 6, 0, 16 * 3600),
        ("22:00-06:00", 21, 59, 60),
        ("09:00-17:00", 18, 0, 15 * 3600),
        ("09:00-17:00", 9, 0, 0),
        ("", 12, 0, 0),
    ],
)
def test_seconds_until_the_cheap_hours(window: str, hour: int, minute: int, wanted: int) -> None:
    assert seconds_until(window, datetime(2026, 1, 5, hour, minute, tzinfo=UTC)) == wanted


def test_a_window_that_is_none_is_refused() -> None:
    with pytest.raises(InputError, match="is no daily window"):
        seconds_until("at night")


def test_windows_are_read_oldest_first() -> None:
    given = [{"start": "2026-02-02", "end": "2026-02-03"}, {"start": "2026-02-01", "end": "2026-02-02"}]
    assert windows_of(json.dumps(given), "60", "churn", None) == [("2026-02-01", "2026-02-02"), ("2026-02-02", "2026-02-03")]


def test_neither_windows_nor_minutes_mean_what_is_due_by_the_model_file() -> None:
    [(start, end)] = windows_of("[]", "", "churn", None)
    length = load_spec("churn").monitoring.window_hours
    assert datetime.fromisoformat(end) - datetime.fromisoformat(start) == timedelta(hours=length)
    assert datetime.now(UTC) - timedelta(hours=length) < datetime.fromisoformat(end) <= datetime.now(UTC)


@pytest.mark.parametrize("minutes", ["-5", "0", "an hour", "1.5"])
def test_minutes_that_are_none_are_refused(minutes: str) -> None:
    with pytest.raises(InputError, match="is no number of minutes"):
        windows_of("[]", minutes, "churn", None)


def test_no_windows_mean_the_minutes_up_to_now() -> None:
    [(start, end)] = windows_of("[]", "90", "churn", None)
    assert (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() == 90 * 60


@pytest.mark.parametrize("text", ["{", "[1]", '[{"start": "2026-01-01"}]', "7"])
def test_what_is_no_list_of_windows_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="are no windows"):
        windows_of(text, "60", "churn", None)


def test_a_range_is_cut_without_gap_or_overlap() -> None:
    found = cut("2025-01-01", "2025-02-10", 30, generated=True)
    assert [item["name"] for item in found] == ["2025-01-01", "2025-01-31"]
    assert [json.loads(item["knobs"])["days"] for item in found] == [30, 10]
    assert [item["as-of"] for item in found] == ["2025-01-31T00:00:00Z", "2025-02-10T00:00:00Z"]


def test_a_file_is_read_whole_whatever_the_period() -> None:
    assert {item["knobs"] for item in cut("2025-01-01", "2025-03-01", 20, generated=False)} == {"{}"}


@pytest.mark.parametrize(
    ("start", "end", "days"), [("2025-02-01", "2025-02-01", 1), ("2025-01-01", "2025-02-01", 0), ("soon", "2025-01-01", 1)]
)
def test_an_empty_range_is_refused(start: str, end: str, days: int) -> None:
    with pytest.raises(InputError):
        cut(start, end, days, generated=True)


def test_a_number_that_is_none_is_told_and_not_a_traceback(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "registered").mkdir()
    with pytest.raises(SystemExit) as ended:
        vars(score_batch)["__wrapped__"]("2026-01-01", "many", tmp_path, tmp_path, tmp_path / "scored")
    assert ended.value.code == 2
    assert capsys.readouterr().err == "chunk-rows: 'many' is no number of chunk-rows; allowed: a whole number of at least 1\n"
    with pytest.raises(SystemExit):
        vars(periods)["__wrapped__"]("churn", "2025-01-01", "2025-02-01", "0.5")
    assert "days: '0.5' is no number of days" in capsys.readouterr().err
