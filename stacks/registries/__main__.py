"""Where one environment keeps images, data, features, models and evidence.

Exports
-------
repository_urls
    Image name → repository URL.
raw_bucket, curated_bucket, features_bucket, models_bucket, mlflow_bucket, audit_bucket (and each with `_arn`)
    Names of the buckets.
data_key_arn, models_key_arn, audit_key_arn, images_key_arn
    Keys: `data` of raw, curated, features and mlflow; the others of what they are called after.
catalogue_database, feature_groups, model_package_groups
    Glue database; names of the feature groups; model → name of its package group.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pulumi

from infra.bucket import Lifecycle, ObjectLock
from infra.context import Context, deploy_role_arn
from infra.key import Key, KeyArgs
from infra.order import after
from infra.policy_document import Statement
from infra.registry.catalogue import Catalogue, CatalogueArgs
from infra.registry.data_buckets import PURPOSES, DataBuckets, DataBucketsArgs
from infra.registry.feature_store import FeatureStore, FeatureStoreArgs
from infra.registry.image_repository import ImageRepository, ImageRepositoryArgs
from infra.registry.model_group import ModelGroup, ModelGroupArgs
from infra.registry.promotion_access import decrypt_artefacts
from infra.registry.pull_through import PullThrough, PullThroughArgs
from mlctl.config.program import promoted_to

FEATURE_GROUPS = Path(__file__).parents[2] / "ml" / "features" / "groups.json"
"""Generated from ml/models/*.yaml; no file, no feature groups."""

context = Context.start(service="registries")
environment = context.environment
account, region, prefix = environment.account, environment.region, environment.prefix
registries, security = environment.registries, environment.security
data_key_arn = context.output("foundation", "data_key_arn")


def key(kind: str, description: str, via: list[str], services: tuple[str, ...] = (), statements: Sequence[Statement] = ()) -> Key:
    arguments = KeyArgs(
        alias=f"{prefix}-{kind}",
        description=description,
        account=account,
        region=region,
        via_services=via,
        services=services,
        statements=statements,
        deletion_window_days=security.kms_deletion_window_days,
    )
    return Key(f"{kind}-key", arguments, opts=context.options())


images_key = key("images", "Container images", ["ecr"])
followers = [deploy_role_arn(other) for other in promoted_to(environment)]
models_key = key("models", "Model artefacts", ["s3", "sagemaker"], statements=decrypt_artefacts(region, followers))
audit_key = key("audit", "Audit evidence and cost exports", ["s3"], ("bcm-data-exports.amazonaws.com",))

repositories = {
    image.name: ImageRepository(
        f"image-{image.name}",
        ImageRepositoryArgs(
            repository_name=f"{environment.organization}/{image.name}",
            key_arn=images_key.arn,
            keep=image.keep,
            protect=environment.production,
            tags=context.team_tags(image.team),
        ),
        opts=context.options(),
    )
    for image in registries.images
}
PullThrough(
    "mirror",
    PullThroughArgs(registries=registries.pull_through, key_arn=images_key.arn, account=account, region=region),
    opts=context.options(),
)

data = DataBuckets(
    "data",
    DataBucketsArgs(
        names={purpose: context.bucket_name(purpose) for purpose in PURPOSES},
        data_key_arn=data_key_arn,
        models_key_arn=models_key.arn,
        audit_key_arn=audit_key.arn,
        access_log_bucket=context.output("foundation", "access_log_bucket"),
        lifecycle=Lifecycle(
            infrequent_after_days=registries.lifecycle.infrequent_after_days,
            archive_after_days=registries.lifecycle.archive_after_days,
            noncurrent_days=registries.lifecycle.noncurrent_days,
        ),
        audit_lock=ObjectLock(days=security.archive_retention_days, mode="COMPLIANCE" if environment.production else "GOVERNANCE"),
        account=account,
        models_readers=followers,
    ),
    opts=context.options(),
)
database_name = f"{prefix}_ml".replace("-", "_")
catalogue = Catalogue(
    "catalogue",
    CatalogueArgs(
        database_name=database_name,
        key_arn=data_key_arn,
        location=pulumi.Output.concat("s3://", data.buckets["curated"].name, "/tables"),
    ),
    opts=context.options(),
)
definitions = json.loads(FEATURE_GROUPS.read_text(encoding="utf-8")) if FEATURE_GROUPS.exists() else {"groups": []}
feature_groups: list[str] = []
if registries.feature_store and definitions["groups"]:
    features = data.buckets["features"]
    store = FeatureStore(
        "features",
        FeatureStoreArgs(
            groups=definitions["groups"],
            team_tags={name: context.team_tags(model.team) for name, model in environment.models.items()},
            bucket_name=features.name,
            bucket_arn=features.arn,
            database_name=database_name,
            key_arn=data_key_arn,
            account=account,
            region=region,
        ),
        opts=after(catalogue, options=context.options()),
    )
    feature_groups = list(store.groups)
model_groups = {
    name: ModelGroup(f"model-{name}", ModelGroupArgs(model=name, tags=context.team_tags(model.team)), opts=context.options())
    for name, model in environment.models.items()
}

pulumi.export("repository_urls", {name: repository.url for name, repository in repositories.items()})
for purpose, bucket in data.buckets.items():
    pulumi.export(f"{purpose}_bucket", bucket.name)
    pulumi.export(f"{purpose}_bucket_arn", bucket.arn)
pulumi.export("data_key_arn", data_key_arn)
pulumi.export("models_key_arn", models_key.arn)
pulumi.export("audit_key_arn", audit_key.arn)
pulumi.export("images_key_arn", images_key.arn)
pulumi.export("catalogue_database", catalogue.name)
pulumi.export("feature_groups", feature_groups)
pulumi.export("model_package_groups", {name: group.name for name, group in model_groups.items()})
