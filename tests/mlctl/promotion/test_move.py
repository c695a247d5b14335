"""Promotion and rollback on files: what is judged, what is written, and what a killed run leaves."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path
from unittest import mock

import pytest

from mlctl.config.gates import Promotion
from mlctl.config.load import load_environment
from mlctl.errors import BlockedError, InputError, ServiceError
from mlctl.evidence.log import EvidenceLog
from mlctl.evidence.record import GENESIS, Event, chained
from mlctl.promotion import intent
from mlctl.promotion.gate import Candidate, Registered, judge
from mlctl.promotion.intent import Pins
from mlctl.promotion.move import approve, promote, rollback
from mlctl.promotion.pin import Pin
from tests.mlctl.promotion.conftest import KINDS, NOW, pinned, prove, who


def kinds(root: Path, model: str = "churn") -> list[str]:
    return [record.kind for record in EvidenceLog(root / "evidence").records(model)]


def pin(root: Path, environment: str, model: str = "churn") -> Pin:
    return Pins(root).pin(environment, model)


def text(root: Path, environment: str) -> str:
    return (root / "environments" / f"{environment}.yaml").read_text()


class Fake:
    """A registry that answers one thing."""

    def __init__(self, answer: Registered | Exception) -> None:
        self.answer = answer

    def look_up(self, model: str, version: int) -> Registered:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_the_newest_version_with_evidence_goes_to_the_first_environment(repo: Path) -> None:
    prove(repo, 3)
    prove(repo, 4)
    before = text(repo, "dev")
    moved = promote(repo, "churn", "dev", who())
    assert (moved.version, moved.from_version, moved.mended) == (4, None, None)
    assert pin(repo, "dev") == Pin(version=4, previous=None)
    changed = set(text(repo, "dev").splitlines()) ^ set(before.splitlines())
    line = "    version:{} # set by `mlctl model promote churn --to dev`"
    assert changed == {line.format(""), line.format(" 4")}
    assert f"+{line.format(' 4')}" in moved.diff and f"-{line.format('')}" in moved.diff
    record = list(EvidenceLog(repo / "evidence").records("churn"))[-1]
    assert (record.kind, record.version, record.environment, record.actor, record.commit) == (
        "promotion",
        4,
        "dev",
        "ada@acme.example",
        "c" * 40,
    )
    assert record.details["gates"] == {
        "registry": "not_evaluated",
        **dict.fromkeys(KINDS, "pass"),
        "contract_version": "pass",
        "age": "pass",
    }
    assert EvidenceLog(repo / "evidence").verify() == []


@pytest.mark.parametrize("kind", KINDS)
def test_each_required_kind_blocks_when_it_is_missing_and_when_it_fails(repo: Path, kind: str) -> None:
    prove(repo, 1, leave_out=kind)
    before = text(repo, "dev"), kinds(repo)
    with pytest.raises(BlockedError, match=f"{kind}: not evaluated: version 1 has no evidence"):
        promote(repo, "churn", "dev", who())
    prove(repo, 2, failing=kind)
    with pytest.raises(BlockedError, match=f"{kind}: fail"):
        promote(repo, "churn", "dev", who(), version=2)
    assert (text(repo, "dev"), kinds(repo)[: len(before[1])]) == before
    assert "promotion" not in kinds(repo)


def test_an_old_evaluation_blocks(repo: Path) -> None:
    prove(repo, 1, days_ago=31)
    with pytest.raises(BlockedError, match="age: fail: evaluated 31 days ago; at most 30 allowed"):
        promote(repo, "churn", "dev", who())


def test_evidence_of_the_future_is_a_clock_that_jumped(repo: Path) -> None:
    prove(repo, 1, days_ago=-2)
    with pytest.raises(BlockedError, match=r"age: not evaluated: .* a clock is wrong"):
        promote(repo, "churn", "dev", who())


def test_another_contract_than_todays_blocks(repo: Path) -> None:
    prove(repo, 1)
    (repo / "ml" / "models" / "churn.yaml").write_text('contract:\n  version: "2.0"\n')
    with pytest.raises(BlockedError, match=r"contract_version: fail: trained on contract 1\.0\+abc; today's is 2\.0"):
        promote(repo, "churn", "dev", who())


def test_soak_and_approval_on_the_way_to_production(repo: Path) -> None:
    prove(repo, 1)
    with pytest.raises(BlockedError, match="dev serves no version of churn"):
        promote(repo, "churn", "staging", who())
    promote(repo, "churn", "dev", who())
    with pytest.raises(BlockedError) as refused:
        promote(repo, "churn", "staging", who(23.5))
    assert "soak: fail: 23.5 h in dev since its promotion; 24 asked" in str(refused.value)
    assert "approvals: fail: approved by nobody; 1 asked" in str(refused.value)
    approve(repo, "churn", 1, who(actor="Ana@acme.example"))
    promote(repo, "churn", "staging", who(24))
    approve(repo, "churn", 1, who(actor="ana@acme.example "))
    with pytest.raises(BlockedError, match=r"approvals: fail: approved by ana@acme\.example; 2 asked"):
        promote(repo, "churn", "prod", who(24 + 72))
    approve(repo, "churn", 1, who(actor="ben@acme.example"))
    approve(repo, "churn", 1, who(actor="ben@acme.example"), revoke=True)
    with pytest.raises(BlockedError, match=r"approvals: fail"):
        promote(repo, "churn", "prod", who(24 + 72))
    approve(repo, "churn", 1, who(actor="ben@acme.example"))
    assert promote(repo, "churn", "prod", who(24 + 72)).version == 1


def test_a_version_that_the_environment_before_does_not_serve(repo: Path) -> None:
    prove(repo, 1)
    prove(repo, 2)
    promote(repo, "churn", "dev", who(), version=1)
    with pytest.raises(BlockedError, match="soak: fail: dev serves version 1, not version 2: promote it there first"):
        promote(repo, "churn", "staging", who(48), version=2)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (Registered(sha256=None, problem="version 1 of churn is not registered"), "is not registered"),
        (Registered(sha256="a" * 64, problem="version 1 is archived"), "version 1 is archived"),
        (Registered(sha256="b" * 64), "tampered"),
        (Registered(sha256=None), "registry and evidence name no common hash of version 1"),
        (Registered(sha256=None, model_sha256="a" * 64), "registry and evidence name no common hash of version 1"),
    ],
)
def test_what_the_registry_objects_to(repo: Path, answer: Registered, message: str) -> None:
    prove(repo, 1)
    with pytest.raises(BlockedError, match=message):
        promote(repo, "churn", "dev", who(), registry=Fake(answer))
    assert pin(repo, "dev").version is None


def test_the_hash_of_the_trained_model_is_compared_too() -> None:
    record = chained(
        Event(kind="artefact", model="churn", version=1, date=NOW.isoformat(), actor="t", details={"model_sha256": "m" * 64}), 1, GENESIS
    )
    for here, verdict in (("m" * 64, "pass"), ("n" * 64, "fail")):
        registered = Registered(sha256="a" * 64, model_sha256=here)
        candidate = Candidate(model="churn", version=1, records=[record], definition=None, from_version=None, registered=registered)
        assert judge(candidate, Promotion(), NOW)[0].verdict == verdict


def test_a_registry_that_is_down_changes_nothing(repo: Path) -> None:
    prove(repo, 1)
    with pytest.raises(ServiceError):
        promote(repo, "churn", "dev", who(), registry=Fake(ServiceError("MLflow: down")))
    assert pin(repo, "dev").version is None
    assert "promotion" not in kinds(repo)
    assert promote(repo, "churn", "dev", who(), registry=Fake(Registered(sha256="a" * 64))).version == 1


def test_twice_the_same(repo: Path) -> None:
    prove(repo, 1)
    promote(repo, "churn", "dev", who())
    with pytest.raises(BlockedError, match="version 1 of churn serves in dev already"):
        promote(repo, "churn", "dev", who())


def test_broken_evidence_stops_everything(repo: Path) -> None:
    prove(repo, 1)
    path = repo / "evidence" / "churn.jsonl"
    path.write_text(path.read_text().replace('"actor":"training"', '"actor":"somebody"', 1))
    with pytest.raises(InputError, match=r"the evidence of churn is broken: .*churn\.jsonl:1: was edited"):
        promote(repo, "churn", "dev", who())


def test_there_and_back_again(repo: Path) -> None:
    for version in (1, 2, 3):
        prove(repo, version)
        promote(repo, "churn", "dev", who(version), version=version)
    assert pin(repo, "dev") == Pin(version=3, previous=2)
    moved = rollback(repo, "churn", "dev", who(5), reason="slow")
    assert (moved.from_version, moved.version) == (3, 2)
    assert pin(repo, "dev") == Pin(version=2, previous=1), "never the version that was bad"
    rollback(repo, "churn", "dev", who(6), reason="slow too")
    assert pin(repo, "dev") == Pin(version=1, previous=None)
    with pytest.raises(BlockedError, match="version 1 has no previous_version"):
        rollback(repo, "churn", "dev", who(7), reason="slow as well")
    last = list(EvidenceLog(repo / "evidence").records("churn"))[-1]
    assert (last.kind, last.version, last.details["from_version"], last.details["reason"]) == ("rollback", 1, 2, "slow too")


def test_rollback_of_what_never_served(repo: Path) -> None:
    with pytest.raises(BlockedError, match="nothing serves there"):
        rollback(repo, "churn", "dev", who(), reason="x")


def test_approval_of_an_unknown_version(repo: Path) -> None:
    prove(repo, 1)
    with pytest.raises(InputError, match="no evidence about version 7 of churn; allowed: 1"):
        approve(repo, "churn", 7, who())


class Killed(BaseException):
    """Stands for SIGKILL: nothing after it runs."""


@pytest.mark.parametrize(
    ("step", "pinned", "said"),
    [
        (0, None, None),
        (1, None, "had been interrupted before it changed anything; it was dropped"),
        (2, 1, "had been interrupted before its evidence was written; it was completed"),
    ],
)
def test_killed_between_two_writes(repo: Path, step: int, pinned: int | None, said: str | None) -> None:
    prove(repo, 1)
    real, calls = intent.write_atomically, 0

    def dies(path: Path, content: str) -> None:
        nonlocal calls
        if calls == step:
            raise Killed
        calls += 1
        real(path, content)

    with (
        mock.patch.object(intent, "write_atomically", side_effect=dies),
        mock.patch.object(Pins, "_record", side_effect=Killed),
        pytest.raises(Killed),
    ):
        promote(repo, "churn", "dev", who())
    with Pins(repo).locked() as mended:
        assert (mended or "").endswith(said or "")
        assert (mended is None) == (said is None)
    assert pin(repo, "dev").version == pinned
    assert kinds(repo).count("promotion") == (1 if pinned else 0)
    with Pins(repo).locked() as again:
        assert again is None


def test_killed_after_the_evidence(repo: Path) -> None:
    prove(repo, 1)
    with mock.patch.object(Path, "unlink", side_effect=Killed), pytest.raises(Killed):
        promote(repo, "churn", "dev", who())
    with Pins(repo).locked() as mended:
        assert mended == "the promotion of churn to version 1 in dev had been interrupted after its last step; nothing was left to do"
    assert kinds(repo).count("promotion") == 1


def test_a_damaged_intent_is_not_guessed_at(repo: Path) -> None:
    prove(repo, 1)
    (repo / ".mlctl").mkdir()
    (repo / ".mlctl" / "promotion-intent.json").write_text("{")
    with pytest.raises(InputError, match="an interrupted promotion left this file, and it is damaged"):
        promote(repo, "churn", "dev", who())


def test_a_full_disk_at_each_write_takes_everything_back(repo: Path) -> None:
    prove(repo, 1)
    before, evidence = text(repo, "dev"), (repo / "evidence" / "churn.jsonl").read_bytes()
    real = os.fsync
    for failing in (1, 3, 5, 6):  # intent, environment, chain, heads; between them folders are synced
        calls = 0

        def full(descriptor: int, failing: int = failing) -> None:
            nonlocal calls
            calls += 1
            if calls == failing:
                raise OSError(28, "No space left on device")
            real(descriptor)

        with mock.patch.object(os, "fsync", side_effect=full), pytest.raises(InputError, match="No space left on device"):
            promote(repo, "churn", "dev", who())
        assert text(repo, "dev") == before
        assert (repo / "evidence" / "churn.jsonl").read_bytes() == evidence
        assert not (repo / ".mlctl" / "promotion-intent.json").exists()
        assert [path.name for path in (repo / "environments").iterdir() if path.name.startswith(".")] == []
    assert EvidenceLog(repo / "evidence").verify() == []
    assert promote(repo, "churn", "dev", who()).version == 1


def _promote(root: str, model: str) -> None:
    promote(Path(root), model, "dev", who())


def test_two_promotions_at_once(repo: Path) -> None:
    prove(repo, 1)
    prove(repo, 1, "credit-risk")
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_promote, args=(str(repo), model)) for model in ("churn", "credit-risk")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert pin(repo, "dev", "churn").version == pin(repo, "dev", "credit-risk").version == 1
    assert EvidenceLog(repo / "evidence").verify() == []


def try_out(root: Path, version: int) -> None:
    """Put a challenger beside churn in dev, as a person would."""
    path = root / "environments" / "dev.yaml"
    line = "    serverless: {memory_mb: 2048, max_concurrency: 5}\n"
    head, _, tail = path.read_text().rpartition(line)
    path.write_text(f"{head}{line}    challenger: {{version: {version}, weight_percent: 10}}\n{tail}")


def test_a_challenger_that_won_is_promoted_and_no_longer_on_trial(repo: Path) -> None:
    for version in (1, 2):
        prove(repo, version)
    promote(repo, "churn", "dev", who(), version=1)
    try_out(repo, 2)
    assert pin(repo, "dev") == Pin(version=1, previous=None, challenger=2)
    promote(repo, "churn", "dev", who(1), version=2)
    assert pin(repo, "dev") == Pin(version=2, previous=1)
    load_environment(repo / "environments" / "dev.yaml")


def test_a_challenger_that_lost_is_withdrawn_before_anything_else(repo: Path) -> None:
    for version in (1, 2, 3):
        prove(repo, version)
    for version in (1, 2):
        promote(repo, "churn", "dev", who(version), version=version)
    try_out(repo, 3)
    moved = rollback(repo, "churn", "dev", who(3), reason="slow")
    assert (moved.from_version, moved.version) == (3, 2)
    assert pin(repo, "dev") == Pin(version=2, previous=1), "the champion and its way back stay"
    assert rollback(repo, "churn", "dev", who(4), reason="slow too").version == 1


def test_a_version_on_trial_stands_beside_the_one_that_serves(repo: Path) -> None:
    for version in (1, 2):
        prove(repo, version)
    with pytest.raises(BlockedError, match="nothing serves churn in dev, so nothing can be compared"):
        promote(repo, "churn", "dev", who(), version=1, trial=True)
    promote(repo, "churn", "dev", who(), version=1)
    moved = promote(repo, "churn", "dev", who(1), version=2, trial=True)
    dev = repo / "environments" / "dev.yaml"
    assert "+    challenger: {version: 2, weight_percent: 10}" in moved.diff.splitlines()
    assert load_environment(dev).models["churn"].challenger is not None
    pin = pinned(dev, "churn")
    assert (pin.version, pin.challenger, pin.share) == (1, 2, 10)
    log = EvidenceLog(repo / "evidence")
    last = list(log.records("churn"))[-1]
    assert (last.kind, last.version, last.verdict, last.details["trial"]) == ("canary", 2, None, True)
    with pytest.raises(BlockedError, match="version 2 of churn is on trial in dev already"):
        promote(repo, "churn", "dev", who(2), version=2, trial=True)
    won = promote(repo, "churn", "dev", who(3), version=2)
    assert won.from_version == 1 and "challenger" not in dev.read_text()
    assert pinned(dev, "churn") == Pin(version=2, previous=1)


def test_a_trial_that_failed_is_withdrawn(repo: Path) -> None:
    for version in (1, 2):
        prove(repo, version)
    promote(repo, "churn", "dev", who(), version=1)
    before = (repo / "environments" / "dev.yaml").read_text()
    promote(repo, "churn", "dev", who(1), version=2, trial=True)
    rollback(repo, "churn", "dev", who(2), reason="slow")
    assert (repo / "environments" / "dev.yaml").read_text() == before


def test_a_trial_killed_before_its_evidence_is_completed(repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for version in (1, 2):
        prove(repo, version)
    path = repo / "environments" / "dev.yaml"
    path.write_text(path.read_text() + "\n")
    promote(repo, "churn", "dev", who(), version=1)
    with monkeypatch.context() as patch:
        patch.setattr(Pins, "_record", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            promote(repo, "churn", "dev", who(1), version=2, trial=True)
    rolled = rollback(repo, "churn", "dev", who(2), reason="slow")
    assert rolled.mended is not None and "it was completed" in rolled.mended
    assert [record.kind for record in EvidenceLog(repo / "evidence").records("churn")][-3:] == ["promotion", "canary", "rollback"]
