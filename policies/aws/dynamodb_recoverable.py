"""Tables can be brought back."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import true, value_at
from policies.rule import resource_rule


@resource_rule(
    id="aws-dynamodb-recoverable",
    title="Tables have point-in-time recovery",
    severity=Severity.MEDIUM,
    types=("aws:dynamodb/table:Table",),
    why="A wrong write can be undone.",
    remediation="Set point_in_time_recovery.enabled to True.",
    allowed={"pointInTimeRecovery": {"enabled": True}},
    disallowed={"billingMode": "PAY_PER_REQUEST"},
)
def dynamodb_recoverable(args: ResourceValidationArgs) -> Iterator[str]:
    if not true(value_at(args.props, "pointInTimeRecovery.enabled")):
        yield "has no point-in-time recovery"
