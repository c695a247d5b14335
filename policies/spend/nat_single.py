"""One NAT gateway is enough outside production."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from mlctl.finding import Severity
from policies.rule import Part, relation_rule
from policies.stack import Stack

_NAT = "aws:ec2/natGateway:NatGateway"


@relation_rule(
    id="spend-nat-single",
    title="A development network has one NAT gateway",
    severity=Severity.MEDIUM,
    types=("aws:ec2/vpc:Vpc",),
    related=(_NAT,),
    why="Each gateway costs about 33 USD a month before the first byte.",
    remediation="Set network.nat to single.",
    allowed=(Part(type="aws:ec2/vpc:Vpc", name="main"), Part(type=_NAT, name="nat-a")),
    disallowed=(Part(type="aws:ec2/vpc:Vpc", name="main"), Part(type=_NAT, name="nat-a"), Part(type=_NAT, name="nat-b")),
    sample_settings={"tier": "development"},
)
def nat_single(subject: PolicyResource, stack: Stack) -> Iterator[str]:
    gateways = len(stack.resources(_NAT))
    if stack.settings.development and gateways > 1:
        yield f"has {gateways} NAT gateways"
