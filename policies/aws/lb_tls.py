"""Load balancers speak TLS."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import items
from policies.rule import resource_rule


@resource_rule(
    id="aws-lb-tls",
    title="Load balancers speak TLS 1.2 or newer",
    severity=Severity.HIGH,
    types=("aws:lb/listener:Listener", "aws:alb/listener:Listener"),
    why="Sessions and predictions must not be readable on the way.",
    remediation="Use protocol HTTPS with an ELBSecurityPolicy-TLS13 policy; a listener on port 80 may only redirect.",
    allowed={"protocol": "HTTPS", "sslPolicy": "ELBSecurityPolicy-TLS13-1-2-2021-06"},
    disallowed={"protocol": "HTTP", "defaultActions": [{"type": "forward"}]},
)
def lb_tls(args: ResourceValidationArgs) -> Iterator[str]:
    protocol = args.props.get("protocol", "HTTP")
    if protocol in ("HTTPS", "TLS"):
        policy = str(args.props.get("sslPolicy", "ELBSecurityPolicy-2016-08"))
        if "TLS13" not in policy and "TLS-1-2" not in policy:
            yield f"its TLS policy {policy} accepts old protocols"
    elif {action.get("type") for action in items(args.props.get("defaultActions"))} != {"redirect"}:
        yield f"speaks {protocol} without TLS"
