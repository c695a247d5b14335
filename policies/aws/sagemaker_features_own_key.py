"""Feature groups are encrypted with a key of our own."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given
from policies.rule import resource_rule


@resource_rule(
    id="aws-sagemaker-features-own-key",
    title="Feature groups are encrypted with our own key",
    severity=Severity.MEDIUM,
    types=("aws:sagemaker/featureGroup:FeatureGroup",),
    why="Features are data of customers.",
    remediation="Set kms_key_id in online_store_config.security_config and offline_store_config.s3_storage_config.",
    allowed={
        "onlineStoreConfig": {"enableOnlineStore": True, "securityConfig": {"kmsKeyId": "arn:aws:kms:…"}},
        "offlineStoreConfig": {"s3StorageConfig": {"s3Uri": "s3://…", "kmsKeyId": "arn:aws:kms:…"}},
    },
    disallowed={"onlineStoreConfig": {"enableOnlineStore": True}},
)
def sagemaker_features_own_key(args: ResourceValidationArgs) -> Iterator[str]:
    if given(args.props, "onlineStoreConfig") and not given(args.props, "onlineStoreConfig.securityConfig.kmsKeyId"):
        yield "its online store is not encrypted with a key of our own"
    if given(args.props, "offlineStoreConfig") and not given(args.props, "offlineStoreConfig.s3StorageConfig.kmsKeyId"):
        yield "its offline store is not encrypted with a key of our own"
