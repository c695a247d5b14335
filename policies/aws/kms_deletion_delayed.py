"""A deleted key can still be rescued."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import number
from policies.rule import resource_rule
from policies.settings import Settings


@resource_rule(
    id="aws-kms-deletion-delayed",
    title="A deleted key can be rescued as long as the environment asks",
    severity=Severity.HIGH,
    types=("aws:kms/key:Key",),
    why="What a lost key encrypted is lost.",
    remediation="Set deletion_window_in_days to security.kms_deletion_window_days of the environment.",
    allowed={"deletionWindowInDays": 30},
    disallowed={"deletionWindowInDays": 7},
)
def kms_deletion_delayed(args: ResourceValidationArgs) -> Iterator[str]:
    wanted = Settings(args.get_config()).kms_deletion_window_days
    days = number(args.props.get("deletionWindowInDays"), 30)
    if days < wanted:
        yield f"deletion_window_in_days is {days:g}; the environment asks for {wanted}"
