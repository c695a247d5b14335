"""The feature groups of the definitions, and the role that keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.order import after
from infra.policy_document import Statement, allow
from infra.registry.feature_group import FeatureGroup, FeatureGroupArgs, feature_kinds
from infra.service_role import ServiceRole, ServiceRoleArgs, from_account


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureStoreArgs:
    """Definitions and where they are kept."""

    groups: Sequence[Mapping[str, Any]]
    """The `groups` of ml/features/groups.json."""
    team_tags: Mapping[str, Mapping[str, str]]
    """Tags per model, where this environment has it."""
    bucket_name: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    database_name: str
    key_arn: pulumi.Input[str]
    account: str
    region: str


class FeatureStore(pulumi.ComponentResource):
    """Creates the role that writes the offline store, and a feature group per definition."""

    def __init__(self, name: str, args: FeatureStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:registry:FeatureStore", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = ServiceRole(
            name,
            ServiceRoleArgs(
                services=["sagemaker.amazonaws.com"],
                description="Writes the offline feature store",
                statements=_statements(args),
                trust_condition=from_account(args.account),
            ),
            opts=child,
        )
        self.groups = {
            str(entry["model"]): FeatureGroup(
                f"{name}-{entry['model']}",
                FeatureGroupArgs(
                    group_name=entry["model"],
                    record_identifier=entry["record_identifier"],
                    event_time=entry["event_time"],
                    features=feature_kinds(entry),
                    role_arn=role.arn,
                    offline_location=pulumi.Output.concat("s3://", args.bucket_name, "/offline"),
                    database_name=args.database_name,
                    key_arn=args.key_arn,
                    tags=args.team_tags.get(entry["model"], {}),
                ),
                # SageMaker checks the role's rights when it makes the group.
                opts=after(role, options=child),
            )
            for entry in args.groups
        }
        self.register_outputs({"groups": list(self.groups)})


def _statements(args: FeatureStoreArgs) -> list[Statement]:
    glue = f"arn:aws:glue:{args.region}:{args.account}"
    return [
        allow(
            "KeepOfflineStore",
            actions=("s3:DeleteObject", "s3:GetObject", "s3:PutObject"),
            resources=pulumi.Output.concat(args.bucket_arn, "/offline/*"),
        ),
        allow("FindBucket", actions=("s3:GetBucketAcl", "s3:GetBucketLocation", "s3:ListBucket"), resources=args.bucket_arn),
        allow(
            "KeepTables",
            actions=("glue:CreateTable", "glue:GetDatabase", "glue:GetTable", "glue:UpdateTable"),
            resources=[f"{glue}:catalog", f"{glue}:database/{args.database_name}", f"{glue}:table/{args.database_name}/*"],
        ),
        allow("Encrypt", actions=("kms:CreateGrant", "kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"), resources=args.key_arn),
    ]
