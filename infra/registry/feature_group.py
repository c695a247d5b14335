"""A SageMaker feature group: the same features for training (offline) and for serving (online)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureGroupArgs:
    """What the features are and where they are kept."""

    group_name: str
    record_identifier: str
    """Feature that names the entity."""
    event_time: str
    """Feature that says when the row was true; with it training reads what was known at the time."""
    features: Mapping[str, str]
    """Name → Integral, Fractional or String."""
    role_arn: pulumi.Input[str]
    """Writes the offline store."""
    offline_location: pulumi.Input[str]
    """`s3://…`."""
    database_name: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    tags: Mapping[str, str] = field(default_factory=dict)


class FeatureGroup(pulumi.ComponentResource):
    """Creates the feature group with its online store and its offline store (an Iceberg table), both under our key."""

    def __init__(self, name: str, args: FeatureGroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:registry:FeatureGroup", name, {}, opts)
        group = aws.sagemaker.FeatureGroup(
            name,
            feature_group_name=args.group_name,
            record_identifier_feature_name=args.record_identifier,
            event_time_feature_name=args.event_time,
            feature_definitions=[{"feature_name": feature, "feature_type": kind} for feature, kind in args.features.items()],
            role_arn=args.role_arn,
            online_store_config={"enable_online_store": True, "security_config": {"kms_key_id": args.key_arn}},
            offline_store_config={
                "s3_storage_config": {"s3_uri": args.offline_location, "kms_key_id": args.key_arn},
                "table_format": "Iceberg",
                "data_catalog_config": {
                    "catalog": "AwsDataCatalog",
                    "database": args.database_name,
                    "table_name": args.group_name.replace("-", "_"),
                },
            },
            tags=dict(args.tags),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.name = group.feature_group_name
        self.register_outputs({"name": self.name})


def feature_kinds(entry: Mapping[str, Any]) -> dict[str, str]:
    """Feature name → type of one entry of ml/features/groups.json."""
    return {feature["name"]: feature["type"] for feature in entry["features"]}
