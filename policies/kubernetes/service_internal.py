"""No service makes a public load balancer behind our back."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import true, value_at
from policies.rule import resource_rule

_SCHEME = "service.beta.kubernetes.io/aws-load-balancer-scheme"
_INTERNAL = "service.beta.kubernetes.io/aws-load-balancer-internal"


@resource_rule(
    id="kubernetes-service-internal",
    title="Services of type LoadBalancer are internal",
    severity=Severity.HIGH,
    types=("kubernetes:core/v1:Service",),
    why="People come in through the ingress with single sign-on, models through the front door.",
    remediation="Use type ClusterIP, or annotate the service with aws-load-balancer-scheme: internal.",
    allowed={"spec": {"type": "ClusterIP"}},
    disallowed={"spec": {"type": "LoadBalancer"}},
)
def service_internal(args: ResourceValidationArgs) -> Iterator[str]:
    if value_at(args.props, "spec.type") != "LoadBalancer":
        return
    annotations = value_at(args.props, "metadata.annotations") or {}
    if annotations.get(_SCHEME) != "internal" and not true(annotations.get(_INTERNAL)):
        yield "makes a load balancer that faces the internet"
