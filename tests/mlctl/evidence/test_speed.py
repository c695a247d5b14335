"""Ten thousand records are checked in seconds, and adding to a long chain costs what adding to a short one costs."""

from __future__ import annotations

import time
from pathlib import Path
from unittest import mock

from mlctl.evidence import chain
from mlctl.evidence.log import EvidenceLog
from mlctl.evidence.record import Event

COUNT = 10_000


def event(number: int) -> Event:
    details = {"auc": 0.81, "rows": number, "data_hash": "a" * 64}
    return Event(kind="evaluation", model="churn", date="2026-11-20T12:00:00+00:00", actor="ada", version=number, details=details)


def test_ten_thousand_records(tmp_path: Path) -> None:
    log = EvidenceLog(tmp_path)
    log.append([event(number) for number in range(1, COUNT + 1)])
    started = time.process_time()
    assert log.verify() == []
    assert time.process_time() - started <= 2, "processor time, so that neighbours on the machine do not count"

    real = chain._record
    with mock.patch.object(chain, "_record", side_effect=real) as read:
        log.append([event(COUNT + 1)])
    assert read.call_count == 1, "only the last line is read"
    assert [record.sequence for record in log.records("churn")][-1] == COUNT + 1


def test_the_last_line_is_found_however_long_it_is(tmp_path: Path) -> None:
    log = EvidenceLog(tmp_path)
    long = Event(kind="gate", model="churn", date="2026-11-20T12:00:00+00:00", actor="ada", details={"text": "x" * 200_000})
    log.append([event(1), long])
    with (tmp_path / "churn.jsonl").open("a") as file:
        file.write('{"torn": "' + "y" * 150_000)
    log.append([event(2)])
    assert log.verify() == []
    assert [record.kind for record in log.records()] == ["evaluation", "gate", "evaluation"]
