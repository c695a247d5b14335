"""Instances have no public address."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import items, true
from policies.rule import resource_rule


@resource_rule(
    id="aws-ec2-address-private",
    title="Instances get no public address",
    severity=Severity.HIGH,
    types=("aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/instance:Instance", "aws:ec2/subnet:Subnet"),
    why="Nodes are reached through load balancers and leave through NAT.",
    remediation="Leave associate_public_ip_address and map_public_ip_on_launch off.",
    allowed={"networkInterfaces": [{"associatePublicIpAddress": "false"}]},
    disallowed={"networkInterfaces": [{"associatePublicIpAddress": "true"}]},
)
def ec2_address_private(args: ResourceValidationArgs) -> Iterator[str]:
    if true(args.props.get("mapPublicIpOnLaunch")):
        yield "gives every instance a public address"
    interfaces = [args.props, *items(args.props.get("networkInterfaces"))]
    if any(true(interface.get("associatePublicIpAddress")) for interface in interfaces):
        yield "gives its instances a public address"
