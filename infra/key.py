"""A customer-managed KMS key with a least-privilege policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from infra.policy_document import Statement, allow, policy_document

_ADMINISTER = (
    "kms:CancelKeyDeletion",
    "kms:CreateAlias",
    "kms:DeleteAlias",
    "kms:DescribeKey",
    "kms:DisableKey",
    "kms:DisableKeyRotation",
    "kms:EnableKey",
    "kms:EnableKeyRotation",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:ListAliases",
    "kms:ListGrants",
    "kms:ListKeyPolicies",
    "kms:ListResourceTags",
    "kms:PutKeyPolicy",
    "kms:RevokeGrant",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateAlias",
    "kms:UpdateKeyDescription",
)
USE = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)
"""What encrypting and decrypting needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyArgs:
    """What a key protects and who may use it."""

    alias: str
    """Name after `alias/`, unique in the account and region."""
    description: str
    """What it encrypts."""
    account: str
    """The account; its IAM policies decide who administers the key."""
    region: str
    via_services: Sequence[str] = ()
    """Short names of services (`s3`, `sagemaker`) through which principals of this account that an IAM policy allows may use the key."""
    services: Sequence[str] = ()
    """Service principals (`logs.us-east-1.amazonaws.com`) that use the key themselves, for this account only."""
    direct: bool = False
    """Principals of this account that an IAM policy allows may also call KMS themselves, not only through a service."""
    statements: Sequence[Statement] = ()
    """Further statements."""
    deletion_window_days: int = 30
    """Days a deleted key can still be rescued."""
    tags: Mapping[str, str] = field(default_factory=dict)


class Key(pulumi.ComponentResource):
    """Creates the key (rotated every year), its policy and its alias.

    The policy names each action: this account administers the key, principals use it only through the given services and only
    where their own IAM policy allows it, and AWS services use it only for this account.
    """

    def __init__(self, name: str, args: KeyArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:security:Key", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        key = aws.kms.Key(
            name,
            description=args.description,
            enable_key_rotation=True,
            deletion_window_in_days=args.deletion_window_days,
            policy=policy_document(*_statements(args)),
            tags=dict(args.tags),
            opts=child,
        )
        aws.kms.Alias(name, name=f"alias/{args.alias}", target_key_id=key.key_id, opts=child)
        self.arn = key.arn
        self.key_id = key.key_id
        self.register_outputs({"arn": self.arn, "key_id": self.key_id})


def _statements(args: KeyArgs) -> list[Statement]:
    account = {"AWS": f"arn:aws:iam::{args.account}:root"}
    result = [allow("AdministerFromThisAccount", actions=_ADMINISTER, principal=account)]
    if args.via_services:
        via = [f"{service}.{args.region}.amazonaws.com" for service in args.via_services]
        here = {"StringEquals": {"kms:CallerAccount": args.account, "kms:ViaService": via}}
        result.append(allow("UseThroughServices", actions=USE, principal=account, condition=here))
        grant = {**here, "Bool": {"kms:GrantIsForAWSResource": "true"}}
        result.append(allow("GrantToServices", actions=("kms:CreateGrant",), principal=account, condition=grant))
    if args.direct:
        result.append(allow("UseFromThisAccount", actions=USE, principal=account))
    if args.services:
        mine = {"StringEquals": {"aws:SourceAccount": args.account}}
        result.append(allow("UseByAwsServices", actions=USE, principal={"Service": list(args.services)}, condition=mine))
    result.extend(args.statements)
    return result


def log_group_use(region: str, account: str) -> Statement:
    """Lets CloudWatch Logs encrypt this account's log groups; it names the group in its encryption context instead of a source account."""
    context = {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{region}:{account}:log-group:*"}}
    return allow("EncryptLogGroups", actions=USE, principal={"Service": f"logs.{region}.amazonaws.com"}, condition=context)
