"""A report with one of everything, made by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mlctl.finding import Finding, Severity, Status
from mlctl.plan.model import Plan, Resource, StackError, StackPlan
from mlctl.report.model import (
    Change,
    CheckovResult,
    Comparison,
    CostResult,
    EnvironmentReport,
    Report,
    RuleCount,
    Spend,
    ordered,
)

STACK = "urn:pulumi:prod::app::pulumi:pulumi:Stack::app-prod"
BUCKET = "urn:pulumi:prod::app::my:index:Box$aws:s3/bucket:Bucket::data"
HOSTILE = '<script>alert("x")</script> `rm` | @everyone'


def resources() -> tuple[Resource, ...]:
    box = Resource(urn="urn:pulumi:prod::app::my:index:Box::box", type="my:index:Box", name="box", inputs={}, custom=False, parent=STACK)
    bucket = Resource(
        urn=BUCKET, type="aws:s3/bucket:Bucket", name="data", inputs={}, parent=box.urn, file="infra/bucket.py", line=65, protect=True
    )
    key_urn = "urn:pulumi:prod::app::aws:kms/key:Key::key"
    key = Resource(urn=key_urn, type="aws:kms/key:Key", name="key", inputs={}, parent=STACK, file="infra/key.py", line=3)
    stack = Resource(urn=STACK, type="pulumi:pulumi:Stack", name="app-prod", inputs={}, custom=False)
    return (stack, box, bucket, key)


def finding(status: Status, *, blocks: bool, name: str = "aws-s3-own-key", **changes: object) -> Finding:
    values: dict[str, object] = {
        "id": name,
        "title": "A bucket has a key of its own",
        "severity": Severity.HIGH,
        "status": status,
        "resource": BUCKET,
        "message": f"no key {HOSTILE}",
        "remediation": "name a key",
        "stack": "app",
        "file": "infra/bucket.py",
        "line": 65,
        "blocks": blocks,
    }
    return Finding(**{**values, **changes})  # type: ignore[arg-type]


def environment(*, failing: bool) -> EnvironmentReport:
    error = StackError(
        problem="the program raised KeyError: 'vpc'", file="stacks/low/__main__.py", line=7, remedy="mend it", traceback="line 7\nKeyError"
    )
    stacks = [StackPlan(name="app", environment="prod", resources=resources(), references=("low",))]
    stacks.insert(0, StackPlan(name="low", environment="prod", errors=(error,) if failing else ()))
    findings = [finding(Status.WAIVED, blocks=False), finding(Status.NOT_EVALUATED, blocks=False, severity=Severity.LOW)]
    if failing:
        findings.append(finding(Status.FAIL, blocks=True))
    change = Change(
        kind="changed", urn=BUCKET, type="aws:s3/bucket:Bucket", name="data", stack="app", paths=("tags.x",), change_usd=Decimal(12)
    )
    return EnvironmentReport(
        name="prod",
        tier="production",
        plan=Plan(environment="prod", stacks=tuple(stacks)),
        findings=ordered(findings),
        rules=(
            RuleCount(
                id="aws-s3-own-key",
                title="A bucket has a key of its own",
                counts={Status.PASS: 4, Status.WAIVED: 1, Status.NOT_EVALUATED: 1, **({Status.FAIL: 1} if failing else {})},
            ),
        ),
        checkov=CheckovResult(passed=10, failed=0, not_evaluated=1, unmapped=("kubernetes:helm.sh/v3:Release argo",)),
        cost=CostResult(
            monthly_usd=Decimal("1234.50"),
            ceiling_usd=Decimal(5000),
            at_least=True,
            budget_usd=Decimal(2000),
            teams=(Spend(name="lending", monthly_usd=Decimal(1200), budget_usd=Decimal(1000), change_usd=Decimal(12)),),
            services=(Spend(name="Amazon S3", monthly_usd=Decimal("34.5")),),
            unpriced=("app/thing: no price",),
            assumptions=("requests: 10",),
            change_usd=Decimal(12),
            prices_of="2026-07-20",
        ),
        comparison=Comparison(ref="main", changes=(change,)),
    )


@pytest.fixture
def blocked() -> Report:
    return Report(environments=(environment(failing=True),), seconds={"plan": 1.25, "total": 4.0}, notes=("a note",))


@pytest.fixture
def passed() -> Report:
    return Report(environments=(environment(failing=False),), seconds={"total": 4.0})
