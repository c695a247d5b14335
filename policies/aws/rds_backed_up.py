"""Databases can be brought back."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import number
from policies.rule import resource_rule
from policies.settings import Settings


@resource_rule(
    id="aws-rds-backed-up",
    title="Databases keep backups, in production for a week at least",
    severity=Severity.HIGH,
    types=("aws:rds/instance:Instance", "aws:rds/cluster:Cluster"),
    why="The experiment history and the workflow archive cannot be made again.",
    remediation="Set backup_retention_period to 7 days or more (1 or more outside production).",
    allowed={"backupRetentionPeriod": 7},
    disallowed={"backupRetentionPeriod": 1},
)
def rds_backed_up(args: ResourceValidationArgs) -> Iterator[str]:
    wanted = 7 if Settings(args.get_config()).production else 1
    days = number(args.props.get("backupRetentionPeriod"), 0)
    if days < wanted:
        yield f"backups are kept {days:g} days; at least {wanted} are needed"
