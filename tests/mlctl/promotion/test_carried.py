"""Evidence that training carries along."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from mlctl.errors import InputError
from mlctl.evidence.log import EvidenceLog
from mlctl.evidence.record import Event
from mlctl.promotion.carried import carry, read_events
from mlctl.promotion.move import promote
from tests.mlctl.promotion.conftest import DETAILS, KINDS, NOW, Mlctl, who


def events() -> list[Event]:
    values = {"model": "churn", "version": 4, "date": NOW.isoformat(), "actor": "training", "verdict": "pass"}
    return [Event(kind=kind, details=DETAILS.get(kind, {}), **values) for kind in KINDS]  # type: ignore[arg-type]


def test_they_are_added_once_and_judged(repo: Path) -> None:
    text = json.dumps([asdict(event) for event in events()])
    assert carry(repo, read_events(text, "churn")) == 6
    assert carry(repo, read_events(text, "churn")) == 0
    assert promote(repo, "churn", "dev", who()).version == 4


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "approval"}, "a workflow has no say in approval; allowed: training, evaluation"),
        ({"kind": "promotion"}, "a workflow has no say in promotion"),
        ({"kind": "gate"}, "a workflow has no say in gate"),
        ({"model": "credit-risk"}, "holds an event about 'credit-risk'; allowed: churn"),
        ({"more": 1}, "is no list of events"),
    ],
)
def test_training_cannot_approve_or_promote_or_speak_for_others(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_events(json.dumps([asdict(events()[0]) | change]), "churn")


@pytest.mark.parametrize("text", ["{}", "[1]", "[{}]", "["])
def test_nonsense(text: str) -> None:
    with pytest.raises(InputError, match="is no list of events"):
        read_events(text, "churn")


def test_the_command_takes_a_file_or_the_text(repo: Path, mlctl: Mlctl, monkeypatch: pytest.MonkeyPatch) -> None:
    (repo / "events.json").write_text(json.dumps([asdict(event) for event in events()][:1]))
    assert "fairness: not evaluated" in mlctl("model", "promote", "churn", "--to", "dev", "--evidence", "events.json")[2]
    monkeypatch.setenv("EVIDENCE", json.dumps([asdict(event) for event in events()][1:2]))
    assert "explanation: not evaluated" in mlctl("model", "promote", "churn", "--to", "dev")[2]
    assert [record.kind for record in EvidenceLog(repo / "evidence").records()] == ["evaluation", "fairness"]
    assert "no such file" in mlctl("model", "promote", "churn", "--to", "dev", "--evidence", "x.json")[2]
