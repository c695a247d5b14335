"""The scan around Checkov: what goes wrong is *not evaluated* and blocks; unknown values decide nothing; waivers apply."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mlctl.checks.checkov import Scan, ScanResult, start_scan
from mlctl.checks.waivers import Waivers, read_waivers
from mlctl.config import Environment, load_environments
from mlctl.config.gates import Policy
from mlctl.finding import Status
from mlctl.plan.environment import Repository
from mlctl.plan.model import UNKNOWN, Plan, Resource, StackPlan

ROOT = Repository.find().root
TODAY = date(2026, 6, 1)
TOPIC = "aws:sns/topic:Topic"
KEY = "aws:kms/key:Key"


def resource(kind: str, name: str, inputs: dict[str, Any], **more: Any) -> Resource:
    return Resource(urn=f"urn:pulumi:dev::s::{kind}::{name}", type=kind, name=name, inputs=inputs, file="infra/x.py", line=9, **more)


def plan(*resources: Resource) -> Plan:
    return Plan(environment="dev", stacks=(StackPlan(name="s", environment="dev", resources=resources),))


@pytest.fixture(scope="module")
def environment() -> Environment:
    return load_environments(ROOT / "environments", ["dev"])[0].model_copy(update={"policy": Policy()})


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Stands for Checkov's interpreter: runs a Python body that has read the request as `request`."""

    def make(body: str) -> None:
        script = tmp_path / "python"
        read = "request = {'scans': {name: scan for line in sys.stdin for name, scan in json.loads(line)['scans'].items()}}"
        script.write_text(f"#!{sys.executable}\nimport json, sys, time\n{read}\n{body}\n", encoding="utf-8")
        script.chmod(0o755)
        monkeypatch.setenv("MLCTL_CHECKOV", str(script))

    return make


def answering(records: list[list[Any]], resources: int = 1) -> str:
    scan = {"resources": [["f", f"r{number}"] for number in range(resources)], "unparsed": [], "records": records}
    return f"print(json.dumps({{'version': '3', 'scans': {{name: {scan!r} for name in request['scans']}}}}))"


def record(check: str, result: str, name: str, keys: list[str], negative: bool = False) -> list[Any]:
    return [check, f"title of {check}", result, name, "/x/tfplan.json", 1, 2, keys, negative]


def scan(root: Path, subject: Plan, environment: Environment, waivers: Waivers | None = None, seconds: float = 60.0) -> ScanResult:
    with start_scan(root, limit_seconds=seconds) as running:
        running.submit_repository([environment.name])
        running.submit(subject)
        return running.result([environment], waivers or Waivers(), TODAY)


PLAIN = plan(resource(TOPIC, "t", {"displayName": "x"}))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("sys.exit('out of memory')", "Checkov ended with status 1: out of memory"),
        ("print('no json')", "Checkov answered something that is not JSON"),
        ("print('[1]')", "Checkov answered JSON of another shape"),
        ("time.sleep(60)", "Checkov did not finish within 1 seconds"),
        ("print(json.dumps({'version': '3', 'scans': {}}))", "Checkov's terraform_plan scan is missing from the answer"),
        (answering([], resources=0), "Checkov's terraform_plan scan saw 0 of 1 resources"),
    ],
)
def test_whatever_goes_wrong_is_not_evaluated_and_blocks(
    tmp_path: Path, environment: Environment, fake: Any, body: str, message: str
) -> None:
    fake(body)
    result = scan(tmp_path, PLAIN, environment, seconds=1.0 if "sleep" in body else 60.0)
    found = [finding for finding in result.findings("dev") if finding.message == message]
    assert [(finding.id, finding.status, finding.blocks) for finding in found] == [("checkov", Status.NOT_EVALUATED, True)]


