"""The EKS cluster of one environment, its nodes, and what every team gets on it.

Exports
-------
cluster_name, cluster_arn, cluster_endpoint, cluster_ca, cluster_security_group_id
    The cluster.
kubeconfig
    How a Kubernetes client reaches it; holds no secret of its own.
karpenter_controller_role_name, karpenter_node_role_name, karpenter_node_role_arn
    What the guard against GPU spend attaches its refusal to.
team_namespaces
    Team → namespace.
storage_class
    Name of the default storage class: gp3, encrypted.
"""

from __future__ import annotations

import pulumi
import pulumi_kubernetes as kubernetes

from infra.cluster.access import Access, AccessArgs
from infra.cluster.addon_versions import addon_versions, unpinned_note
from infra.cluster.addons import AddonsArgs, NetworkAddons, StorageAddonsArgs, WorkloadAddons
from infra.cluster.admission import Admission
from infra.cluster.control_plane import ControlPlane, ControlPlaneArgs
from infra.cluster.device_plugin import device_plugin
from infra.cluster.karpenter import Karpenter, KarpenterArgs
from infra.cluster.load_balancer_controller import LoadBalancerController, LoadBalancerControllerArgs
from infra.cluster.metrics_server import metrics_server
from infra.cluster.node_pools import NodePoolArgs, Pool
from infra.cluster.priority_classes import PriorityClasses
from infra.cluster.storage_class import NAME as STORAGE_CLASS
from infra.cluster.storage_class import storage_class
from infra.cluster.system_nodes import SystemNodes, SystemNodesArgs
from infra.cluster.team_space import TeamSpace
from infra.context import Context
from infra.kubeconfig import kubeconfig
from infra.order import after

context = Context.start(service="cluster")
environment = context.environment
account, region, settings, owner = environment.account, environment.region, environment.cluster, environment.shared_team
tags = environment.default_tags("cluster")
private_subnets, disk_key = context.output("foundation", "private_subnet_ids"), context.output("foundation", "ebs_key_arn")

control_plane = ControlPlane(
    "cluster",
    ControlPlaneArgs(
        cluster_name=environment.prefix,
        version=settings.version,
        subnet_ids=private_subnets,
        public_access_cidrs=[str(cidr) for cidr in settings.public_access_cidrs],
        log_retention_days=environment.security.log_retention_days,
        logs_key_arn=context.output("foundation", "logs_key_arn"),
        secrets_key_arn=context.output("foundation", "secrets_key_arn"),
        production=environment.production,
    ),
    context.options(),
)
access = Access(
    "access",
    AccessArgs(
        cluster=control_plane.name,
        admins={"deploy": context.output("foundation", "deploy_role_arn")}
        | {role.rpartition("/")[2]: role for role in settings.admin_roles},
        viewers={"preview": context.output("foundation", "preview_role_arn")},
        teams=environment.teams,
    ),
    context.options(),
)
versions = addon_versions(settings)
if note := unpinned_note(settings):
    pulumi.log.warn(note)
network_addons = NetworkAddons(
    "network-addons",
    AddonsArgs(cluster=control_plane.name, versions=versions),
    context.options(),
)
system_nodes = SystemNodes(
    "system-nodes",
    SystemNodesArgs(
        cluster=control_plane.name,
        version=settings.version,
        subnet_ids=private_subnets,
        disk_key_arn=disk_key,
        settings=settings.system_nodes,
        tags={**tags, "Name": f"{environment.prefix}-system"},
    ),
    after(*network_addons.addons, options=context.options()),
)
workload_addons = WorkloadAddons(
    "workload-addons",
    StorageAddonsArgs(cluster=control_plane.name, versions=versions, account=account, disk_key_arn=disk_key),
    after(system_nodes.group, options=context.options()),
)

config = kubeconfig(cluster=control_plane.name, endpoint=control_plane.endpoint, certificate=control_plane.certificate, region=region)
cluster = kubernetes.Provider("kubernetes", kubeconfig=config, opts=pulumi.ResourceOptions(depends_on=[access]))
inside = pulumi.ResourceOptions(providers=[context.aws, cluster])
ready = [system_nodes.group, *network_addons.addons, *workload_addons.addons]
on_nodes = pulumi.ResourceOptions(provider=cluster, depends_on=ready)

karpenter = Karpenter(
    "karpenter",
    KarpenterArgs(
        cluster_name=environment.prefix,
        cluster=control_plane.name,
        cluster_arn=control_plane.arn,
        endpoint=control_plane.endpoint,
        account=account,
        region=region,
        disk_key_arn=disk_key,
        needs=ready,
    ),
    inside,
)
for pool in settings.node_pools:
    Pool(
        pool.name,
        NodePoolArgs(
            pool=pool,
            team=environment.team(pool.team),
            cluster_name=environment.prefix,
            zones=environment.network.zones,
            subnet_ids=private_subnets,
            security_group_id=control_plane.security_group_id,
            node_role_name=karpenter.node_role_name,
            disk_key_arn=disk_key,
            tags=tags,
        ),
        after(karpenter.controller, options=inside),
    )

storage_class(team=owner, key_arn=disk_key, opts=on_nodes)
metrics_server(on_nodes)
if gpu_pools := [pool for pool in settings.node_pools if pool.kind == "gpu"]:
    device_plugin(gpu_pools, on_nodes)
LoadBalancerController(
    "load-balancers",
    LoadBalancerControllerArgs(
        cluster=control_plane.name,
        cluster_name=environment.prefix,
        account=account,
        region=region,
        vpc_id=context.output("foundation", "vpc_id"),
        tags=tags,
        needs=ready,
    ),
    inside,
)
PriorityClasses("priorities", owner, inside)
Admission("admission", owner, f"{account}.dkr.ecr.{region}.amazonaws.com", inside)
for team in environment.teams:
    TeamSpace(team.name, team, inside)

pulumi.export("cluster_name", control_plane.name)
pulumi.export("cluster_arn", control_plane.arn)
pulumi.export("cluster_endpoint", control_plane.endpoint)
pulumi.export("cluster_ca", control_plane.certificate)
pulumi.export("cluster_security_group_id", control_plane.security_group_id)
pulumi.export("kubeconfig", pulumi.Output.secret(config))
pulumi.export("karpenter_controller_role_name", karpenter.controller_role_name)
pulumi.export("karpenter_node_role_name", karpenter.node_role_name)
pulumi.export("karpenter_node_role_arn", karpenter.node_role_arn)
pulumi.export("team_namespaces", {team.name: team.name for team in environment.teams})
pulumi.export("storage_class", STORAGE_CLASS)
