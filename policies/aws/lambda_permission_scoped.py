"""Only our own resources may call a function."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given
from policies.rule import resource_rule


@resource_rule(
    id="aws-lambda-permission-scoped",
    title="A function's permission names whose resource may call it",
    severity=Severity.HIGH,
    types=("aws:lambda/permission:Permission",),
    why="Without a source every customer of the service can have it call the function.",
    remediation="Set source_arn or source_account.",
    allowed={"principal": "events.amazonaws.com", "sourceArn": "arn:aws:events:…"},
    disallowed={"principal": "events.amazonaws.com"},
)
def lambda_permission_scoped(args: ResourceValidationArgs) -> Iterator[str]:
    principal = str(args.props.get("principal"))
    scoped = any(given(args.props, key) for key in ("sourceArn", "sourceAccount", "principalOrgId"))
    if (principal == "*" or principal.endswith(".amazonaws.com")) and not scoped:
        yield f"lets any resource of {principal} call the function"
