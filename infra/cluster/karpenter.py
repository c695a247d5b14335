"""Karpenter: nodes on demand, of the kind that the waiting pods need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes

from infra.charts import KARPENTER, KARPENTER_CRD, release
from infra.cluster.interruption_queue import InterruptionQueue, InterruptionQueueArgs
from infra.cluster.karpenter_policy import ControllerRights, controller_statements
from infra.cluster.system_nodes import NodeRole
from infra.pod_role import PodRole, PodRoleArgs

NAMESPACE = "kube-system"


@dataclass(frozen=True, slots=True, kw_only=True)
class KarpenterArgs:
    """The cluster it serves."""

    cluster_name: str
    cluster: pulumi.Input[str]
    """The same name, known only once the cluster exists."""
    cluster_arn: pulumi.Input[str]
    endpoint: pulumi.Input[str]
    account: str
    region: str
    disk_key_arn: pulumi.Input[str]
    needs: Sequence[pulumi.Resource]
    """Must exist first and outlive it: the system nodes and the add-ons they need."""


class Karpenter(pulumi.ComponentResource):
    """Creates the role of its nodes and their access entry; the interruption queue; the controller's role; the release of its CRDs; and the
    controller. They are destroyed the other way round, so that whoever still has nodes still has the controller that removes them.
    """

    def __init__(self, name: str, args: KarpenterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:cluster:Karpenter", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        nodes = NodeRole(f"{name}-node", f"{args.cluster_name}-karpenter-node", child)
        entry = aws.eks.AccessEntry(f"{name}-node", cluster_name=args.cluster, principal_arn=nodes.arn, type="EC2_LINUX", opts=child)
        queue = InterruptionQueue(
            f"{name}-interruptions",
            InterruptionQueueArgs(queue_name=f"{args.cluster_name}-interruptions", account=args.account, region=args.region),
            child,
        )
        role = self._role(name, args, nodes, queue)
        after_nodes = pulumi.ResourceOptions(parent=self, depends_on=list(args.needs))
        crds = release(KARPENTER_CRD, namespace=NAMESPACE, values={}, opts=after_nodes)
        last = [crds, role, queue, entry, *nodes.attachments, *args.needs]
        self.controller = self._controller(args, queue, pulumi.ResourceOptions(parent=self, depends_on=last))
        self.node_role_arn, self.node_role_name = nodes.arn, nodes.role_name
        self.controller_role_name = role.role_name
        self.register_outputs({"node_role_arn": self.node_role_arn, "controller_role_name": self.controller_role_name})

    def _role(self, name: str, args: KarpenterArgs, nodes: NodeRole, queue: InterruptionQueue) -> PodRole:
        rights = ControllerRights(
            cluster=args.cluster_name,
            cluster_arn=args.cluster_arn,
            account=args.account,
            region=args.region,
            node_role_arn=nodes.arn,
            queue_arn=queue.arn,
            disk_key_arn=args.disk_key_arn,
        )
        return PodRole(
            f"{name}-controller",
            PodRoleArgs(
                cluster=args.cluster,
                account=args.account,
                namespace=NAMESPACE,
                service_account="karpenter",
                statements=controller_statements(rights),
                role_name=f"{args.cluster_name}-karpenter-controller",
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _controller(self, args: KarpenterArgs, queue: InterruptionQueue, opts: pulumi.ResourceOptions) -> kubernetes.helm.v3.Release:
        resources = {"requests": {"cpu": "250m", "memory": "512Mi"}, "limits": {"memory": "1Gi"}}
        values = {
            "replicas": 2,
            "serviceAccount": {"name": "karpenter"},
            "controller": {"resources": resources},
            "settings": {
                "clusterName": args.cluster,
                "clusterEndpoint": args.endpoint,
                "interruptionQueue": queue.queue_name,
                "featureGates": {"spotToSpotConsolidation": True},
            },
        }
        return release(KARPENTER, namespace=NAMESPACE, values=values, opts=opts, skip_crds=True)
