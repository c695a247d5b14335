"""external-dns: DNS records of the Ingresses."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from infra.charts import EXTERNAL_DNS, release
from infra.namespace import namespace
from infra.pod_role import PodRole, PodRoleArgs
from infra.policy_document import allow
from mlctl.config.team import Team

NAMESPACE = "external-dns"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalDnsArgs:
    """Which zone, and as whom."""

    cluster: pulumi.Input[str]
    account: str
    domain: str
    hosted_zone_id: str
    owner_id: str
    """Marks its own records, so that it never touches others."""
    team: Team


class ExternalDns(pulumi.ComponentResource):
    """Creates the namespace, a role that may change the one hosted zone, and the release."""

    def __init__(self, name: str, args: ExternalDnsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:ExternalDns", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        space = namespace(NAMESPACE, team=args.team, level="restricted", opts=child)
        zone = f"arn:aws:route53:::hostedzone/{args.hosted_zone_id}"
        role = PodRole(
            name,
            PodRoleArgs(
                cluster=args.cluster,
                account=args.account,
                namespace=NAMESPACE,
                service_account="external-dns",
                statements=[
                    allow(
                        "ChangeTheZone",
                        actions=("route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets", "route53:ListTagsForResources"),
                        resources=zone,
                    ),
                    # Zones are listed before one is chosen; listing has no resource to name.
                    allow("FindTheZone", actions=("route53:ListHostedZones",)),
                ],
            ),
            child,
        )
        values = {
            "provider": {"name": "aws"},
            "serviceAccount": {"name": "external-dns"},
            "sources": ["ingress"],
            "policy": "sync",
            "registry": "txt",
            "txtOwnerId": args.owner_id,
            "domainFilters": [args.domain],
            "extraArgs": [f"--zone-id-filter={args.hosted_zone_id}"],
            "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        }
        after = pulumi.ResourceOptions(parent=self, depends_on=[space, role.association])
        release(EXTERNAL_DNS, namespace=NAMESPACE, values=values, opts=after)
        self.register_outputs({"role_arn": role.arn})
