"""Which canaries are started after a deployment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlctl.config.load import load_environment
from mlctl.evidence.log import EvidenceLog
from mlctl.promotion.move import promote, rollback
from mlctl.promotion.trials import trials
from tests.mlctl.promotion.conftest import Mlctl, Stage, prove, who


def waiting(repo: Path, environment: str = "dev") -> list[str]:
    place = load_environment(repo / "environments" / f"{environment}.yaml")
    return trials(place, list(EvidenceLog(repo / "evidence").records()))


def judged(repo: Path, model: str, version: int, verdict: Any, environment: str = "dev", **details: str) -> None:
    event = who(9).event(kind="canary", model=model, version=version, environment=environment, verdict=verdict, details=details)
    EvidenceLog(repo / "evidence").append([event])


def test_a_challenger_waits_for_its_canary_and_no_other_version_does(repo: Path) -> None:
    for version in (1, 2):
        prove(repo, version)
    assert waiting(repo) == []
    promote(repo, "churn", "dev", who(), version=1)
    assert waiting(repo) == [], "a serverless version without a challenger took over at once"
    promote(repo, "churn", "dev", who(1), version=2, trial=True)
    assert waiting(repo) == ["churn"]
    judged(repo, "churn", 2, "not_evaluated")
    assert waiting(repo) == ["churn"], "there was no traffic"
    judged(repo, "churn", 2, "fail", "staging")
    assert waiting(repo) == ["churn"]
    judged(repo, "churn", 2, "not_evaluated", result="champion_replaced")
    assert waiting(repo) == [], "it took over, though not every question had an answer"
    judged(repo, "churn", 2, "not_evaluated", result="not_judged")
    assert waiting(repo) == ["churn"]
    judged(repo, "churn", 2, "fail")
    assert waiting(repo) == []
    rollback(repo, "churn", "dev", who(10), reason="slow")
    promote(repo, "churn", "dev", who(11), version=2, trial=True)
    assert waiting(repo) == ["churn"], "on trial once more"


def test_a_promoted_real_time_version_is_looked_at_and_a_rolled_back_one_is_not(repo: Path) -> None:
    prod = repo / "environments" / "prod.yaml"
    text = prod.read_text().replace("soak_hours: 72", "soak_hours: 0").replace("approvers: 2", "approvers: 0")
    prod.write_text(text.replace("  from_environment: staging\n", ""))
    for version in (1, 2):
        prove(repo, version, "credit-risk")
        promote(repo, "credit-risk", "prod", who(version), version=version)
    assert waiting(repo, "prod") == ["credit-risk"]
    judged(repo, "credit-risk", 2, "pass", "prod")
    assert waiting(repo, "prod") == []
    rollback(repo, "credit-risk", "prod", who(10), reason="slow")
    assert waiting(repo, "prod") == []


def test_the_command_starts_them(repo: Path, mlctl: Mlctl, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "t")
    monkeypatch.setenv("GITHUB_API_URL", stage.url)
    assert mlctl("deploy", "canaries", "--env", "dev") == (0, "dev: no version is on trial\n", "")
    for version in (1, 2):
        prove(repo, version)
    promote(repo, "churn", "dev", who(), version=1)
    promote(repo, "churn", "dev", who(1), version=2, trial=True)
    path = "/repos/acme/ml-platform/actions/workflows/canary.yml/dispatches"
    stage.on("POST", path, 503, {"message": "down"})
    stage.on("POST", path, 204)
    status, _, err = mlctl("deploy", "canaries", "--env", "dev")
    assert status == 3 and "answered 503: down" in err and len(stage.seen) == 1, "it may have been started: not repeated"
    assert mlctl("deploy", "canaries", "--env", "dev")[:2] == (0, "dev: canary of churn started\n")
    assert stage.seen[-1] == ("POST", path, {"ref": "main", "inputs": {"model": "churn", "environment": "dev"}})
