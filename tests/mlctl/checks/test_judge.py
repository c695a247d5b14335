"""The judge: three values, blocking, locations, and plain CrossGuard policies beside our own."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pulumi_policy import EnforcementLevel, ResourceValidationPolicy, StackValidationPolicy

from mlctl.checks.discovery import SdkPolicy, find_rules
from mlctl.checks.judge import judge
from mlctl.checks.settings import rule_settings
from mlctl.checks.subjects import model_subjects
from mlctl.checks.verdict import Verdict
from mlctl.config import Environment, load_environments
from mlctl.config.gates import Policy, RuleSetting
from mlctl.finding import Enforcement, Severity, Status
from mlctl.plan.environment import Repository
from mlctl.plan.model import SECRET, UNKNOWN, Plan, Resource, StackPlan

ROOT = Repository.find().root
QUEUE = "aws:sqs/queue:Queue"
BUCKET = "aws:s3/bucket:Bucket"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
PROVIDER = "pulumi:providers:aws"
KEY = "<<aws:kms/key:Key|data|arn>>"


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:dev::demo::{kind}::{name}"


def resource(kind: str, name: str, inputs: dict[str, Any], **more: Any) -> Resource:
    return Resource(urn=urn(kind, name), type=kind, name=name, inputs=inputs, file="stacks/demo/__main__.py", line=7, **more)


def plan(*resources: Resource, name: str = "demo") -> Plan:
    return Plan(environment="dev", stacks=(StackPlan(name=name, environment="dev", resources=resources),))


@pytest.fixture(scope="module")
def environment() -> Environment:
    return load_environments(ROOT / "environments", ["dev"])[0].model_copy(update={"policy": Policy()})


@pytest.fixture(scope="module")
def rules() -> dict[str, SdkPolicy]:
    return {rule.name: rule for rule in find_rules(ROOT / "policies")}


def run(subject: Plan, environment: Environment, *rules: SdkPolicy) -> Verdict:
    models = model_subjects(environment, definitions=ROOT / "ml" / "models")
    settings = rule_settings(environment, models=models, today=date(2026, 1, 1))
    return judge(subject, environment, rules, settings, environment_file=Path("environments/dev.yaml"))


def test_a_failure_names_the_line_and_blocks(environment: Environment, rules: dict[str, SdkPolicy]) -> None:
    verdict = run(plan(resource(QUEUE, "jobs", {})), environment, rules["aws-sqs-encrypted"])
    [finding] = verdict.findings
    assert (finding.id, finding.status, finding.severity) == ("aws-sqs-encrypted", Status.FAIL, Severity.MEDIUM)
    assert (finding.resource, finding.stack, finding.file, finding.line) == (urn(QUEUE, "jobs"), "demo", "stacks/demo/__main__.py", 7)
    assert finding.blocks and finding.message == "is not encrypted"
    assert finding.remediation == "Set kms_master_key_id to a key of your own, or sqs_managed_sse_enabled to True."
    assert verdict.passes == {"aws-sqs-encrypted": 0}


def test_a_pass_is_counted(environment: Environment, rules: dict[str, SdkPolicy]) -> None:
    verdict = run(plan(resource(QUEUE, "jobs", {"sqsManagedSseEnabled": True})), environment, rules["aws-sqs-encrypted"])
    assert verdict.findings == () and verdict.passes == {"aws-sqs-encrypted": 1}
    assert verdict.counts() == {"aws-sqs-encrypted": {Status.PASS: 1}}


def test_presence_of_a_computed_value_is_enough(environment: Environment, rules: dict[str, SdkPolicy]) -> None:
    queue = resource(QUEUE, "jobs", {"kmsMasterKeyId": KEY}, computed=frozenset({"kmsMasterKeyId"}))
    assert run(plan(queue), environment, rules["aws-sqs-encrypted"]).findings == ()


@pytest.mark.parametrize("value", [UNKNOWN, SECRET, "<<other:x:Y|a|flag>>"])
def test_an_unknown_value_is_not_evaluated_and_blocks(value: str, environment: Environment, rules: dict[str, SdkPolicy]) -> None:
    queue = resource(QUEUE, "jobs", {"sqsManagedSseEnabled": value}, computed=frozenset({"sqsManagedSseEnabled"}))
    [finding] = run(plan(queue), environment, rules["aws-sqs-encrypted"]).findings
    assert finding.status is Status.NOT_EVALUATED and finding.blocks
    assert finding.message == "sqsManagedSseEnabled is not known before the update"


def test_the_environment_decides_whether_unknown_blocks(environment: Environment, rules: dict[str, SdkPolicy]) -> None:
    relaxed = environment.model_copy(update={"policy": environment.policy.model_copy(update={"not_evaluated": "report"})})
    queue = resource(QUEUE, "jobs", {"sqsManagedSseEnabled": UNKNOWN}, computed=frozenset({"sqsManagedSseEnabled"}))
    [finding] = run(plan(queue), relaxed, rules["aws-sqs-encrypted"]).findings
    assert finding.status is Status.NOT_EVALUATED and not finding.blocks


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        (RuleSetting(enforcement=Enforcement.ADVISORY), [(Severity.MEDIUM, False)]),
        (RuleSetting(severity=Severity.LOW), [(Severity.LOW, True)]),
        (RuleSetting(enforcement=Enforcement.DISABLED), []),
    ],
)
def test_the_environment_overrides_a_rule(
    setting: RuleSetting, expected: list[Any], environment: Environment, rules: dict[str, SdkPolicy]
) -> None:
    policy = environment.policy.model_copy(update={"rules": {"aws-sqs-encrypted": setting}})
    changed = environment.model_copy(update={"policy": policy})
    verdict = run(plan(resource(QUEUE, "jobs", {})), changed, rules["aws-sqs-encrypted"])
    assert [(finding.severity, finding.blocks) for finding in verdict.findings] == expected
    assert ("aws-sqs-encrypted" in verdict.passes) is bool(expected)


def test_default_tags_of_the_provider_are_merged(environment: Environment, rules: dict[str, SdkPolicy]) -> None:
    tags = '{"tags": {"environment": "dev", "team": "lending", "cost-centre": "CC-1", "service": "x", "managed-by": "pulumi"}}'
    provider = resource(PROVIDER, "aws", {"defaultTags": tags})
    reference = f"{provider.urn}::<<{PROVIDER}|aws|id>>"
    tagged = resource(QUEUE, "tagged", {}, provider=reference)
    overriding = resource(QUEUE, "overriding", {"tags": {"cost-centre": "CC-2100"}}, provider=reference)
    bare = resource(QUEUE, "bare", {})
    verdict = run(plan(provider, tagged, overriding, bare), environment, rules["tags-required"], rules["tags-cost-centre-matches"])
    assert {(finding.id, finding.resource.rpartition("::")[2], finding.message) for finding in verdict.findings} == {
        ("tags-cost-centre-matches", "tagged", "its cost centre is CC-1; team lending has CC-2100"),
        ("tags-required", "bare", "lacks the tags environment, team, cost-centre, service, managed-by"),
    }


def test_relations_are_found_by_dependency_and_by_name(environment: Environment, rules: dict[str, SdkPolicy]) -> None:
    on = dict.fromkeys(("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"), True)
    by_dependency = resource(BUCKET, "a", {})
    by_name = resource(BUCKET, "b", {"bucket": "acme-b"})
    without = resource(BUCKET, "c", {"bucket": "acme-c"})
    computed, points = frozenset({"bucket"}), {"bucket": (by_dependency.urn,)}
    subject = plan(
        by_dependency,
        by_name,
        without,
        resource(BLOCK, "a", {**on, "bucket": "<<x|a|id>>"}, computed=computed, property_dependencies=points),
        resource(BLOCK, "b", {**on, "bucket": "acme-b"}),
    )
    verdict = run(subject, environment, rules["aws-s3-public-access-blocked"])
    assert [(finding.resource, finding.message) for finding in verdict.findings] == [(without.urn, "has no BucketPublicAccessBlock")]
    assert verdict.passes == {"aws-s3-public-access-blocked": 2}


def test_an_unknown_in_a_relation_names_its_subject(environment: Environment, rules: dict[str, SdkPolicy]) -> None:
    bucket = resource(BUCKET, "a", {"bucket": "acme-a"})
    block = resource(BLOCK, "a", {"bucket": "acme-a", "blockPublicAcls": UNKNOWN}, computed=frozenset({"blockPublicAcls"}))
    [finding] = run(plan(bucket, block), environment, rules["aws-s3-public-access-blocked"]).findings
    assert (finding.resource, finding.status) == (bucket.urn, Status.NOT_EVALUATED)
    assert finding.message == "blockPublicAcls is not known before the update"


def test_stack_rules_judge_their_project_only(environment: Environment, rules: dict[str, SdkPolicy]) -> None:
    root = Resource(urn="urn:pulumi:dev::finops::pulumi:pulumi:Stack::x", type="pulumi:pulumi:Stack", name="x", inputs={}, custom=False)
    elsewhere = run(plan(resource(QUEUE, "jobs", {})), environment, rules["spend-budget-per-team"])
    assert elsewhere.findings == ()
    verdict = run(plan(root, name="finops"), environment, rules["spend-budget-per-team"])
    assert [finding.message for finding in verdict.findings] == [
        *(f"team {team.name} has no budget" for team in environment.teams),
        "the account has no budget",
    ]
    assert {finding.file for finding in verdict.findings} == {"environments/dev.yaml"}


def test_model_findings_name_the_model(environment: Environment, rules: dict[str, SdkPolicy]) -> None:
    name, model = next(iter(environment.models.items()))
    served = environment.model_copy(update={"models": {name: model.model_copy(update={"version": 2})}})
    root = Resource(urn="urn:pulumi:dev::serving::pulumi:pulumi:Stack::x", type="pulumi:pulumi:Stack", name="x", inputs={}, custom=False)
    [finding] = run(plan(root, name="serving"), served, rules["ml-rollback-possible"]).findings
    assert (finding.resource, finding.message) == (name, "version 2 serves and previous_version is not set")


def test_plain_crossguard_policies_run_too(environment: Environment) -> None:
    def no_queue(args: Any, report: Any) -> None:
        if args.resource_type == QUEUE:
            report(f"{args.name} is a queue")

    async def one_resource(args: Any, report: Any) -> None:
        if len(args.resources) != 1:
            report("more than one resource")

    plain = ResourceValidationPolicy("no-queue", "No queues.", no_queue, EnforcementLevel.ADVISORY)
    stack = StackValidationPolicy("one-resource", "One resource.", one_resource, EnforcementLevel.REMEDIATE)
    verdict = run(plan(resource(QUEUE, "jobs", {}), resource(BUCKET, "b", {})), environment, plain, stack)
    assert [(finding.id, finding.message, finding.blocks) for finding in verdict.findings] == [
        ("no-queue", "jobs is a queue", False),
        ("one-resource", "more than one resource", True),
    ]


def test_a_rule_that_raises_is_not_a_pass(environment: Environment) -> None:
    def broken(_args: Any, _report: Any) -> None:
        raise KeyError("tags")

    rule = ResourceValidationPolicy("broken", "Broken.", broken, EnforcementLevel.MANDATORY)
    [finding] = run(plan(resource(QUEUE, "jobs", {})), environment, rule).findings
    assert finding.status is Status.NOT_EVALUATED and finding.blocks
    assert finding.message == "the rule itself failed: KeyError: 'tags'"


def test_inputs_are_not_changed(environment: Environment, rules: dict[str, SdkPolicy]) -> None:
    inputs = {"kmsMasterKeyId": KEY, "tags": {"a": KEY}}
    subject = resource(QUEUE, "jobs", inputs, computed=frozenset({"kmsMasterKeyId", "tags.a"}))
    before = replace(subject)
    run(plan(subject), environment, *rules.values())
    assert subject == before and inputs == {"kmsMasterKeyId": KEY, "tags": {"a": KEY}}