def test_a_missing_checkov_says_how_to_get_it(tmp_path: Path, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLCTL_CHECKOV", raising=False)
    [finding] = scan(tmp_path, PLAIN, environment).findings("dev")
    assert finding.status is Status.NOT_EVALUATED and finding.blocks
    assert finding.message.startswith("Checkov cannot be started") and finding.message.endswith("run `make setup`")


def test_failures_point_at_the_python_line(tmp_path: Path, environment: Environment, fake: Any) -> None:
    fake(answering([record("CKV_AWS_26", "FAILED", "aws_sns_topic.s_t", ["kms_master_key_id"])]))
    [finding] = scan(tmp_path, PLAIN, environment).findings("dev")
    assert (finding.id, finding.status, finding.blocks) == ("CKV_AWS_26", Status.FAIL, True)
    assert (finding.resource, finding.stack, finding.file, finding.line) == (f"urn:pulumi:dev::s::{TOPIC}::t", "s", "infra/x.py", 9)
    assert finding.message == "title of CKV_AWS_26 (kms_master_key_id)"


@pytest.mark.parametrize(
    ("value", "result", "negative", "expected"),
    [
        (UNKNOWN, "FAILED", False, Status.NOT_EVALUATED),  # absent in the document: failing proves nothing
        (UNKNOWN, "PASSED", True, Status.NOT_EVALUATED),  # not the forbidden value, because it is no value
        (f"<<{KEY}|k|arn>>", "PASSED", False, Status.PASS),  # another resource makes it: it will be there
        (f"<<{KEY}|k|arn>>", "FAILED", False, Status.NOT_EVALUATED),  # its value is the cloud's
        (f"<<{KEY}|k|arn>>", "PASSED", True, Status.NOT_EVALUATED),
        ("alias/data", "FAILED", False, Status.FAIL),
        ("alias/data", "PASSED", True, Status.PASS),
    ],
)
def test_unknown_values_decide_nothing(
    tmp_path: Path, environment: Environment, fake: Any, value: str, result: str, negative: bool, expected: Status
) -> None:
    fake(answering([record("CKV_X", result, "aws_sns_topic.s_t", ["kms_master_key_id"], negative)]))
    scanned = scan(tmp_path, plan(resource(TOPIC, "t", {"kmsMasterKeyId": value})), environment)
    summary = scanned.summary("dev")
    assert [finding.status for finding in scanned.findings("dev")] == ([] if expected is Status.PASS else [expected])
    assert (summary.passed, summary.failed, summary.not_evaluated) == (
        int(expected is Status.PASS),
        int(expected is Status.FAIL),
        int(expected is Status.NOT_EVALUATED),
    )


def test_a_comment_does_not_suppress(tmp_path: Path, environment: Environment, fake: Any) -> None:
    fake(answering([record("CKV_AWS_26", "SKIPPED", "aws_sns_topic.s_t", [])]))
    [finding] = scan(tmp_path, PLAIN, environment).findings("dev")
    assert finding.status is Status.FAIL and "policies/waivers.yaml" in finding.message


def test_waivers_apply_to_checks(tmp_path: Path, environment: Environment, fake: Any) -> None:
    fake(answering([record("CKV_AWS_26", "FAILED", "aws_sns_topic.s_t", [])]))
    waivers = tmp_path / "waivers.yaml"
    entry = "rule: CKV_AWS_26, resource: '*Topic::t', reason: Nothing secret is sent here., owner: a@b.example, ticket: T-1"
    waivers.write_text(f"waivers:\n  - {{{entry}, expires: 2026-12-31}}\n", encoding="utf-8")
    scanned = scan(tmp_path, PLAIN, environment, read_waivers(waivers))
    assert [finding.status for finding in scanned.findings("dev")] == [Status.WAIVED]
    assert scanned.summary("dev").failed == 0


def test_the_environment_may_only_report(tmp_path: Path, environment: Environment, fake: Any) -> None:
    fake(answering([record("CKV_AWS_26", "FAILED", "aws_sns_topic.s_t", [])]))
    relaxed = environment.model_copy(update={"policy": Policy(checkov="report")})
    [finding] = scan(tmp_path, PLAIN, relaxed).findings("dev")
    assert finding.status is Status.FAIL and not finding.blocks


def test_what_cannot_be_shown_is_listed(tmp_path: Path, environment: Environment, fake: Any) -> None:
    fake(answering([]))
    strange = resource("aws:strange/thing:Thing", "x", {})
    chart = resource("kubernetes:helm.sh/v3:Release", "argo", {"chart": "argo"})
    scanned = scan(tmp_path, plan(*PLAIN.stacks[0].resources, strange, chart), environment)
    assert scanned.summary("dev").unmapped == (strange.urn, chart.urn)


def test_leaving_early_ends_the_process(tmp_path: Path, fake: Any) -> None:
    fake("time.sleep(600)")
    with Scan(tmp_path) as running:
        started: Any = running._process
    assert started.poll() is not None


def test_a_scan_of_the_same_content_is_remembered(tmp_path: Path, environment: Environment, fake: Any) -> None:
    fake(answering([record("CKV_AWS_26", "FAILED", "aws_sns_topic.s_t", [])]))
    first = scan(tmp_path, PLAIN, environment)
    nothing = "print(json.dumps({'version': '3', 'scans': {}}))"
    remembered = f"assert not [name for name in request['scans'] if 'secrets' not in name], 'asked again'\n{nothing}"
    fake(remembered)
    again = scan(tmp_path, PLAIN, environment)
    assert [finding.id for finding in again.findings("dev")] == [finding.id for finding in first.findings("dev")] == ["CKV_AWS_26"]
    changed = scan(tmp_path, plan(resource(TOPIC, "t", {"displayName": "y"})), environment)
    assert [finding.status for finding in changed.findings("dev")] == [Status.NOT_EVALUATED]


def test_an_answer_that_does_not_count_is_not_remembered(tmp_path: Path, environment: Environment, fake: Any) -> None:
    fake(answering([], resources=0))
    assert [finding.status for finding in scan(tmp_path, PLAIN, environment).findings("dev")] == [Status.NOT_EVALUATED]
    fake(answering([]))
    assert scan(tmp_path, PLAIN, environment).findings("dev") == []


def test_a_crash_is_not_hidden_by_what_is_remembered(tmp_path: Path, environment: Environment, fake: Any) -> None:
    fake(answering([]))
    assert scan(tmp_path, PLAIN, environment).findings("dev") == []
    fake("sys.exit('out of memory')")
    assert [finding.status for finding in scan(tmp_path, PLAIN, environment).findings("dev")] == [Status.NOT_EVALUATED]
