"""The buckets that hold what the account logs about itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

from infra.bucket import Bucket, BucketArgs, Lifecycle, ObjectLock
from infra.policy_document import Statement, allow


@dataclass(frozen=True, slots=True, kw_only=True)
class LogBucketsArgs:
    """Names, key and how long logs are kept."""

    archive_name: str
    history_name: str
    access_name: str
    key_arn: pulumi.Input[str]
    account: str
    retention_days: int
    """How long nothing can be deleted from the archive."""
    compliance: bool
    """Nobody, not even root, can shorten the retention."""
    trail_arn: str
    """The trail that writes into the archive."""


class LogBuckets(pulumi.ComponentResource):
    """Creates three buckets, because AWS does not let one do it all:

    - `archive`: CloudTrail; object lock with a default retention; our key.
    - `history`: AWS Config, which writes into no bucket with a default retention; our key.
    - `access`: access logs of load balancers and of S3, which writes only under its own key and into no bucket with a default retention.
    """

    def __init__(self, name: str, args: LogBucketsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:account:LogBuckets", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        colder = Lifecycle(infrequent_after_days=30, archive_after_days=90, expire_after_days=args.retention_days + 30)
        self.access = Bucket(
            f"{name}-access",
            BucketArgs(
                bucket_name=args.access_name,
                key_arn=None,
                access_log_bucket=None,
                lifecycle=Lifecycle(expire_after_days=args.retention_days, noncurrent_days=30),
                statements=_access_logs(args),
            ),
            opts=child,
        )
        self.archive = Bucket(
            f"{name}-archive",
            BucketArgs(
                bucket_name=args.archive_name,
                key_arn=args.key_arn,
                access_log_bucket=self.access.name,
                lifecycle=colder,
                object_lock=ObjectLock(days=args.retention_days, mode="COMPLIANCE" if args.compliance else "GOVERNANCE"),
                statements=_trail(args),
            ),
            opts=child,
        )
        self.history = Bucket(
            f"{name}-history",
            BucketArgs(
                bucket_name=args.history_name,
                key_arn=args.key_arn,
                access_log_bucket=self.access.name,
                lifecycle=colder,
                statements=_recorder(args),
            ),
            opts=child,
        )
        self.register_outputs({"archive": self.archive.name, "history": self.history.name, "access": self.access.name})


def _access_logs(args: LogBucketsArgs) -> Sequence[Statement]:
    """S3 writes anywhere; load balancers below `load-balancer/`: of applications as a service of their own, of networks as CloudWatch's
    log delivery, which also looks whether it may (elasticloadbalancing/latest/network/enable-access-logs in AWS's documentation).
    """
    mine = {"StringEquals": {"aws:SourceAccount": args.account}}
    bucket = f"arn:aws:s3:::{args.access_name}"
    balancers = f"{bucket}/load-balancer/AWSLogs/{args.account}/*"
    delivery = {"Service": "delivery.logs.amazonaws.com"}
    handed_over = {"StringEquals": {**mine["StringEquals"], "s3:x-amz-acl": "bucket-owner-full-control"}}
    return [
        allow(
            "WriteAccessLogs",
            actions=("s3:PutObject",),
            resources=f"{bucket}/*",
            principal={"Service": "logging.s3.amazonaws.com"},
            condition=mine,
        ),
        allow(
            "WriteLoadBalancerLogs",
            actions=("s3:PutObject",),
            resources=balancers,
            principal={"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
            condition=mine,
        ),
        allow("DeliveryChecksBucket", actions=("s3:GetBucketAcl",), resources=bucket, principal=delivery, condition=mine),
        allow("WriteNetworkBalancerLogs", actions=("s3:PutObject",), resources=balancers, principal=delivery, condition=handed_over),
    ]


def _trail(args: LogBucketsArgs) -> Sequence[Statement]:
    service = {"Service": "cloudtrail.amazonaws.com"}
    ours = {"aws:SourceArn": args.trail_arn}
    bucket = f"arn:aws:s3:::{args.archive_name}"
    return [
        allow("TrailChecksBucket", actions=("s3:GetBucketAcl",), resources=bucket, principal=service, condition={"StringEquals": ours}),
        allow(
            "TrailWrites",
            actions=("s3:PutObject",),
            resources=f"{bucket}/AWSLogs/{args.account}/*",
            principal=service,
            condition={"StringEquals": {**ours, "s3:x-amz-acl": "bucket-owner-full-control"}},
        ),
    ]


def _recorder(args: LogBucketsArgs) -> Sequence[Statement]:
    service = {"Service": "config.amazonaws.com"}
    ours = {"StringEquals": {"aws:SourceAccount": args.account}}
    bucket = f"arn:aws:s3:::{args.history_name}"
    return [
        allow(
            "RecorderChecksBucket",
            actions=("s3:GetBucketAcl", "s3:ListBucket"),
            resources=bucket,
            principal=service,
            condition=ours,
        ),
        allow(
            "RecorderWrites",
            actions=("s3:PutObject",),
            resources=f"{bucket}/AWSLogs/{args.account}/Config/*",
            principal=service,
            condition=ours,
        ),
    ]
