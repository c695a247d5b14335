"""What the pipeline's roles may do: read for the preview, and the rights besides AWS's PowerUserAccess for the deployment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from infra.policy_document import Statement, allow

_PASSED_TO = (
    "batch.amazonaws.com",
    "budgets.amazonaws.com",
    "cloudtrail.amazonaws.com",
    "config.amazonaws.com",
    "ec2.amazonaws.com",
    "eks.amazonaws.com",
    "events.amazonaws.com",
    "lambda.amazonaws.com",
    "monitoring.rds.amazonaws.com",
    "pods.eks.amazonaws.com",
    "sagemaker.amazonaws.com",
    "scheduler.amazonaws.com",
    "states.amazonaws.com",
    "vpc-flow-logs.amazonaws.com",
)
"""Services that run as a role of ours."""


def state_read(*, bucket: str, region: str, account: str, key_alias: str) -> Sequence[Statement]:
    """Read the Pulumi state and its secrets, and hold its lock."""
    return [
        allow("ListState", actions=("s3:ListBucket",), resources=f"arn:aws:s3:::{bucket}"),
        allow("ReadState", actions=("s3:GetObject",), resources=f"arn:aws:s3:::{bucket}/*"),
        allow("HoldLock", actions=("s3:DeleteObject", "s3:PutObject"), resources=f"arn:aws:s3:::{bucket}/.pulumi/locks/*"),
        _state_key(("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"), region=region, account=account, key_alias=key_alias),
    ]


def spend_read(*, account: str) -> Sequence[Statement]:
    """See what was spent and what the budgets say, for the weekly report. Cost Explorer has no resource to narrow it to."""
    return [
        allow("ReadBudgets", actions=("budgets:ViewBudget",), resources=f"arn:aws:budgets::{account}:budget/*"),
        allow("ReadSpend", actions=("ce:GetCostAndUsage", "ce:GetCostForecast")),
    ]


def state_write(*, bucket: str, region: str, account: str, key_alias: str) -> Sequence[Statement]:
    """Change the Pulumi state."""
    return [
        *state_read(bucket=bucket, region=region, account=account, key_alias=key_alias),
        allow("WriteState", actions=("s3:DeleteObject", "s3:PutObject"), resources=f"arn:aws:s3:::{bucket}/*"),
        _state_key(("kms:Encrypt",), region=region, account=account, key_alias=key_alias),
    ]


def _state_key(actions: tuple[str, ...], *, region: str, account: str, key_alias: str) -> Statement:
    return allow(
        f"StateKey{actions[0].removeprefix('kms:')}",
        actions=actions,
        resources=f"arn:aws:kms:{region}:{account}:key/*",
        condition={"ForAnyValue:StringEquals": {"kms:ResourceAliases": f"alias/{key_alias}"}},
    )


def roles_and_policies(*, account: str, boundary_arn: str) -> Mapping[str, Sequence[Statement]]:
    """IAM, which PowerUserAccess leaves out: this account's roles and policies, each under the boundary."""
    roles = [f"arn:aws:iam::{account}:role/*", f"arn:aws:iam::{account}:instance-profile/*"]
    bounded = {"StringEquals": {"iam:PermissionsBoundary": boundary_arn}}
    change = ("iam:AttachRolePolicy", "iam:CreateRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy", "iam:PutRolePolicy")
    return {
        "roles": [
            allow("ChangeRolesUnderBoundary", actions=change, resources=roles[0], condition=bounded),
            allow("KeepRoles", actions=_KEEP_ROLES, resources=roles),
            allow("KeepPolicies", actions=_KEEP_POLICIES, resources=f"arn:aws:iam::{account}:policy/*"),
            allow("KeepProviders", actions=_KEEP_PROVIDERS, resources=f"arn:aws:iam::{account}:oidc-provider/*"),
            allow(
                "PassRoles",
                actions=("iam:PassRole",),
                resources=roles[0],
                condition={"StringEquals": {"iam:PassedToService": list(_PASSED_TO)}},
            ),
            allow(
                "PasswordPolicy",
                actions=("iam:DeleteAccountPasswordPolicy", "iam:GetAccountPasswordPolicy", "iam:UpdateAccountPasswordPolicy"),
            ),
        ]
    }


_KEEP_ROLES = (
    "iam:AddRoleToInstanceProfile",
    "iam:CreateInstanceProfile",
    "iam:DeleteInstanceProfile",
    "iam:DeleteRole",
    "iam:GetInstanceProfile",
    "iam:GetRole",
    "iam:GetRolePolicy",
    "iam:ListAttachedRolePolicies",
    "iam:ListInstanceProfilesForRole",
    "iam:ListRolePolicies",
    "iam:ListRoleTags",
    "iam:RemoveRoleFromInstanceProfile",
    "iam:TagInstanceProfile",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole",
    "iam:UpdateRoleDescription",
)
_KEEP_POLICIES = (
    "iam:CreatePolicy",
    "iam:CreatePolicyVersion",
    "iam:DeletePolicy",
    "iam:DeletePolicyVersion",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:ListPolicyVersions",
    "iam:TagPolicy",
    "iam:UntagPolicy",
)
_KEEP_PROVIDERS = (
    "iam:CreateOpenIDConnectProvider",
    "iam:DeleteOpenIDConnectProvider",
    "iam:GetOpenIDConnectProvider",
    "iam:TagOpenIDConnectProvider",
    "iam:UntagOpenIDConnectProvider",
)
