"""What the Karpenter controller may do in AWS: only to what carries this cluster's tag.

After https://karpenter.sh/docs/reference/cloudformation/ (KarpenterControllerPolicy), for one region and one account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from infra.cluster.addons import disk_key_use
from infra.policy_document import Statement, allow

_CREATED = ("fleet", "instance", "volume", "network-interface", "launch-template", "spot-instances-request")


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerRights:
    """The cluster and what Karpenter needs of its surroundings."""

    cluster: str
    cluster_arn: pulumi.Input[str]
    account: str
    region: str
    node_role_arn: pulumi.Input[str]
    queue_arn: pulumi.Input[str]
    disk_key_arn: pulumi.Input[str]


def controller_statements(rights: ControllerRights) -> list[Statement]:
    """The statements of the controller's role."""
    return [
        *_launch(rights),
        *_tag_and_delete(rights),
        *_read(rights),
        *_instance_profiles(rights),
        allow(
            "ReadInterruptions",
            actions=("sqs:DeleteMessage", "sqs:GetQueueUrl", "sqs:ReceiveMessage"),
            resources=rights.queue_arn,
        ),
        allow("FindTheApi", actions=("eks:DescribeCluster",), resources=rights.cluster_arn),
        *disk_key_use(rights.disk_key_arn),
    ]


def _owned(rights: ControllerRights, kind: str) -> dict[str, Any]:
    return {
        "StringEquals": {
            f"aws:{kind}/kubernetes.io/cluster/{rights.cluster}": "owned",
            f"aws:{kind}/eks:eks-cluster-name": rights.cluster,
        },
        "StringLike": {f"aws:{kind}/karpenter.sh/nodepool": "*"},
    }


def _ec2(rights: ControllerRights, *kinds: str) -> list[str]:
    return [f"arn:aws:ec2:{rights.region}:{rights.account}:{kind}/*" for kind in kinds]


def _launch(rights: ControllerRights) -> list[Statement]:
    used = [f"arn:aws:ec2:{rights.region}::image/*", f"arn:aws:ec2:{rights.region}::snapshot/*"]
    used += _ec2(rights, "security-group", "subnet", "capacity-reservation")
    tagged = _owned(rights, "ResourceTag")
    del tagged["StringEquals"]["aws:ResourceTag/eks:eks-cluster-name"]
    start = ("ec2:CreateFleet", "ec2:RunInstances")
    return [
        allow("LaunchFrom", actions=start, resources=used),
        allow("LaunchFromOwnTemplates", actions=start, resources=_ec2(rights, "launch-template"), condition=tagged),
        allow(
            "LaunchTagged",
            actions=(*start, "ec2:CreateLaunchTemplate"),
            resources=_ec2(rights, *_CREATED),
            condition=_owned(rights, "RequestTag"),
        ),
    ]


def _tag_and_delete(rights: ControllerRights) -> list[Statement]:
    tagged = {
        "StringEquals": {f"aws:ResourceTag/kubernetes.io/cluster/{rights.cluster}": "owned"},
        "StringLike": {"aws:ResourceTag/karpenter.sh/nodepool": "*"},
    }
    creating = _owned(rights, "RequestTag")
    creating["StringEquals"]["ec2:CreateAction"] = ["RunInstances", "CreateFleet", "CreateLaunchTemplate"]
    names = {
        "StringEqualsIfExists": {"aws:RequestTag/eks:eks-cluster-name": rights.cluster},
        "ForAllValues:StringEquals": {"aws:TagKeys": ["eks:eks-cluster-name", "karpenter.sh/nodeclaim", "Name"]},
    }
    return [
        allow("TagWhatItCreates", actions=("ec2:CreateTags",), resources=_ec2(rights, *_CREATED), condition=creating),
        allow("NameItsInstances", actions=("ec2:CreateTags",), resources=_ec2(rights, "instance"), condition={**tagged, **names}),
        allow(
            "DeleteWhatItCreated",
            actions=("ec2:DeleteLaunchTemplate", "ec2:TerminateInstances"),
            resources=_ec2(rights, "instance", "launch-template"),
            condition=tagged,
        ),
    ]


def _read(rights: ControllerRights) -> list[Statement]:
    describe = (
        "ec2:DescribeCapacityReservations",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceStatus",
        "ec2:DescribeInstanceTypeOfferings",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeInstances",
        "ec2:DescribeLaunchTemplates",
        "ec2:DescribePlacementGroups",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSpotPriceHistory",
        "ec2:DescribeSubnets",
    )
    here = {"StringEquals": {"aws:RequestedRegion": rights.region}}
    return [
        allow("DescribeThisRegion", actions=describe, condition=here),
        allow("FindImages", actions=("ssm:GetParameter",), resources=f"arn:aws:ssm:{rights.region}::parameter/aws/service/*"),
        # The price list lives in one region and has no resources to name.
        allow("ReadPrices", actions=("pricing:GetProducts",)),
    ]


def _instance_profiles(rights: ControllerRights) -> list[Statement]:
    profiles = f"arn:aws:iam::{rights.account}:instance-profile/*"
    owner = f"kubernetes.io/cluster/{rights.cluster}"
    region = "topology.kubernetes.io/region"
    creating = {
        "StringEquals": {
            f"aws:RequestTag/{owner}": "owned",
            "aws:RequestTag/eks:eks-cluster-name": rights.cluster,
            f"aws:RequestTag/{region}": rights.region,
        },
        "StringLike": {"aws:RequestTag/karpenter.k8s.aws/ec2nodeclass": "*"},
    }
    owned = {
        "StringEquals": {f"aws:ResourceTag/{owner}": "owned", f"aws:ResourceTag/{region}": rights.region},
        "StringLike": {"aws:ResourceTag/karpenter.k8s.aws/ec2nodeclass": "*"},
    }
    change = ("iam:AddRoleToInstanceProfile", "iam:DeleteInstanceProfile", "iam:RemoveRoleFromInstanceProfile", "iam:TagInstanceProfile")
    spot = f"arn:aws:iam::{rights.account}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
    for_spot = {"StringEquals": {"iam:AWSServiceName": "spot.amazonaws.com"}}
    passing = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    return [
        allow("GiveNodesTheirRole", actions=("iam:PassRole",), resources=rights.node_role_arn, condition=passing),
        allow("CreateProfiles", actions=("iam:CreateInstanceProfile",), resources=profiles, condition=creating),
        allow("ChangeOwnProfiles", actions=change, resources=profiles, condition=owned),
        allow("ReadProfiles", actions=("iam:GetInstanceProfile",), resources=profiles),
        # Listing has no resource to name.
        allow("ListProfiles", actions=("iam:ListInstanceProfiles",)),
        allow("CreateSpotRole", actions=("iam:CreateServiceLinkedRole",), resources=spot, condition=for_spot),
    ]
