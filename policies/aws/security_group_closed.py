"""No security group opens more than HTTPS to the internet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import items, number
from policies.rule import resource_rule

_ANYWHERE = ("0.0.0.0/0", "::/0")
_WEB = (80, 443)


@resource_rule(
    id="aws-security-group-closed",
    title="Only web ports are open to the internet",
    severity=Severity.CRITICAL,
    types=(
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    ),
    why="A port that anyone can reach will be tried by everyone.",
    remediation="Name the security group or the addresses that need it instead of 0.0.0.0/0.",
    allowed={"ingress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"]}]},
    disallowed={"ingress": [{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["0.0.0.0/0"]}]},
)
def security_group_closed(args: ResourceValidationArgs) -> Iterator[str]:
    kind = args.resource_type.rpartition(":")[2]
    if kind in ("SecurityGroup", "DefaultSecurityGroup"):
        ingress = items(args.props.get("ingress"))
    elif kind == "SecurityGroupRule" and args.props.get("type") != "ingress":
        ingress = []
    else:
        ingress = [args.props]
    for rule in ingress:
        opened = _opened(rule)
        if opened:
            yield f"opens {opened} to the internet"


def _opened(rule: Mapping[str, Any]) -> str | None:
    """The ports that a rule opens to anyone, beyond the web's."""
    addresses = [*items(rule.get("cidrBlocks")), *items(rule.get("ipv6CidrBlocks")), rule.get("cidrIpv4"), rule.get("cidrIpv6")]
    if not any(address in _ANYWHERE for address in addresses):
        return None
    protocol = str(rule.get("protocol", rule.get("ipProtocol", "-1")))
    if protocol in ("-1", "all"):
        return "every port"
    first, last = number(rule.get("fromPort"), 0), number(rule.get("toPort"), 65535)
    if first == last and first in _WEB:
        return None
    return f"{protocol} {first:g}" if first == last else f"{protocol} {first:g} to {last:g}"
