"""Web pages of the platform speak TLS."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import items, value_at
from policies.rule import resource_rule


@resource_rule(
    id="kubernetes-ingress-tls",
    title="Ingresses speak TLS",
    severity=Severity.HIGH,
    types=("kubernetes:networking.k8s.io/v1:Ingress",),
    why="Sessions of people who administer models must not be readable on the way.",
    remediation="Give spec.tls, or the annotation alb.ingress.kubernetes.io/listen-ports with HTTPS and a certificate.",
    allowed={"spec": {"tls": [{"hosts": ["mlflow.acme.example"]}]}},
    disallowed={"spec": {"rules": [{"host": "mlflow.acme.example"}]}},
)
def ingress_tls(args: ResourceValidationArgs) -> Iterator[str]:
    annotations = value_at(args.props, "metadata.annotations") or {}
    listens = str(annotations.get("alb.ingress.kubernetes.io/listen-ports", ""))
    if not items(value_at(args.props, "spec.tls")) and ("HTTPS" not in listens or '"HTTP"' in listens):
        yield "speaks plain HTTP"
