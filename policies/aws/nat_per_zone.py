"""A production network survives the loss of a zone."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from mlctl.finding import Severity
from policies.rule import Part, relation_rule
from policies.stack import Stack

_NAT = "aws:ec2/natGateway:NatGateway"


@relation_rule(
    id="aws-nat-per-zone",
    title="A production VPC has a NAT gateway in each zone",
    severity=Severity.MEDIUM,
    types=("aws:ec2/vpc:Vpc",),
    related=(_NAT,),
    why="With one gateway the loss of its zone cuts every other zone off.",
    remediation="Set network.nat to per_zone.",
    allowed=(
        Part(type="aws:ec2/vpc:Vpc", name="main"),
        *(Part(type=_NAT, name=f"nat-{zone}") for zone in "abc"),
    ),
    disallowed=(Part(type="aws:ec2/vpc:Vpc", name="main"), Part(type=_NAT, name="nat-a")),
)
def nat_per_zone(subject: PolicyResource, stack: Stack) -> Iterator[str]:
    gateways = len(stack.resources(_NAT))
    if stack.settings.production and gateways < stack.settings.zones:
        yield f"has {gateways} NAT gateways for {stack.settings.zones} zones"
