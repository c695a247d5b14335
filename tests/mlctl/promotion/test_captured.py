"""Records in S3 (moto): each is counted once, late ones too, and an hour that is over is not listed again and again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from moto import mock_aws

from ml.serving import exchange as monitoring
from mlctl.promotion import captured
from mlctl.promotion.captured import Captured, Recorded, Records
from mlctl.promotion.exchange import read_exchange, request_rows
from mlctl.promotion.watched import Watched

NOW = datetime(2026, 11, 20, 12, 10, tzinfo=UTC)
BUCKET, PREFIX = "acme-prod-argo", "retention/monitoring/churn/decisions/acme-prod-churn/champion"


class Counting:
    """S3, and which folders were listed."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3
        self.listed: list[str] = []

    def list_objects_v2(self, **given: Any) -> Any:
        self.listed.append(given["Prefix"].removeprefix(f"{PREFIX}/"))
        return self._s3.list_objects_v2(**given)

    def get_object(self, **given: Any) -> Any:
        return self._s3.get_object(**given)


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        made = boto3.client("s3", region_name="us-east-1", aws_access_key_id="t", aws_secret_access_key="t")
        made.create_bucket(Bucket=BUCKET)
        yield made


def put(s3: Any, moment: datetime, name: str = "one") -> None:
    sides = {"endpointInput": side("{}"), "endpointOutput": side(json.dumps({"predictions": [{"score": 0.5}]}))}
    line = json.dumps({"captureData": sides, "eventMetadata": {"inferenceTime": f"{moment:%Y-%m-%dT%H:%M:%SZ}"}})
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/{moment:%Y/%m/%d/%H}/{moment:%M}-{name}.jsonl", Body=line.encode())


def side(data: str, kind: str = "application/json") -> dict[str, str]:
    return {"observedContentType": kind, "mode": "INPUT", "data": data, "encoding": "JSON"}


def read(records: Captured, after: timedelta) -> int:
    return sum(records.read(NOW + after).scores)


def test_only_the_hours_since_the_last_look_are_listed(s3: Any) -> None:
    counting = Counting(s3)
    records = Records(s3=counting, favourable=None).since(NOW, BUCKET, PREFIX)
    put(s3, NOW + timedelta(minutes=1))
    assert read(records, timedelta(minutes=5)) == 1
    put(s3, NOW + timedelta(hours=1))
    put(s3, NOW + timedelta(hours=2))
    assert read(records, timedelta(hours=2, minutes=5)) == 3
    put(s3, NOW + timedelta(hours=1, minutes=49), "late")
    counting.listed.clear()
    assert read(records, timedelta(hours=2, minutes=20)) == 4
    assert counting.listed == ["2026/11/20/13/", "2026/11/20/14/"], "12 is over, 13 may still get what is late"
    counting.listed.clear()
    assert read(records, timedelta(hours=5)) == 4
    assert counting.listed == [f"2026/11/20/{hour}/" for hour in (13, 14, 15, 16, 17)], "the last look saw 13 and 14 only"


def test_what_one_look_cannot_read_is_read_by_the_next(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captured, "_MOST", 3)
    records = Records(s3=s3, favourable=None).since(NOW, BUCKET, PREFIX)
    for number in range(5):
        put(s3, NOW + timedelta(minutes=1), f"{number}")
    put(s3, NOW + timedelta(hours=3))
    assert [read(records, timedelta(hours=4)) for _ in range(3)] == [3, 6, 6]


def test_figures_of_one_side_wait_for_those_of_the_other(s3: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(captured, "_MOST", 3)
    records = Records(s3=s3, favourable=None)
    sides = Recorded({"champion": records.since(NOW, BUCKET, PREFIX), "challenger": records.since(NOW, BUCKET, "elsewhere")})
    seen = []
    put(s3, NOW + timedelta(minutes=1), "first")
    for minutes in (2, 3, 4):
        arms = sides.arms(NOW + timedelta(minutes=minutes))
        seen.append(sum(arms["champion"].scores))
        if minutes == 2:
            for number in range(5):
                put(s3, NOW + timedelta(minutes=1), f"{number}")
    assert seen == [1, 1, 6], "the second look read three of five"


FORMS = [
    ('{"dataframe_records": [{"sex": "f"}, {"sex": "m"}]}', "application/json"),
    ('{"dataframe_split": {"columns": ["sex", "age"], "data": [["f", 1], ["m", 2]]}}', "application/json"),
    ('{"instances": [{"sex": "f"}, {"sex": "m"}]}', "application/json"),
    ('{"inputs": {"sex": ["f", "m"], "age": [1, 2]}}', "application/json"),
    ('{"inputs": {"sex": "f"}}', "application/json"),
    ("sex,age\nf,1\nm,2\n", "text/csv; charset=utf-8"),
]


@pytest.mark.parametrize(("text", "kind"), FORMS)
def test_requests_are_read_as_monitoring_reads_them(text: str, kind: str) -> None:
    assert request_rows(text, kind) == monitoring._rows(text, kind)
    assert request_rows(text, kind)[0]["sex"] == "f"


def test_an_answer_belongs_to_the_row_it_names(s3: Any) -> None:
    answers = [{"row": 1, "score": 0.1, "decision": "offer"}, {"row": 0, "score": 0.9, "decision": "no offer"}]
    sides = {"endpointInput": side(FORMS[0][0]), "endpointOutput": side(json.dumps({"predictions": answers}))}
    line = json.dumps({"captureData": sides, "eventMetadata": {"inferenceTime": "2026-11-20T12:11:00Z"}})
    s3.put_object(Bucket=BUCKET, Key=f"{PREFIX}/2026/11/20/12/11-a.jsonl", Body=line.encode())
    watched = (Watched(column="sex", words=frozenset("fm")),)
    arm = Records(s3=s3, favourable="offer", watched=watched).since(NOW, BUCKET, PREFIX).read(NOW + timedelta(minutes=5))
    assert arm.groups == {"sex: m": (1, 1), "sex: f": (0, 1)}


def test_a_request_of_another_form_leaves_its_scores(s3: Any) -> None:
    sides = {"endpointInput": side("[1, 2]"), "endpointOutput": side('{"predictions": [0.25]}')}
    found = read_exchange(json.dumps({"captureData": sides, "eventMetadata": {"inferenceTime": "2026-11-20T12:11:00Z"}}).encode())
    assert found is not None and found.answers == ((0.25, {}),)
    for line in (b"", b"\xff", b"[]", b'{"captureData": {}}', b'{"eventMetadata": {"inferenceTime": "noon"}}'):
        assert read_exchange(line) is None
