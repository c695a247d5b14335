"""Buckets are encrypted with a key of our own."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import PolicyResource

from mlctl.finding import Severity
from policies.property import given, items
from policies.rule import Part, relation_rule
from policies.stack import Stack

_ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
_LOGGING = "aws:s3/bucketLogging:BucketLogging"
_RULE = {"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "arn:aws:kms:…"}}


@relation_rule(
    id="aws-s3-own-key",
    title="Every bucket is encrypted with our own key",
    severity=Severity.HIGH,
    types=("aws:s3/bucket:Bucket",),
    related=(_ENCRYPTION, _LOGGING),
    why="A key of our own can be revoked and its use is logged.",
    remediation="Add an aws.s3.BucketServerSideEncryptionConfiguration with sse_algorithm aws:kms and kms_master_key_id.",
    allowed=(
        Part(type="aws:s3/bucket:Bucket", name="data"),
        Part(type=_ENCRYPTION, name="encryption", props={"rules": [_RULE]}, refers={"bucket": ("data",)}),
    ),
    disallowed=(Part(type="aws:s3/bucket:Bucket", name="data"),),
)
def s3_own_key(subject: PolicyResource, stack: Stack) -> Iterator[str]:
    for configuration in stack.pointing_at(subject, _ENCRYPTION, "bucket", "bucket"):
        for rule in items(configuration.props.get("rules")):
            default = rule.get("applyServerSideEncryptionByDefault") or {}
            if str(default.get("sseAlgorithm")).startswith("aws:kms") and given(default, "kmsMasterKeyId"):
                return
    if not stack.pointing_at(subject, _LOGGING, "targetBucket", "bucket"):  # S3 writes access logs to no bucket with a key of ours
        yield "is not encrypted with a key of our own"
