"""The rendered workflows of one model, run here as a person runs them: train, then drift, alert, and train again."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from mlctl.evidence.log import EvidenceLog
from tests.workflows.listener import Listener
from workflows.demo.runs import WARM
from workflows.steps.evidence import KINDS

pytestmark = [pytest.mark.ml, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
ROWS = 300


class Loop:
    """A registry, an evidence log and runs in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.evidence = EvidenceLog(folder / "evidence")
        self.trained: dict[str, Any] = {}

    def run(self, name: str, artefacts: dict[str, Path] | None = None, status: int = 0, **parameters: str) -> dict[str, Any]:
        """Run a rendered workflow and return what `--format json` prints."""
        given = {"tracking-uri": f"sqlite:///{self.folder}/mlflow.db", "evidence-log": str(self.evidence.folder), **parameters}
        command = [str(Path(sys.executable).with_name("mlctl")), "workflow", "run", name, "--format", "json"]
        command += ["--runs-dir", str(self.folder / "runs")]
        command += [f"--warm={module}" for module in WARM]
        command += [f"--parameter={key}={value}" for key, value in given.items()]
        command += [f"--artifact={key}={path}" for key, path in (artefacts or {}).items()]
        ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert ended.returncode == status, ended.stderr + ended.stdout
        found: dict[str, Any] = json.loads(ended.stdout)
        return found

    def kinds(self) -> list[tuple[str, int | None, str | None]]:
        return [(record.kind, record.version, record.verdict) for record in self.evidence.records("churn")]


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Loop:
    """One trained and promoted model; the tests below go on from it in their order."""
    made = Loop(tmp_path_factory.mktemp("loop"))
    made.trained = made.run("churn-training", promote="true")
    return made


def _decisions(loop: Loop, start: datetime) -> Path:
    """The reference rows again, in three windows of a day; in the last two every fee is thrice as high."""
    [reference] = Path(loop.trained["folder"]).rglob("hera-outputs/artifacts/bundle/reference.parquet")
    rows = pd.read_parquet(reference).head(ROWS)
    parts = []
    for day in range(3):
        part = rows.drop(columns=["churned"]).copy()
        part["decided_at"] = pd.Timestamp(start + timedelta(days=day, hours=1))
        part["decision_id"] = [f"{day}-{row}" for row in range(len(part))]
        if day:
            part["monthly_fee"] = part["monthly_fee"] * 3
        parts.append(part)
    path = loop.folder / "decisions.parquet"
    pd.concat(parts, ignore_index=True).to_parquet(path)
    return path


def test_training_registers_and_promotes_on_the_record(loop: Loop) -> None:
    assert loop.trained["outputs"] == {"version": "1", "decision": "true"}
    assert [kind for kind, _, _ in loop.kinds()] == [*KINDS, "promotion"]
    assert {verdict for kind, _, verdict in loop.kinds() if kind in ("evaluation", "latency", "data_contract", "artefact")} == {"pass"}
    assert loop.evidence.verify() == []


def test_unknown_options_are_refused_with_a_sentence(loop: Loop) -> None:
    ended = loop.run("churn-training", status=1, knobs='{"size": 3}')
    assert "'size' is unknown; allowed: bias, concept_drift, days" in json.dumps(ended) or ended["phase"] == "Failed"
    said = "".join(path.read_text() for path in (Path(ended["folder"])).rglob("stderr.log"))
    assert "'size' is unknown; allowed: bias, concept_drift, days" in said
    assert "Traceback" not in said


def test_drift_alerts_and_starts_retraining(loop: Loop) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    windows = [
        {"start": (start + timedelta(days=day)).isoformat(), "end": (start + timedelta(days=day + 1)).isoformat()} for day in range(3)
    ]
    ended = loop.run(
        "churn-monitoring",
        {"decisions": _decisions(loop, start)},
        windows=json.dumps(windows),
        window="",
        knobs='{"rows": 3000, "seed": 5}',
        training='{"trials": 2}',
        promote="false",
    )
    assert ended["outputs"] == {"verdict": "drift", "retrain": "true"}
    said = [(kind, verdict) for kind, version, verdict in loop.kinds() if kind == "monitoring"]
    assert said == [("monitoring", "pass"), ("monitoring", "fail"), ("monitoring", "fail")]
    alerts = json.loads(next(Path(ended["folder"]).rglob("report/alerts.json")).read_text())["alerts"]
    assert {alert["feature"] for alert in alerts} == {"monthly_fee"}
    assert all("https://argo." in alert["text"] for alert in alerts)
    assert [version for kind, version, _ in loop.kinds() if kind == "training"] == [1, 2]


