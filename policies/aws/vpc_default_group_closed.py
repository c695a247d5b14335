"""A VPC's default security group lets nothing through."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from mlctl.finding import Severity
from policies.property import items
from policies.rule import Part, relation_rule
from policies.stack import Stack

_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"


@relation_rule(
    id="aws-vpc-default-group-closed",
    title="The default security group of every VPC is closed",
    severity=Severity.MEDIUM,
    types=("aws:ec2/vpc:Vpc",),
    related=(_GROUP,),
    why="Whatever is created without a group lands in the default one.",
    remediation="Add an aws.ec2.DefaultSecurityGroup for the VPC without ingress and egress.",
    allowed=(Part(type="aws:ec2/vpc:Vpc", name="main"), Part(type=_GROUP, name="default", refers={"vpcId": ("main",)})),
    disallowed=(Part(type="aws:ec2/vpc:Vpc", name="main"),),
)
def vpc_default_group_closed(subject: PolicyResource, stack: Stack) -> Iterator[str]:
    groups = stack.pointing_at(subject, _GROUP, "vpcId")
    if not groups:
        yield "leaves its default security group as AWS made it"
    for group in groups:
        if items(group.props.get("ingress")) or items(group.props.get("egress")):
            yield "its default security group has rules"
