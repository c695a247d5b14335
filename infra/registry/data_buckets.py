"""The buckets of the data's way from raw rows to audited models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from infra.bucket import Bucket, BucketArgs, Lifecycle, ObjectLock
from infra.policy_document import Statement, allow
from infra.registry.promotion_access import read_artefacts

PURPOSES = ("raw", "curated", "features", "models", "mlflow", "audit")
COST_EXPORT_PREFIX = "cost/"
"""Where AWS delivers the cost export in the audit bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataBucketsArgs:
    """Names by purpose, keys, and how long things are kept."""

    names: Mapping[str, str]
    """Bucket name per purpose."""
    data_key_arn: pulumi.Input[str]
    models_key_arn: pulumi.Input[str]
    audit_key_arn: pulumi.Input[str]
    access_log_bucket: pulumi.Input[str]
    lifecycle: Lifecycle
    """Of everything but models and MLflow's artefacts, which are read at any time."""
    audit_lock: ObjectLock
    account: str
    models_readers: Sequence[str] = ()
    """ARNs of roles of other environments that bring promoted artefacts there."""


class DataBuckets(pulumi.ComponentResource):
    """Creates the buckets `raw` (which tells EventBridge about new objects), `curated`, `features`, `models`, `mlflow`, and `audit`, whose
    objects are locked and which takes AWS's cost export. Environments that promote from this one may read `models`.
    """

    def __init__(self, name: str, args: DataBucketsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:registry:DataBuckets", name, {}, opts)
        keys = {"models": args.models_key_arn, "audit": args.audit_key_arn}
        statements = {"audit": _cost_export(args), "models": read_artefacts(args.names["models"], args.models_readers)}
        live = Lifecycle(noncurrent_days=args.lifecycle.noncurrent_days)
        self.buckets = {
            purpose: Bucket(
                f"{name}-{purpose}",
                BucketArgs(
                    bucket_name=args.names[purpose],
                    key_arn=keys.get(purpose, args.data_key_arn),
                    access_log_bucket=args.access_log_bucket,
                    lifecycle=live if purpose in ("models", "mlflow") else args.lifecycle,
                    object_lock=args.audit_lock if purpose == "audit" else None,
                    statements=statements.get(purpose, ()),
                    event_bridge=purpose == "raw",
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )
            for purpose in PURPOSES
        }
        self.register_outputs({purpose: bucket.name for purpose, bucket in self.buckets.items()})


def _cost_export(args: DataBucketsArgs) -> Sequence[Statement]:
    services = {"Service": ["bcm-data-exports.amazonaws.com", "billingreports.amazonaws.com"]}
    mine = {"StringEquals": {"aws:SourceAccount": args.account}}
    bucket = f"arn:aws:s3:::{args.names['audit']}"
    return [
        allow("CostExportChecks", actions=("s3:GetBucketPolicy",), resources=bucket, principal=services, condition=mine),
        allow(
            "CostExportWrites",
            actions=("s3:PutObject",),
            resources=f"{bucket}/{COST_EXPORT_PREFIX}*",
            principal=services,
            condition=mine,
        ),
    ]