def test_one_calm_window_starts_nothing(loop: Loop) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    window = [{"start": start.isoformat(), "end": (start + timedelta(days=1)).isoformat()}]
    ended = loop.run("churn-monitoring", {"decisions": _decisions(loop, start)}, windows=json.dumps(window), window="", promote="false")
    assert ended["outputs"] == {"verdict": "ok", "retrain": "false"}
    assert [version for kind, version, _ in loop.kinds() if kind == "training"] == [1, 2]


def _requests(loop: Loop, rows: int) -> Path:
    """Requests like those the model was trained on; the third row has a fee that is none."""
    [reference] = Path(loop.trained["folder"]).rglob("hera-outputs/artifacts/bundle/reference.parquet")
    found = pd.read_parquet(reference).head(rows).drop(columns=["churned"])
    found.loc[found.index[2], "monthly_fee"] = -1.0
    path = loop.folder / "requests.parquet"
    found.to_parquet(path)
    return path


def test_a_batch_is_scored_in_chunks_and_bad_rows_are_set_aside(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DECISION_KEY", "0123456789abcdef0123456789abcdef")
    given = {"decided-at": "2026-03-01T00:00:00Z", "chunk-rows": "100"}
    ended = loop.run("churn-batch-scoring", {"requests": _requests(loop, 250)}, **given)
    assert ended["outputs"] == {"rows": "249"}
    [summary] = Path(ended["folder"]).rglob("artifacts/scored/summary.json")
    parts = sorted(summary.parent.glob("part-*.parquet"))
    assert [path.stem for path in parts] == ["part-000000000000", "part-000000000100", "part-000000000200"]
    scored = pd.concat([pd.read_parquet(path) for path in parts])
    assert sorted(scored["row"]) == [row for row in range(250) if row != 2]
    quarantined = [json.loads(line) for path in summary.parent.glob("quarantine-*.jsonl") for line in path.read_text().splitlines()]
    assert [item["row"] for item in quarantined] == [2]


def test_a_backfill_makes_the_features_of_every_period_as_known_at_its_end(loop: Loop) -> None:
    ended = loop.run("churn-backfill", start="2025-01-01", end="2025-03-02", days="30")
    found = {}
    for path in Path(ended["folder"]).rglob("hera-outputs/artifacts/features/features.json"):
        times = pd.read_parquet(path.with_name("features.parquet"))["observed_at"]
        found[json.loads(path.read_text())["as_of"]] = (times.min() >= pd.Timestamp("2025-01-01", tz="UTC"), times.max())
    ends = [pd.Timestamp(day, tz="UTC") for day in ("2025-01-31", "2025-03-02")]
    assert sorted(found) == [end.isoformat() for end in ends], "two periods of 30 days"
    assert all(begins for begins, _ in found.values())
    assert all(found[end.isoformat()][1] <= end for end in ends), "no feature from after the period"


def test_a_registered_version_is_judged_again_and_its_promotion_asked_for(loop: Loop, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a busy machine the latency check may refuse: then nothing may be asked for."""
    before = len(loop.kinds())
    with Listener() as github:
        monkeypatch.setenv("GITHUB_API_URL", github.address)
        monkeypatch.setenv("GITHUB_TOKEN", "secret")
        ended = loop.run("churn-promotion-checks", version="1", request="true")
    recorded = loop.kinds()[before:]
    assert [kind for kind, _, _ in recorded] == list(KINDS)
    failed = {kind for kind, _, verdict in recorded if verdict == "fail"}
    assert failed <= {"latency"}
    assert ended["outputs"] == {"decision": "false" if failed else "true"}
    assert len(github.seen) == (0 if failed else 1)
    for path, token, body in github.seen:
        assert (path, token) == ("/repos/acme/ml-platform/actions/workflows/promote.yml/dispatches", "Bearer secret")
        events = json.loads(body["inputs"].pop("evidence"))
        assert body["inputs"] == {"model": "churn", "version": "1", "environment": "dev"}
        assert [(event["kind"], event["environment"]) for event in events] == [(kind, "dev") for kind in KINDS]


def test_a_version_there_is_none_of_cannot_be_checked(loop: Loop) -> None:
    ended = loop.run("churn-promotion-checks", status=1, version="77")
    said = "".join(path.read_text() for path in Path(ended["folder"]).rglob("stderr.log"))
    assert "77" in said
    assert "Traceback" not in said
