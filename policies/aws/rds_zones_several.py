"""A production database survives the loss of a zone."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import true
from policies.rule import resource_rule
from policies.settings import Settings


@resource_rule(
    id="aws-rds-zones-several",
    title="Production databases have a standby in another zone",
    severity=Severity.HIGH,
    types=("aws:rds/instance:Instance",),
    why="Without a standby the platform stops with the zone.",
    remediation="Set multi_az to True.",
    allowed={"multiAz": True},
    disallowed={"multiAz": False},
)
def rds_zones_several(args: ResourceValidationArgs) -> Iterator[str]:
    if Settings(args.get_config()).production and not true(args.props.get("multiAz")):
        yield "has no standby in another zone"
