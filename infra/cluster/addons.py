"""Add-ons that EKS manages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.pod_role import PodRole, PodRoleArgs
from infra.policy_document import allow

PINNED = {
    "vpc-cni": "v1.20.2-eksbuild.1",
    "kube-proxy": "v1.33.3-eksbuild.6",
    "eks-pod-identity-agent": "v1.3.8-eksbuild.2",
    "coredns": "v1.12.4-eksbuild.1",
    "aws-ebs-csi-driver": "v1.47.0-eksbuild.1",
}
"""Versions for `PINNED_FOR`: `aws eks describe-addon-versions --kubernetes-version 1.33`."""

PINNED_FOR = "1.33"
"""The Kubernetes version that PINNED belongs to. At any other one EKS's own default for that version is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddonArgs:
    """One add-on of one cluster."""

    cluster: pulumi.Input[str]
    addon: str
    kubernetes_version: str
    settings: dict[str, Any] | None = None
    """The add-on's own configuration."""


def addon(name: str, args: AddonArgs, opts: pulumi.ResourceOptions) -> aws.eks.Addon:
    """The add-on at its pinned version; settings that somebody changed by hand are overwritten."""
    return aws.eks.Addon(
        name,
        cluster_name=args.cluster,
        addon_name=args.addon,
        addon_version=PINNED[args.addon] if args.kubernetes_version == PINNED_FOR else None,
        configuration_values=pulumi.Output.json_dumps(args.settings) if args.settings else None,
        resolve_conflicts_on_create="OVERWRITE",
        resolve_conflicts_on_update="OVERWRITE",
        opts=opts,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddonsArgs:
    """The cluster they belong to."""

    cluster: pulumi.Input[str]
    kubernetes_version: str
    account: str


class NetworkAddons(pulumi.ComponentResource):
    """Creates what a node needs before it can run a pod: the VPC CNI (which also enforces NetworkPolicies), kube-proxy and the Pod
    Identity agent.
    """

    def __init__(self, name: str, args: AddonsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:cluster:NetworkAddons", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings: dict[str, dict[str, Any] | None] = {
            "vpc-cni": {"enableNetworkPolicy": "true", "env": {"ENABLE_PREFIX_DELEGATION": "true", "WARM_PREFIX_TARGET": "1"}},
            "kube-proxy": None,
            "eks-pod-identity-agent": None,
        }
        self.addons = [
            addon(
                f"{name}-{short}",
                AddonArgs(cluster=args.cluster, addon=short, kubernetes_version=args.kubernetes_version, settings=values),
                child,
            )
            for short, values in settings.items()
        ]
        self.register_outputs({"cluster": args.cluster})


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageAddonsArgs:
    """The cluster, and the key of its volumes."""

    cluster: pulumi.Input[str]
    kubernetes_version: str
    account: str
    disk_key_arn: pulumi.Input[str]


class WorkloadAddons(pulumi.ComponentResource):
    """Creates what runs on the first nodes: CoreDNS, and the EBS CSI driver with a role that may use the key of the volumes."""

    def __init__(self, name: str, args: StorageAddonsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:cluster:WorkloadAddons", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = PodRole(
            f"{name}-ebs",
            PodRoleArgs(
                cluster=args.cluster,
                account=args.account,
                namespace="kube-system",
                service_account="ebs-csi-controller-sa",
                statements=disk_key_use(args.disk_key_arn),
                managed_policies={"csi": "arn:aws:iam::aws:policy/service-role/AmazonEBSCSIDriverPolicy"},
            ),
            child,
        )
        after_role = pulumi.ResourceOptions(parent=self, depends_on=[role.association])
        self.addons = [
            addon(f"{name}-coredns", _workload(args, "coredns", {"replicaCount": 2}), child),
            addon(f"{name}-ebs-csi", _workload(args, "aws-ebs-csi-driver", None), after_role),
        ]
        self.register_outputs({"cluster": args.cluster})


def _workload(args: StorageAddonsArgs, short: str, settings: dict[str, Any] | None) -> AddonArgs:
    return AddonArgs(cluster=args.cluster, addon=short, kubernetes_version=args.kubernetes_version, settings=settings)


def disk_key_use(key_arn: pulumi.Input[str]) -> tuple[Any, ...]:
    """What a controller needs to make and attach encrypted volumes."""
    actions = ("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo")
    return (
        allow("UseDiskKey", actions=actions, resources=key_arn),
        allow(
            "GrantDiskKey",
            actions=("kms:CreateGrant",),
            resources=key_arn,
            condition={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    )
