"""Add-ons that EKS manages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.pod_role import PodRole, PodRoleArgs
from infra.policy_document import allow


def addon(
    name: str,
    kind: str,
    *,
    cluster: pulumi.Input[str],
    versions: Mapping[str, str],
    settings: dict[str, Any] | None,
    opts: pulumi.ResourceOptions,
) -> aws.eks.Addon:
    """The add-on at its version, or at EKS's default where none is known; settings that somebody changed by hand are overwritten."""
    return aws.eks.Addon(
        name,
        cluster_name=cluster,
        addon_name=kind,
        addon_version=versions.get(kind),
        configuration_values=pulumi.Output.json_dumps(settings) if settings else None,
        resolve_conflicts_on_create="OVERWRITE",
        resolve_conflicts_on_update="OVERWRITE",
        opts=opts,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddonsArgs:
    """The cluster they belong to."""

    cluster: pulumi.Input[str]
    versions: Mapping[str, str]
    """Add-on → version."""


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
            addon(f"{name}-{kind}", kind, cluster=args.cluster, versions=args.versions, settings=values, opts=child)
            for kind, values in settings.items()
        ]
        self.register_outputs({"cluster": args.cluster})


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageAddonsArgs:
    """The cluster, and the key of its volumes."""

    cluster: pulumi.Input[str]
    versions: Mapping[str, str]
    """Add-on → version."""
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
        make = partial(addon, cluster=args.cluster, versions=args.versions)
        self.addons = [
            make(f"{name}-coredns", "coredns", settings={"replicaCount": 2}, opts=child),
            make(f"{name}-ebs-csi", "aws-ebs-csi-driver", settings=None, opts=after_role),
        ]
        self.register_outputs({"cluster": args.cluster})


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
