"""The permissions boundary: what no role that the pipeline makes can ever do, whatever policies it is given."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.policy_document import Statement, deny, policy_document

_NEVER = (
    "account:*",
    "aws-portal:*",
    "iam:AddUserToGroup",
    "iam:AttachGroupPolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreateGroup",
    "iam:CreateLoginProfile",
    "iam:CreateUser",
    "iam:PutGroupPolicy",
    "iam:PutUserPolicy",
    "iam:UpdateAccessKey",
    "iam:UpdateLoginProfile",
    "organizations:*",
)
"""Users with passwords or keys, billing contacts, and the organisation belong to people."""

_GUARDS = (
    "access-analyzer:DeleteAnalyzer",
    "cloudtrail:DeleteTrail",
    "cloudtrail:StopLogging",
    "config:DeleteConfigurationRecorder",
    "config:DeleteDeliveryChannel",
    "config:StopConfigurationRecorder",
    "ec2:DisableEbsEncryptionByDefault",
    "guardduty:DeleteDetector",
    "guardduty:DisassociateFromAdministratorAccount",
    "s3:BypassGovernanceRetention",
    "s3:PutAccountPublicAccessBlock",
)
"""What watches the account, or keeps it closed. Switching one off is done by a person."""

_ROLE_CHANGES = (
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
)
"""The changes of a role for which IAM tells which boundary it has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryArgs:
    """Names."""

    policy_name: str
    account: str
    protected_roles: str
    """Name pattern of the roles that the pipeline itself runs as; it cannot change them."""


class Boundary(pulumi.ComponentResource):
    """Creates the managed policy. It grants nothing: a role can do what both its own policies and this one allow."""

    def __init__(self, name: str, args: BoundaryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:identity:Boundary", name, {}, opts)
        policy = aws.iam.Policy(
            name,
            name=args.policy_name,
            description="The most that roles of the ML platform may do",
            policy=policy_document(*_statements(args)),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.arn = policy.arn
        self.register_outputs({"arn": self.arn})


def _statements(args: BoundaryArgs) -> list[Statement]:
    own = f"arn:aws:iam::{args.account}:policy/{args.policy_name}"
    roles = f"arn:aws:iam::{args.account}:role/{args.protected_roles}"
    without = {"StringNotEquals": {"iam:PermissionsBoundary": own}}
    return [
        {"Sid": "EverythingElse", "Effect": "Allow", "NotAction": list(_NEVER), "Resource": "*"},
        deny("GuardsStay", actions=_GUARDS),
        deny("RolesOnlyWithThisBoundary", actions=_ROLE_CHANGES, condition=without),
        deny("BoundariesStay", actions=("iam:DeleteRolePermissionsBoundary",)),
        deny(
            "ThisPolicyStays",
            actions=("iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:SetDefaultPolicyVersion"),
            resources=own,
        ),
        deny(
            "PipelineRolesStay",
            actions=(*_ROLE_CHANGES, "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:UpdateAssumeRolePolicy"),
            resources=roles,
        ),
    ]
