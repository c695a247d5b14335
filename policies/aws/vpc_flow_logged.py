"""A VPC writes down its connections."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from mlctl.finding import Severity
from policies.rule import Part, relation_rule
from policies.stack import Stack

_FLOW_LOG = "aws:ec2/flowLog:FlowLog"


@relation_rule(
    id="aws-vpc-flow-logged",
    title="Every VPC has a flow log",
    severity=Severity.MEDIUM,
    types=("aws:ec2/vpc:Vpc",),
    related=(_FLOW_LOG,),
    why="After an incident the flow log says which machines spoke with whom.",
    remediation="Add an aws.ec2.FlowLog with vpc_id and traffic_type ALL.",
    allowed=(
        Part(type="aws:ec2/vpc:Vpc", name="main"),
        Part(type=_FLOW_LOG, name="log", props={"trafficType": "ALL"}, refers={"vpcId": ("main",)}),
    ),
    disallowed=(Part(type="aws:ec2/vpc:Vpc", name="main"),),
)
def vpc_flow_logged(subject: PolicyResource, stack: Stack) -> Iterator[str]:
    logs = stack.pointing_at(subject, _FLOW_LOG, "vpcId")
    if not any(log.props.get("trafficType") in ("ALL", "REJECT") for log in logs):
        yield "has no flow log of all or rejected traffic"
