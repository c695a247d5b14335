"""A private, encrypted, versioned S3 bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra.policy_document import Statement, deny, policy_document


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifecycle:
    """When objects move to cheaper classes and when they end. None: never."""

    infrequent_after_days: int | None = None
    """Days until S3 Standard-IA."""
    archive_after_days: int | None = None
    """Days until S3 Glacier Instant Retrieval."""
    expire_after_days: int | None = None
    """Days until the current version is deleted."""
    noncurrent_days: int = 90
    """Days an overwritten or deleted version is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectLock:
    """Every new object is locked against deletion and overwriting."""

    days: int
    mode: Literal["GOVERNANCE", "COMPLIANCE"]
    """COMPLIANCE: not even the root user can shorten it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BucketArgs:
    """What the bucket is called and how it keeps its objects."""

    bucket_name: str
    """Unique in the world."""
    key_arn: pulumi.Input[str] | None
    """The customer-managed key of its objects. None: S3's own key, for the target of S3 access logs, which takes no other."""
    access_log_bucket: pulumi.Input[str] | None
    """The bucket that receives its access logs. None only for that bucket itself."""
    lifecycle: Lifecycle = Lifecycle()
    object_lock: ObjectLock | None = None
    statements: Sequence[Statement] = ()
    """Statements of the bucket policy besides the ones that demand TLS; a resource is `arn:aws:s3:::<bucket name>/…`."""
    event_bridge: bool = False
    """Tell EventBridge about new objects."""
    tags: Mapping[str, str] = field(default_factory=dict)


class Bucket(pulumi.ComponentResource):
    """Creates the bucket; ownership by the bucket's owner (no ACLs); public access blocked; versioning; default encryption with a bucket
    key; lifecycle rules; a policy that refuses plain HTTP and TLS below 1.2; access logging; object lock and events where asked.
    """

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:storage:Bucket", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._bucket = aws.s3.Bucket(
            name,
            bucket=args.bucket_name,
            object_lock_enabled=True if args.object_lock else None,
            tags=dict(args.tags),
            opts=self._child,
        )
        self.name = self._bucket.bucket
        self.arn = self._bucket.arn
        self._guard(name, args)
        self._keep(name, args)
        self._observe(name, args)
        self.register_outputs({"name": self.name, "arn": self.arn})

    def _guard(self, name: str, args: BucketArgs) -> None:
        aws.s3.BucketOwnershipControls(name, bucket=self.name, rule={"object_ownership": "BucketOwnerEnforced"}, opts=self._child)
        block = aws.s3.BucketPublicAccessBlock(
            name,
            bucket=self.name,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
        by_default: aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgsDict
        by_default = {"sse_algorithm": "AES256"}
        if args.key_arn is not None:
            by_default = {"sse_algorithm": "aws:kms", "kms_master_key_id": args.key_arn}
        aws.s3.BucketServerSideEncryptionConfiguration(
            name,
            bucket=self.name,
            rules=[{"apply_server_side_encryption_by_default": by_default, "bucket_key_enabled": args.key_arn is not None}],
            opts=self._child,
        )
        policy = policy_document(*_demand_tls(args.bucket_name), *args.statements)
        # S3 refuses two changes of a bucket's policy and public access block at once.
        aws.s3.BucketPolicy(name, bucket=self.name, policy=policy, opts=pulumi.ResourceOptions(parent=self, depends_on=[block]))

    def _keep(self, name: str, args: BucketArgs) -> None:
        versioning = aws.s3.BucketVersioning(name, bucket=self.name, versioning_configuration={"status": "Enabled"}, opts=self._child)
        after = pulumi.ResourceOptions(parent=self, depends_on=[versioning])
        aws.s3.BucketLifecycleConfiguration(name, bucket=self.name, rules=_rules(args.lifecycle), opts=after)
        if lock := args.object_lock:
            retention: aws.s3.BucketObjectLockConfigurationRuleArgsDict = {"default_retention": {"mode": lock.mode, "days": lock.days}}
            aws.s3.BucketObjectLockConfiguration(name, bucket=self.name, rule=retention, opts=after)

    def _observe(self, name: str, args: BucketArgs) -> None:
        if args.access_log_bucket is not None:
            aws.s3.BucketLogging(
                name,
                bucket=self.name,
                target_bucket=args.access_log_bucket,
                target_prefix=f"{args.bucket_name}/",
                opts=self._child,
            )
        if args.event_bridge:
            aws.s3.BucketNotification(name, bucket=self.name, eventbridge=True, opts=self._child)


def bucket_arns(bucket_name: str) -> list[str]:
    """The bucket and everything in it."""
    return [f"arn:aws:s3:::{bucket_name}", f"arn:aws:s3:::{bucket_name}/*"]


def _demand_tls(bucket_name: str) -> list[Statement]:
    plain = {"Bool": {"aws:SecureTransport": "false"}}
    old = {"NumericLessThan": {"s3:TlsVersion": "1.2"}}
    return [
        deny("DenyPlainHttp", actions=("s3:*",), resources=bucket_arns(bucket_name), principal="*", condition=plain),
        deny("DenyOldTls", actions=("s3:*",), resources=bucket_arns(bucket_name), principal="*", condition=old),
    ]


def _rules(lifecycle: Lifecycle) -> list[aws.s3.BucketLifecycleConfigurationRuleArgsDict]:
    transitions: list[aws.s3.BucketLifecycleConfigurationRuleTransitionArgsDict] = []
    if lifecycle.infrequent_after_days is not None:
        transitions.append({"days": lifecycle.infrequent_after_days, "storage_class": "STANDARD_IA"})
    if lifecycle.archive_after_days is not None:
        transitions.append({"days": lifecycle.archive_after_days, "storage_class": "GLACIER_IR"})
    keep: aws.s3.BucketLifecycleConfigurationRuleArgsDict = {
        "id": "keep",
        "status": "Enabled",
        "filter": {"prefix": ""},
        "noncurrent_version_expiration": {"noncurrent_days": lifecycle.noncurrent_days},
        "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
    }
    if transitions:
        keep["transitions"] = transitions
    if lifecycle.expire_after_days is not None:
        keep["expiration"] = {"days": lifecycle.expire_after_days}
    return [keep]
