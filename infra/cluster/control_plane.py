"""The EKS control plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.policy_document import trust_policy

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlPlaneArgs:
    """Where the cluster stands and who may reach its API."""

    cluster_name: str
    version: str
    subnet_ids: pulumi.Input[Sequence[str]]
    """Private subnets: the API's private endpoint and the nodes."""
    public_access_cidrs: Sequence[str]
    """Who may reach the API from the internet; empty: nobody."""
    log_retention_days: int
    logs_key_arn: pulumi.Input[str]
    secrets_key_arn: pulumi.Input[str]
    """Encrypts Kubernetes secrets once more, before etcd does."""
    production: bool
    """Refuses deletion, and moves away from a failing zone by itself."""


class ControlPlane(pulumi.ComponentResource):
    """Creates the cluster with authentication by access entries alone; envelope encryption of its secrets; its
    role; and a log group, with retention and key, for all five control-plane logs.
    """

    def __init__(self, name: str, args: ControlPlaneArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:cluster:ControlPlane", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        logs = aws.cloudwatch.LogGroup(
            f"{name}-logs",
            name=f"/aws/eks/{args.cluster_name}/cluster",
            retention_in_days=args.log_retention_days,
            kms_key_id=args.logs_key_arn,
            opts=self._child,
        )
        role, attachment = self._role(name)
        self.cluster = aws.eks.Cluster(
            name,
            name=args.cluster_name,
            version=args.version,
            role_arn=role.arn,
            vpc_config={
                "subnet_ids": args.subnet_ids,
                "endpoint_private_access": True,
                "endpoint_public_access": bool(args.public_access_cidrs),
                # AWS reads an absent list as 0.0.0.0/0, which is harmless only while the public endpoint is off.
                "public_access_cidrs": list(args.public_access_cidrs) or None,
            },
            access_config={"authentication_mode": "API", "bootstrap_cluster_creator_admin_permissions": False},
            encryption_config={"provider": {"key_arn": args.secrets_key_arn}, "resources": ["secrets"]},
            enabled_cluster_log_types=list(LOG_TYPES),
            bootstrap_self_managed_addons=False,
            upgrade_policy={"support_type": "STANDARD"},
            zonal_shift_config={"enabled": args.production},
            deletion_protection=args.production,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs, attachment]),
        )
        self._export()

    def _role(self, name: str) -> tuple[aws.iam.Role, aws.iam.RolePolicyAttachment]:
        role = aws.iam.Role(name, assume_role_policy=trust_policy("eks.amazonaws.com"), opts=self._child)
        attachment = aws.iam.RolePolicyAttachment(
            name, role=role.name, policy_arn="arn:aws:iam::aws:policy/AmazonEKSClusterPolicy", opts=self._child
        )
        return role, attachment

    def _export(self) -> None:
        self.name = self.cluster.name
        self.arn = self.cluster.arn
        self.endpoint = self.cluster.endpoint
        self.certificate = self.cluster.certificate_authority.data
        self.security_group_id = self.cluster.vpc_config.cluster_security_group_id
        self.register_outputs(
            {
                "name": self.name,
                "arn": self.arn,
                "endpoint": self.endpoint,
                "certificate": self.certificate,
                "security_group_id": self.security_group_id,
            }
        )
