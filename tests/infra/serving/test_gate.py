"""A model in any mode passes the gate as far as infrastructure goes: by the rules, and by what is waived of Checkov's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

import pytest

from infra.serving.variant import has_local_disk
from mlctl.checks.discovery import find_rules
from mlctl.checks.judge import judge
from mlctl.checks.settings import rule_settings
from mlctl.checks.waivers import read_waivers
from mlctl.config import load_environments
from mlctl.finding import Finding, Severity, Status
from mlctl.plan.environment import Repository
from mlctl.plan.model import Plan, Resource
from policies.aws import local_disk
from tests.infra.conftest import every_mode

TODAY = date(2026, 11, 20)


def test_no_rule_about_infrastructure_objects(plan_variant: Callable[..., Plan], repository: Repository) -> None:
    [environment] = load_environments(repository.environments, ["prod"])
    rules = [rule for rule in find_rules(repository.root / "policies") if not rule.name.startswith("ml-")]
    plan = plan_variant(every_mode(), stacks=("serving",))
    found = judge(plan, environment, rules, rule_settings(environment, models={}, today=TODAY)).findings
    waived = read_waivers(repository.root / "policies" / "waivers.yaml").apply(found, "prod", TODAY)
    left = {(finding.id, finding.resource.rpartition("::")[2], finding.message) for finding in waived if finding.blocks}
    # Its data_capture_percent is 0, to see that this is judged.
    assert left == {("aws-sagemaker-data-captured", "shadow", "captures nothing")}


@pytest.mark.parametrize(
    ("check", "kind", "component"),
    [
        ("CKV_AWS_370", "Model", "ServerlessEndpoint"),
        ("CKV2_AWS_5", "SecurityGroup", "ContainerModel"),
        ("CKV_AWS_98", "EndpointConfiguration", "AsynchronousEndpoint"),
        ("CKV_AWS_272", "Function", "AnswerRecorder"),
        ("CKV_AWS_117", "Function", "AnswerRecorder"),
        ("CKV_AWS_272", "Function", "Router"),
    ],
)
def test_waivers_hold_for_a_model_of_any_name(
    served: Sequence[Resource], repository: Repository, check: str, kind: str, component: str
) -> None:
    """What Checkov said of this plan, and is waived: by where it stands and not by the names of the shipped models."""
    waivers = read_waivers(repository.root / "policies" / "waivers.yaml")
    meant = [item for item in served if item.type.endswith(f":{kind}") and f":{component}$" in item.urn]
    assert meant
    judged = waivers.apply([_failure(check, item) for item in meant], "prod", TODAY)
    assert {finding.status for finding in judged} == {Status.WAIVED}
    others = [
        item for item in served if item.custom and item.type.endswith((":Model", ":Function", ":SecurityGroup")) and item not in meant
    ]
    if check in ("CKV_AWS_370", "CKV2_AWS_5"):
        assert {finding.status for finding in waivers.apply([_failure(check, item) for item in others], "prod", TODAY)} == {Status.FAIL}


def _failure(check: str, resource: Resource) -> Finding:
    return Finding(
        id=check,
        title="",
        severity=Severity.MEDIUM,
        status=Status.FAIL,
        resource=resource.urn,
        message="",
        remediation="",
        stack="serving",
        blocks=True,
    )


@pytest.mark.parametrize("instance", ["ml.g5.xlarge", "ml.m5.large", "ml.p3.2xlarge", "ml.p3dn.24xlarge", "ml.m5d.large", "ml.inf2.xlarge"])
def test_infrastructure_and_policies_know_the_same_disks(instance: str) -> None:
    assert has_local_disk(instance) == local_disk.has_local_disk(instance)
    assert vars(local_disk)["_LOCAL_DISK"].pattern == has_local_disk.__globals__["_LOCAL_DISK"].pattern
