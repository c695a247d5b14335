"""A production database is not deleted by mistake."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import true
from policies.rule import resource_rule
from policies.settings import Settings


@resource_rule(
    id="aws-rds-deletion-protected",
    title="Production databases are protected from deletion",
    severity=Severity.HIGH,
    types=("aws:rds/instance:Instance", "aws:rds/cluster:Cluster"),
    why="A refactoring that renames a resource would otherwise delete the data.",
    remediation="Set deletion_protection to True.",
    allowed={"deletionProtection": True},
    disallowed={"deletionProtection": False},
)
def rds_deletion_protected(args: ResourceValidationArgs) -> Iterator[str]:
    if Settings(args.get_config()).production and not true(args.props.get("deletionProtection")):
        yield "deletion_protection is off"
