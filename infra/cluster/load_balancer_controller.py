"""The AWS Load Balancer Controller: makes load balancers of Ingresses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra.charts import LOAD_BALANCER_CONTROLLER, release
from infra.cluster.load_balancer_policy import Place, load_balancer_statements
from infra.pod_role import PodRole, PodRoleArgs


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadBalancerControllerArgs:
    """The cluster and network it works in."""

    cluster: pulumi.Input[str]
    cluster_name: str
    account: str
    region: str
    vpc_id: pulumi.Input[str]
    tags: dict[str, str]
    """Tags of every load balancer it makes."""
    needs: Sequence[pulumi.Resource]


class LoadBalancerController(pulumi.ComponentResource):
    """Creates the controller's role and its release."""

    def __init__(self, name: str, args: LoadBalancerControllerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:cluster:LoadBalancerController", name, {}, opts)
        place = Place(account=args.account, region=args.region, cluster=args.cluster_name)
        role = PodRole(
            name,
            PodRoleArgs(
                cluster=args.cluster,
                account=args.account,
                namespace="kube-system",
                service_account="aws-load-balancer-controller",
                statements=load_balancer_statements(place),
            ),
            pulumi.ResourceOptions(parent=self),
        )
        values = {
            "clusterName": args.cluster,
            "region": args.region,
            "vpcId": args.vpc_id,
            "serviceAccount": {"create": True, "name": "aws-load-balancer-controller"},
            "defaultTags": args.tags,
            "enableShield": False,
            "enableWaf": False,
            "enableWafv2": False,
            "podDisruptionBudget": {"maxUnavailable": 1},
            "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        }
        after = pulumi.ResourceOptions(parent=self, depends_on=[role.association, *args.needs])
        self.release = release(LOAD_BALANCER_CONTROLLER, namespace="kube-system", values=values, opts=after)
        self.register_outputs({"role_arn": role.arn})
