"""Monitoring of one window, from files to files, on the credit-risk model's own features."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml.errors import InputError
from ml.monitoring.evaluate import feature_kinds
from ml.monitoring.run import Seen, monitor
from ml.spec import load_spec

pytestmark = pytest.mark.ml
SPEC = load_spec("credit-risk")
START = datetime(2026, 1, 5, tzinfo=UTC)


def table(rows: int, seed: int, *, shift: float = 0.0, lie: float = 0.0, harm: bool = False) -> pd.DataFrame:
    """Features without meaning, calibrated scores, outcomes, groups; `shift` moves income, `lie` the outcomes."""
    random = np.random.default_rng(seed)
    columns: dict[str, Any] = {}
    for name, kind in feature_kinds(SPEC).items():
        if kind == "categorical":
            columns[name] = random.choice(["car", "home", "other"], rows)
        else:
            columns[name] = random.normal(shift if name == "income" else 0.0, 1.0, rows)
    score = random.uniform(0.02, 0.6, rows)
    columns["score"] = score
    columns["defaulted"] = (random.uniform(size=rows) < np.clip(score + lie, 0, 1)).astype(int)
    columns["decision_id"] = [f"d{seed}-{index}" for index in range(rows)]
    columns["decided_at"] = pd.to_datetime(START) + pd.to_timedelta(random.integers(0, 7 * 24, rows), unit="h")
    columns["outcome_known_at"] = columns["decided_at"] + timedelta(days=60)
    columns["group_sex"] = random.choice(["female", "male"], rows)
    if harm:
        columns["score"] = np.where(columns["group_sex"] == "female", score + 0.2, score)
    return pd.DataFrame(columns)


class Case:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        table(4000, 1).to_parquet(folder / "reference.parquet")

    def run(self, rows: pd.DataFrame, *, week: int = 0, **more: Any) -> dict[str, Any]:
        rows.to_parquet(self.folder / "current.parquet", row_group_size=300)
        start = START + timedelta(weeks=week)
        files = {name: more.pop(name) for name in ("reference", "current", "labels", "rejected", "history") if name in more}
        seen = Seen(**({"reference": self.folder / "reference.parquet", "current": self.folder / "current.parquet"} | files))
        arguments: dict[str, Any] = {
            "start": start.isoformat(),
            "end": (start + timedelta(days=7)).isoformat(),
            "as_of": "2026-12-31",
            "link": "https://example.com/retrain",
        }
        return monitor("credit-risk", seen, self.folder / "out", **(arguments | more))


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def drifted(report: dict[str, Any]) -> set[str]:
    return {f"{found['metric']}:{found['feature']}" for found in report["results"] if found["verdict"] == "drift"}


def found(report: dict[str, Any], metric: str, feature: str) -> dict[str, Any]:
    return next(one for one in report["results"] if (one["metric"], one["feature"]) == (metric, feature))


def test_without_drift_nothing_is_alerted(case: Case) -> None:
    report = case.run(table(2000, 2))
    assert drifted(report) == set()
    assert report["verdict"] == "ok"
    assert report["alerts"] == []
    assert report["rows"] == 2000
    assert report["labelled_rows"] == 2000
    assert found(report, "fairness", "race")["verdict"] == "not_evaluated"


def test_drift_of_a_feature_names_it_with_its_size_and_the_link(case: Case) -> None:
    report = case.run(table(2000, 2, shift=0.8))
    assert drifted(report) == {"psi:income", "ks:income"}
    alert = report["alerts"][0]
    assert (alert["model"], alert["owner"], alert["feature"]) == ("credit-risk", "lending-oncall", "income")
    assert alert["link"] == "https://example.com/retrain"
    expected = found(report, "psi", "income")["value"]
    assert expected > 0.5
    assert f"income drifted, psi {expected:.4g} is above 0.2" in report["alerts"][0]["text"] + report["alerts"][1]["text"]
    assert json.loads((case.folder / "out/alerts.json").read_text())["alerts"] == report["alerts"]


def test_concept_drift_and_fall_of_performance(case: Case) -> None:
    assert "calibration:score" in drifted(case.run(table(2000, 2, lie=0.25)))
    current = table(2000, 3)
    current["defaulted"] = np.random.default_rng(0).permutation(current["defaulted"])
    assert "performance:roc_auc" in drifted(case.run(current))


def test_unfair_decisions_are_seen(case: Case) -> None:
    report = case.run(table(2000, 2, harm=True))
    assert "fairness:sex" in drifted(report)
    assert found(report, "fairness", "sex")["value"] < 0.8


def test_only_outcomes_known_by_then_are_used(case: Case) -> None:
    report = case.run(table(2000, 2), as_of="2026-03-07")
    assert 0 < report["labelled_rows"] < 2000
    none = case.run(table(2000, 2), as_of="2026-01-20")
    assert none["labelled_rows"] == 0
    assert found(none, "performance", "roc_auc")["verdict"] == "not_evaluated"
    assert found(none, "calibration", "score")["verdict"] == "not_evaluated"


def test_outcomes_in_a_table_of_their_own(case: Case) -> None:
    current = table(1000, 2)
    names = ["decision_id", "defaulted", "outcome_known_at"]
    labels = pd.concat([current[names].iloc[:600], current[names].iloc[:1].assign(defaulted=1, outcome_known_at=pd.NaT)])
    labels.to_parquet(case.folder / "labels.parquet")
    report = case.run(current.drop(columns=names[1:]), labels=case.folder / "labels.parquet")
    assert report["labelled_rows"] == 600
    assert case.run(current.drop(columns=names[1:]))["labelled_rows"] == 0


def test_a_window_takes_its_own_rows_only(case: Case) -> None:
    current = pd.concat([table(1000, 2), table(500, 3).assign(decided_at=pd.Timestamp("2026-01-12", tz="UTC"))])
    assert case.run(current)["rows"] == 1000
    assert case.run(current, week=1)["rows"] == 500


def test_few_rows_are_not_evaluated(case: Case) -> None:
    report = case.run(table(150, 2, shift=3.0))
    assert {found["verdict"] for found in report["results"] if found["metric"] != "bad_rows"} <= {"not_evaluated", "ok"}
    assert found(report, "psi", "income")["verdict"] == "not_evaluated"
    assert found(report, "psi", "income")["reason"] == "150 rows; psi needs at least 200 on each side"


def test_refused_requests_count_as_bad_rows(case: Case) -> None:
    times = [pd.Timestamp("2026-01-06", tz="UTC")] * 100 + [pd.Timestamp("2026-02-06", tz="UTC")] * 900
    pd.DataFrame({"decided_at": times, "columns": "income"}).to_parquet(case.folder / "rejected.parquet")
    report = case.run(table(900, 2), rejected=case.folder / "rejected.parquet")
    assert found(report, "bad_rows", "contract")["value"] == pytest.approx(0.1)
    assert "bad_rows:contract" in drifted(report)


def test_two_bad_windows_cause_one_retraining(case: Case) -> None:
    history = case.folder / "out/history.json"
    weeks = [table(600, 10 + week, shift=1.0 if week in (1, 3) else 0.0) for week in range(5)]
    for week, frame in enumerate(weeks):
        frame["decided_at"] += timedelta(weeks=week)
    said = [case.run(frame, week=week, history=history)["retraining"]["retrain"] for week, frame in enumerate(weeks)]
    assert said == [False, False, False, True, False]
    again = case.run(weeks[3], week=3, history=history)
    assert again["retraining"]["retrain"] is False, "it was asked for already"
    kept = json.loads(history.read_text())
    assert [one["retrained"] for one in kept["windows"]] == [False, False, False, True, False]
    assert [one["verdict"] for one in kept["windows"]] == ["ok", "drift", "ok", "drift", "ok"]
    assert kept["windows"][1]["values"]["psi:income"] > 0.2


def test_a_late_look_at_a_window_replaces_the_first(case: Case) -> None:
    history = case.folder / "out/history.json"
    case.run(table(600, 2, shift=1.0), history=history)
    case.run(table(600, 2, shift=1.0), history=history)
    assert len(json.loads(history.read_text())["windows"]) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"start": "soon"}, "not a date: 'soon'"),
        ({"end": "2025-01-01"}, "window starts at"),
        ({"current": Path("nowhere.parquet")}, "no such file or folder"),
    ],
)
def test_wrong_arguments(case: Case, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        case.run(table(300, 2), **change)


def test_wrong_files(case: Case) -> None:
    with pytest.raises(InputError, match="missing columns: income"):
        case.run(table(300, 2).drop(columns="income"))
    with pytest.raises(InputError, match="column 'income' has type"):
        case.run(table(300, 2).assign(income="much"))
    broken = case.folder / "broken.parquet"
    broken.write_bytes(b"PAR1 this is not it")
    with pytest.raises(InputError, match="not readable as Parquet"):
        case.run(table(300, 2), reference=broken)
    (case.folder / "old.json").write_text('{"model": "churn", "windows": []}')
    with pytest.raises(InputError, match="history of 'churn'"):
        case.run(table(300, 2), history=case.folder / "old.json")
    (case.folder / "old.json").write_text("{")
    with pytest.raises(InputError, match="not a monitoring history"):
        case.run(table(300, 2), history=case.folder / "old.json")
