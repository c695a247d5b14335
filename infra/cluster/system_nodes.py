"""The managed node group that carries the cluster's own controllers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.policy_document import trust_policy
from mlctl.config.cluster import SystemNodes as Settings

NODE_POLICIES = {
    "worker": "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy",
    "cni": "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy",
    "images": "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryPullOnly",
    "sessions": "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore",
}


class NodeRole(pulumi.ComponentResource):
    """Creates the role of EC2 nodes with the four policies a node needs; no pod gets it, since the instance metadata is one hop away."""

    def __init__(self, name: str, role_name: str | None = None, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:cluster:NodeRole", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(name, name=role_name, assume_role_policy=trust_policy("ec2.amazonaws.com"), opts=child)
        self.attachments = [
            aws.iam.RolePolicyAttachment(f"{name}-{short}", role=role.name, policy_arn=arn, opts=child)
            for short, arn in NODE_POLICIES.items()
        ]
        self.arn = role.arn
        self.role_name = role.name
        self.register_outputs({"arn": self.arn, "role_name": self.role_name})


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemNodesArgs:
    """How many, how large and where."""

    cluster: pulumi.Input[str]
    version: str
    subnet_ids: pulumi.Input[Sequence[str]]
    disk_key_arn: pulumi.Input[str]
    settings: Settings
    tags: Mapping[str, str]
    """Tags of instances and disks: EC2 does not get the provider's default tags from a launch template."""


class SystemNodes(pulumi.ComponentResource):
    """Creates the node role, a launch template (encrypted gp3 disk, IMDSv2 only, hop limit 1, no public address) and the node group."""

    def __init__(self, name: str, args: SystemNodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:cluster:SystemNodes", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = NodeRole(name, opts=child)
        template = self._template(name, args, child)
        self.group = aws.eks.NodeGroup(
            name,
            cluster_name=args.cluster,
            version=args.version,
            node_role_arn=role.arn,
            subnet_ids=args.subnet_ids,
            ami_type="AL2023_x86_64_STANDARD",
            capacity_type="ON_DEMAND",
            instance_types=list(args.settings.instance_types),
            launch_template={"id": template.id, "version": template.latest_version.apply(str)},
            scaling_config={
                "min_size": args.settings.minimum,
                "desired_size": args.settings.minimum,
                "max_size": args.settings.maximum,
            },
            update_config={"max_unavailable": 1},
            node_repair_config={"enabled": True},
            labels={"node-role": "system"},
            # Prefer, not require: charts without a toleration still start before Karpenter has a node for them.
            taints=[{"key": "CriticalAddonsOnly", "value": "true", "effect": "PREFER_NO_SCHEDULE"}],
            opts=pulumi.ResourceOptions(parent=self, depends_on=role.attachments),
        )
        self.role_arn = role.arn
        self.register_outputs({"role_arn": self.role_arn})

    def _template(self, name: str, args: SystemNodesArgs, opts: pulumi.ResourceOptions) -> aws.ec2.LaunchTemplate:
        return aws.ec2.LaunchTemplate(
            name,
            update_default_version=True,
            block_device_mappings=[
                {
                    "device_name": "/dev/xvda",
                    "ebs": {
                        "volume_type": "gp3",
                        "volume_size": args.settings.disk_gib,
                        "encrypted": "true",
                        "kms_key_id": args.disk_key_arn,
                        "delete_on_termination": "true",
                    },
                }
            ],
            metadata_options={"http_endpoint": "enabled", "http_tokens": "required", "http_put_response_hop_limit": 1},
            monitoring={"enabled": True},
            network_interfaces=[{"associate_public_ip_address": "false", "delete_on_termination": "true"}],
            tag_specifications=[{"resource_type": kind, "tags": {**args.tags, "node-pool": "system"}} for kind in ("instance", "volume")],
            opts=opts,
        )
