"""The way in: one load balancer with single sign-on, one host name per service."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra.labels import labels
from infra.platform.sign_in import SignIn
from mlctl.config.team import Team

CLASS = "alb"
_ANNOTATION = "alb.ingress.kubernetes.io"


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """The service that answers, and how it says that it is well."""

    namespace: str
    service: str
    port: int
    health_path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IngressArgs:
    """What is reached, and under which name."""

    host: str
    behind: Behind
    group: str
    """All services of the environment share one load balancer."""
    certificate_arn: pulumi.Input[str]
    access_log_bucket: pulumi.Input[str]
    public: bool
    sign_in: SignIn
    team: Team


def ingress(name: str, args: IngressArgs, opts: pulumi.ResourceOptions) -> kubernetes.networking.v1.Ingress:
    """HTTPS only, TLS 1.3 or 1.2; nobody gets further without having signed in."""
    rule: Any = {
        "host": args.host,
        "http": {
            "paths": [
                {
                    "path": "/",
                    "pathType": "Prefix",
                    "backend": {"service": {"name": args.behind.service, "port": {"number": args.behind.port}}},
                }
            ]
        },
    }
    return kubernetes.networking.v1.Ingress(
        name,
        metadata={
            "name": name,
            "namespace": args.behind.namespace,
            "labels": labels(name, args.team),
            "annotations": _annotations(args),
        },
        spec={"ingress_class_name": CLASS, "rules": [rule]},
        opts=opts,
    )


def _annotations(args: IngressArgs) -> dict[str, pulumi.Input[str]]:
    logs = pulumi.Output.concat(
        "deletion_protection.enabled=false,routing.http.drop_invalid_header_fields.enabled=true,"
        "access_logs.s3.enabled=true,access_logs.s3.prefix=load-balancer,access_logs.s3.bucket=",
        args.access_log_bucket,
    )
    values: dict[str, pulumi.Input[str]] = {
        "group.name": args.group,
        "scheme": "internet-facing" if args.public else "internal",
        "target-type": "ip",
        "listen-ports": json.dumps([{"HTTPS": 443}]),
        "ssl-policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
        "certificate-arn": args.certificate_arn,
        "healthcheck-path": args.behind.health_path,
        "load-balancer-attributes": logs,
        "auth-type": "oidc",
        "auth-idp-oidc": json.dumps(args.sign_in.load_balancer()),
        "auth-on-unauthenticated-request": "authenticate",
        "auth-scope": "openid email profile groups",
        "auth-session-timeout": "28800",
    }
    return {f"{_ANNOTATION}/{key}": value for key, value in values.items()}
