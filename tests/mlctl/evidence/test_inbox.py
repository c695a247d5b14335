"""Evidence from the cluster: left once, taken once, in order, and only from those it belongs to. S3 is moto's."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from mlctl.errors import InputError, ServiceError
from mlctl.evidence.inbox import FOLDER, Inbox
from mlctl.evidence.log import EvidenceLog
from mlctl.evidence.record import Event, canonical, fingerprint
from mlctl.evidence.workflow_say import check_say
from mlctl.promotion.history import served_since, versions_before
from workflows.steps.evidence import KINDS

STEPS = Path(__file__).parents[3] / "workflows" / "steps"
BUCKET = "acme-dev-audit-111111111111"
OWNERS = {"churn": "retention", "credit-risk": "lending"}


def event(number: int = 1, **changes: Any) -> Event:
    made = Event(
        kind="evaluation",
        model="churn",
        date=f"2026-11-20T12:00:{number:02d}+00:00",
        actor="workflow x",
        version=number,
        details={"auc": 0.5, "rows": [number]},
    )
    return replace(made, **changes)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        yield client


@pytest.fixture
def inbox(s3: Any) -> Inbox:
    return Inbox.at(f"s3://{BUCKET}/retention/{FOLDER}", s3)


@pytest.fixture
def log(tmp_path: Path) -> EvidenceLog:
    return EvidenceLog(tmp_path / "evidence")


def everything(s3: Any) -> Inbox:
    return Inbox(BUCKET, "", s3)


def test_what_a_workflow_leaves_is_in_the_chain_in_the_order_it_happened(inbox: Inbox, s3: Any, log: EvidenceLog) -> None:
    inbox.put([event(3), event(1), event(2)])
    found = everything(s3).collect(log, OWNERS)
    assert (len(found.events), found.refused) == (3, ())
    assert [record.version for record in log.records("churn")] == [1, 2, 3]
    assert [record.details for record in log.records("churn")] == [event(number).details for number in (1, 2, 3)]
    assert log.verify() == []


def test_a_step_that_is_tried_again_leaves_nothing_twice(inbox: Inbox, s3: Any, log: EvidenceLog) -> None:
    assert inbox.put([event(1)]) == 1
    assert inbox.put([event(1, date="2026-11-20T13:00:00+00:00"), event(2)]) == 1
    assert len(s3.list_object_versions(Bucket=BUCKET)["Versions"]) == 2
    everything(s3).collect(log, OWNERS)
    assert everything(s3).collect(log, OWNERS).events == ()
    assert [record.version for record in log.records("churn")] == [1, 2]


def test_what_came_another_way_is_not_taken_again(inbox: Inbox, s3: Any, log: EvidenceLog) -> None:
    log.append([event(1)])
    inbox.put([event(1, date="2026-11-21T12:00:00+00:00"), event(2)])
    everything(s3).collect(log, OWNERS)
    assert [record.version for record in log.records("churn")] == [1, 2]


def test_more_than_a_page_is_collected(inbox: Inbox, s3: Any, log: EvidenceLog) -> None:
    inbox.put([event(number % 60, version=number) for number in range(1, 1103)])
    assert len(everything(s3).collect(log, OWNERS).events) == 1102
    assert log.verify() == []


@pytest.mark.parametrize("kind", ["approval", "gate", "deployment", "canary"])
def test_a_workflow_cannot_approve(kind: Any, inbox: Inbox, s3: Any, log: EvidenceLog) -> None:
    inbox.put([event(1, kind=kind), event(2)])
    found = everything(s3).collect(log, OWNERS)
    assert [record.version for record in log.records("churn")] == [2]
    assert [line.rpartition(": ")[2] for line in found.refused] == [f"a workflow has no say in {kind}"]


@pytest.mark.parametrize("kind", ["promotion", "rollback"])
def test_a_workflow_moves_the_champion_and_nothing_in_an_environment(kind: Any, inbox: Inbox, s3: Any, log: EvidenceLog) -> None:
    log.append([event(1, kind="promotion", environment="staging")])
    before = served_since(list(log.records("churn")), "staging", 1)
    inbox.put([event(2, kind=kind, environment="staging", date="2026-01-01T12:00:00+00:00"), event(3, kind=kind)])
    found = everything(s3).collect(log, OWNERS)
    assert [(item.version, item.environment) for item in found.events] == [(3, None)]
    assert [line.rpartition(": ")[2] for line in found.refused] == [f"a workflow has no say in a {kind} in an environment"]
    records = list(log.records("churn"))
    assert served_since(records, "staging", 1) == before and served_since(records, "staging", 2) is None
    assert versions_before(records, "staging") == [1]


def test_every_event_that_the_workflows_write_is_believed() -> None:
    """Kind by kind, as workflows/steps writes them: with the environment where a version is judged for one, without where it moves."""
    for kind in (*KINDS, "monitoring"):
        for environment in (None, "staging"):
            check_say(event(1, kind=kind, environment=environment))
    for kind in ("promotion", "rollback"):
        check_say(event(1, kind=kind))
    noted = [ast.literal_eval(call.args[0]) for path in STEPS.glob("*.py") for call in _notes(ast.parse(path.read_text()))]
    assert sorted(noted) == ["monitoring", "promotion", "rollback"], "a new kind needs a place in mlctl/evidence/workflow_say.py"


def _notes(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "note":
            yield node


def test_a_team_cannot_speak_of_anothers_model(inbox: Inbox, s3: Any, log: EvidenceLog) -> None:
    inbox.put([event(1, model="credit-risk"), event(2, model="unknown")])
    found = everything(s3).collect(log, OWNERS)
    assert found.events == ()
    assert sorted("credit-risk" in line for line in found.refused) == [False, True]
    assert log.models() == []


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b'{"kind": "nonsense"}'])
def test_what_is_no_event_is_named_and_the_others_are_taken(content: bytes, inbox: Inbox, s3: Any, log: EvidenceLog) -> None:
    key = f"retention/{FOLDER}/churn/{'0' * 64}.json"
    s3.put_object(Bucket=BUCKET, Key=key, Body=content)
    inbox.put([event(1)])
    found = everything(s3).collect(log, OWNERS)
    assert len(found.events) == 1
    [refused] = found.refused
    assert refused.startswith(f"s3://{BUCKET}/{key}: ")


def test_content_that_was_put_under_anothers_key_is_refused(inbox: Inbox, s3: Any, log: EvidenceLog) -> None:
    key = f"retention/{FOLDER}/churn/{fingerprint(event(1))}.json"
    s3.put_object(Bucket=BUCKET, Key=key, Body=canonical(asdict(event(1, verdict="pass"))).encode())
    found = everything(s3).collect(log, OWNERS)
    assert found.events == ()
    assert "does not belong there" in found.refused[0]


def test_other_objects_of_the_bucket_are_left_alone(s3: Any, log: EvidenceLog) -> None:
    s3.put_object(Bucket=BUCKET, Key="evidence/churn/00000001-abc.json", Body=b"{}")
    s3.put_object(Bucket=BUCKET, Key="cost/data.csv", Body=b"x")
    assert everything(s3).collect(log, OWNERS).refused == ()


@pytest.mark.parametrize("address", ["s3://", "s3://bucket", "s3://bucket/", "http://bucket/x", "/folder"])
def test_an_address_that_is_none_is_refused(address: str, s3: Any) -> None:
    with pytest.raises(InputError, match="s3://BUCKET/PREFIX"):
        Inbox.at(address, s3)


def test_a_bucket_that_is_not_there_is_a_service_that_failed(s3: Any, log: EvidenceLog) -> None:
    with pytest.raises(ServiceError, match="NoSuchBucket"):
        Inbox("none-such", "x", s3).put([event()])
    with pytest.raises(ServiceError, match="NoSuchBucket"):
        Inbox("none-such", "", s3).contents(log, OWNERS)


def test_the_object_is_plain_json_anybody_can_read(inbox: Inbox, s3: Any) -> None:
    inbox.put([event(1)])
    [item] = s3.list_objects_v2(Bucket=BUCKET)["Contents"]
    assert item["Key"] == f"retention/{FOLDER}/churn/{fingerprint(event(1))}.json"
    assert json.loads(s3.get_object(Bucket=BUCKET, Key=item["Key"])["Body"].read()) == json.loads(canonical(asdict(event(1))))
