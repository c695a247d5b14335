"""What the AWS Load Balancer Controller may do: change only what carries this cluster's tag.

After docs/install/iam_policy.json of kubernetes-sigs/aws-load-balancer-controller v2.14, for one region and one account.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from infra.policy_document import Statement, allow

_TAG = "elbv2.k8s.aws/cluster"

_DESCRIBE = (
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeCoipPools",
    "ec2:DescribeInstances",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeIpamPools",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeTags",
    "ec2:DescribeVpcPeeringConnections",
    "ec2:DescribeVpcs",
    "ec2:GetCoipPoolUsage",
    "ec2:GetSecurityGroupsForVpc",
    "elasticloadbalancing:DescribeCapacityReservation",
    "elasticloadbalancing:DescribeListenerAttributes",
    "elasticloadbalancing:DescribeListenerCertificates",
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeLoadBalancerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeSSLPolicies",
    "elasticloadbalancing:DescribeTags",
    "elasticloadbalancing:DescribeTargetGroupAttributes",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "elasticloadbalancing:DescribeTrustStores",
)
_CERTIFICATES = ("acm:DescribeCertificate", "acm:ListCertificates")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the controller works."""

    account: str
    region: str
    cluster: str


def load_balancer_statements(place: Place) -> list[Statement]:
    """The statements of the controller's role."""
    role = f"arn:aws:iam::{place.account}:role/aws-service-role/elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing"
    here = {"StringEquals": {"aws:RequestedRegion": place.region}}
    return [
        allow("Describe", actions=(*_DESCRIBE, *_CERTIFICATES), condition=here),
        allow(
            "CreateServiceRole",
            actions=("iam:CreateServiceLinkedRole",),
            resources=role,
            condition={"StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}},
        ),
        *_security_groups(place),
        *_balancers(place),
    ]


def _requested(place: Place) -> dict[str, Any]:
    return {"StringEquals": {f"aws:RequestTag/{_TAG}": place.cluster}}


def _owned(place: Place) -> dict[str, Any]:
    return {"StringEquals": {f"aws:ResourceTag/{_TAG}": place.cluster}}


def _ec2(place: Place, *kinds: str) -> list[str]:
    return [f"arn:aws:ec2:{place.region}:{place.account}:{kind}/*" for kind in kinds]


def _security_groups(place: Place) -> list[Statement]:
    groups = _ec2(place, "security-group")
    created = {"StringEquals": {"ec2:CreateAction": "CreateSecurityGroup", f"aws:RequestTag/{_TAG}": place.cluster}}
    return [
        allow("CreateGroup", actions=("ec2:CreateSecurityGroup",), resources=_ec2(place, "security-group", "vpc")),
        allow("TagNewGroup", actions=("ec2:CreateTags",), resources=groups, condition=created),
        allow("TagOwnGroup", actions=("ec2:CreateTags", "ec2:DeleteTags"), resources=groups, condition=_owned(place)),
        allow("DeleteOwnGroup", actions=("ec2:DeleteSecurityGroup",), resources=groups, condition=_owned(place)),
        # Also the cluster's own group, which lets the balancer reach the pods and does not carry the controller's tag.
        allow(
            "OpenGroups",
            actions=("ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"),
            resources=_ec2(place, "security-group", "security-group-rule"),
        ),
    ]


def _balancers(place: Place) -> list[Statement]:
    base = f"arn:aws:elasticloadbalancing:{place.region}:{place.account}"
    whole = [f"{base}:loadbalancer/app/*", f"{base}:loadbalancer/net/*", f"{base}:targetgroup/*"]
    parts = [f"{base}:{kind}/{family}/*" for kind in ("listener", "listener-rule") for family in ("app", "net")]
    verbs = {
        "CreateBalancers": ("CreateLoadBalancer", "CreateTargetGroup"),
        "ChangeOwnBalancers": (
            "DeleteLoadBalancer",
            "DeleteTargetGroup",
            "ModifyCapacityReservation",
            "ModifyIpPools",
            "ModifyLoadBalancerAttributes",
            "ModifyTargetGroup",
            "ModifyTargetGroupAttributes",
            "RemoveTags",
            "SetIpAddressType",
            "SetSecurityGroups",
            "SetSubnets",
        ),
        "ChangeListeners": (
            "AddListenerCertificates",
            "CreateListener",
            "CreateRule",
            "DeleteListener",
            "DeleteRule",
            "ModifyListener",
            "ModifyListenerAttributes",
            "ModifyRule",
            "RemoveListenerCertificates",
            "SetRulePriorities",
        ),
        "Targets": ("DeregisterTargets", "RegisterTargets"),
    }
    actions = {sid: tuple(f"elasticloadbalancing:{verb}" for verb in names) for sid, names in verbs.items()}
    tag = ("elasticloadbalancing:AddTags",)
    return [
        allow("CreateBalancers", actions=actions["CreateBalancers"], resources=whole, condition=_requested(place)),
        allow("TagNewBalancers", actions=tag, resources=[*whole, *parts], condition=_requested(place)),
        allow("TagOwnBalancers", actions=tag, resources=[*whole, *parts], condition=_owned(place)),
        allow("ChangeOwnBalancers", actions=actions["ChangeOwnBalancers"], resources=whole, condition=_owned(place)),
        allow("ChangeListeners", actions=actions["ChangeListeners"], resources=[*whole, *parts]),
        allow("Targets", actions=actions["Targets"], resources=f"{base}:targetgroup/*"),
    ]
