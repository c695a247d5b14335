"""Which version of each add-on a cluster gets: what EKS itself would take, written down, so that it changes in a pull request only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from mlctl.config.cluster import Addon, Cluster

PINNED: Mapping[str, Mapping[str, str]] = {
    "1.35": {
        "vpc-cni": "v1.22.3-eksbuild.1",
        "kube-proxy": "v1.35.3-eksbuild.17",
        "coredns": "v1.13.2-eksbuild.11",
        "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
        "aws-ebs-csi-driver": "v1.63.1-eksbuild.1",
    },
}
"""Kubernetes version → add-on → the default version of EKS.

1.35: as `aws eks describe-addon-versions --kubernetes-version 1.35` answered on 2026-08-04, according to skax-ca's published root module
(`live/dev/eks`, which notes the command, the date and that these are the defaults and not the latest).
"""


def addon_versions(cluster: Cluster) -> dict[str, str]:
    """The versions that are known for the cluster: its own of `cluster.addon_versions`, else the pinned ones."""
    return dict(PINNED.get(cluster.version, {})) | {str(name): version for name, version in cluster.addon_versions.items()}


def unpinned_note(cluster: Cluster) -> str | None:
    """What the plan says where add-ons have no version, so that EKS chooses on the day; None where all have one."""
    known = addon_versions(cluster)
    if missing := [name for name in get_args(Addon) if name not in known]:
        return (
            f"add-ons without a pinned version for Kubernetes {cluster.version}: {', '.join(missing)}; EKS takes its default of the day. "
            f"Name them in cluster.addon_versions: `aws eks describe-addon-versions --kubernetes-version {cluster.version}`"
        )
    return None
