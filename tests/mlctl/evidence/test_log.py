"""The evidence log: what it accepts, and that no tampering goes unnoticed."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
from pathlib import Path

import pytest

from mlctl.errors import InputError
from mlctl.evidence.log import EvidenceLog, read_records, verify_extends
from mlctl.evidence.record import GENESIS, Event


def event(number: int = 1, model: str = "churn") -> Event:
    return Event(
        kind="training", model=model, date="2026-11-20T12:00:00+00:00", actor="ada", version=number, details={"auc": 0.81, "rows": number}
    )


@pytest.fixture
def log(tmp_path: Path) -> EvidenceLog:
    log = EvidenceLog(tmp_path / "evidence")
    log.append([event(number) for number in range(1, 6)])
    return log


def lines(log: EvidenceLog) -> list[str]:
    return (log.folder / "churn.jsonl").read_text().splitlines(keepends=True)


def write(log: EvidenceLog, content: list[str]) -> None:
    (log.folder / "churn.jsonl").write_text("".join(content))


def test_the_hash_is_what_anybody_can_work_out(log: EvidenceLog) -> None:
    first = json.loads(lines(log)[0])
    claimed = first.pop("hash")
    text = json.dumps(first, sort_keys=True, separators=(",", ":"))
    assert claimed == hashlib.sha256(text.encode()).hexdigest()
    assert first["previous"] == GENESIS
    assert json.loads(lines(log)[1])["previous"] == claimed


def test_a_whole_log_has_no_problem(log: EvidenceLog) -> None:
    assert log.verify() == []
    assert [record.sequence for record in log.records("churn")] == [1, 2, 3, 4, 5]


def test_an_edited_record(log: EvidenceLog) -> None:
    content = lines(log)
    content[2] = content[2].replace("0.81", "0.91")
    write(log, content)
    assert log.verify() == [f"{log.folder}/churn.jsonl:3: was edited"]


def test_an_edited_record_with_a_new_hash_breaks_the_next(log: EvidenceLog) -> None:
    from mlctl.evidence.record import canonical, digest

    content = lines(log)
    value = json.loads(content[2])
    value["details"]["auc"] = 0.91
    value["hash"] = digest(value)
    content[2] = canonical(value) + "\n"
    write(log, content)
    assert log.verify() == [f"{log.folder}/churn.jsonl:4: does not follow the record before it"]


def test_a_deleted_record(log: EvidenceLog) -> None:
    content = lines(log)
    del content[1]
    write(log, content)
    assert f"{log.folder}/churn.jsonl:2: record 3 stands where record 2 belongs" in log.verify()


def test_reordered_records(log: EvidenceLog) -> None:
    content = lines(log)
    content[1], content[2] = content[2], content[1]
    write(log, content)
    assert f"{log.folder}/churn.jsonl:2: does not follow the record before it" in log.verify()


def test_a_truncated_chain(log: EvidenceLog) -> None:
    write(log, lines(log)[:3])
    assert log.verify() == [f"{log.folder}/churn.jsonl: 2 records are missing at the end"]
    with pytest.raises(InputError, match="the chain was cut or replaced"):
        log.append([event(6)])


def test_a_removed_chain(log: EvidenceLog) -> None:
    (log.folder / "churn.jsonl").unlink()
    assert log.verify() == [f"{log.folder}/churn.jsonl: the whole chain is missing"]
    with pytest.raises(InputError, match="the whole chain is missing"):
        log.append([event(6)])


def test_a_chain_rewritten_together_with_its_head_differs_from_the_base(log: EvidenceLog, tmp_path: Path) -> None:
    forged = EvidenceLog(tmp_path / "forged")
    forged.append([event(number) for number in (1, 2, 9)])
    assert forged.verify() == []
    assert verify_extends(forged.folder, log.folder) == [f"{forged.folder}/churn.jsonl: records that stood in the base are gone or changed"]


def test_growth_is_no_problem(log: EvidenceLog, tmp_path: Path) -> None:
    earlier = tmp_path / "earlier"
    earlier.mkdir()
    (earlier / "churn.jsonl").write_text("".join(lines(log)[:2]))
    assert verify_extends(log.folder, earlier) == []


def test_a_torn_last_line_was_never_acknowledged_and_is_dropped(log: EvidenceLog) -> None:
    with (log.folder / "churn.jsonl").open("a") as file:
        file.write('{"kind": "trai')
    log.append([event(6)])
    assert log.verify() == []
    assert len(lines(log)) == 6


def test_a_crash_between_chain_and_head_is_mended_by_the_next_record(log: EvidenceLog) -> None:
    heads = log.folder / "heads.json"
    before = heads.read_text()
    log.append([event(6)])
    heads.write_text(before)
    assert log.verify() == [f"{log.folder}/churn.jsonl: the chain does not end where heads.json says"]
    log.append([event(7)])
    assert log.verify() == []


def _append_many(folder: str, model: str) -> None:
    for number in range(25):
        EvidenceLog(Path(folder)).append([event(number + 1, model)])


def test_concurrent_writers_lose_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_append_many, args=(str(folder), model)) for model in ("churn", "churn", "credit-risk", "churn")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    log = EvidenceLog(folder)
    assert log.verify() == []
    assert {model: len(list(log.records(model))) for model in log.models()} == {"churn": 75, "credit-risk": 25}


def test_rules_get_plain_mappings(log: EvidenceLog) -> None:
    assert read_records(log.folder)[0]["actor"] == "ada"
    assert read_records(log.folder / "nowhere") == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kind": "gossip"}, "'gossip' is no kind of evidence"),
        ({"date": "yesterday"}, "'yesterday' is no date"),
        ({"date": "2026-11-20T12:00:00"}, "has no time zone"),
        ({"actor": " "}, "actor: is empty"),
        ({"verdict": "maybe"}, "'maybe' is no verdict"),
    ],
)
def test_what_is_no_event(change: dict[str, str], message: str) -> None:
    values = {"kind": "training", "model": "churn", "date": "2026-11-20T12:00:00+00:00", "actor": "ada"}
    with pytest.raises(InputError, match=message):
        Event(**{**values, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize("details", [{"auc": float("nan")}, {"when": object()}])
def test_details_that_are_not_json(tmp_path: Path, details: dict[str, object]) -> None:
    bad = Event(kind="training", model="churn", date="2026-11-20T12:00:00+00:00", actor="ada", details=details)
    with pytest.raises(InputError, match="the evidence is not JSON"):
        EvidenceLog(tmp_path).append([bad])
    assert not list(tmp_path.glob("*.jsonl"))


def test_a_model_name_cannot_leave_the_folder(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no model name"):
        EvidenceLog(tmp_path).append([event(model="../x")])
