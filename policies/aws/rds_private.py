"""No database has a public address."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import true
from policies.rule import resource_rule


@resource_rule(
    id="aws-rds-private",
    title="Databases have no public address",
    severity=Severity.CRITICAL,
    types=("aws:rds/instance:Instance", "aws:rds/clusterInstance:ClusterInstance"),
    why="A database is spoken to by the cluster only.",
    remediation="Set publicly_accessible to False.",
    allowed={"publiclyAccessible": False},
    disallowed={"publiclyAccessible": True},
)
def rds_private(args: ResourceValidationArgs) -> Iterator[str]:
    if true(args.props.get("publiclyAccessible")):
        yield "is publicly accessible"
