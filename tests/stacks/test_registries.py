"""The registries stack: images, buckets, features, models."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from mlctl.plan.model import Plan, StackPlan

PlanOf = Callable[[str], Plan]
PlanVariant = Callable[..., Plan]


def registries(plan: Plan) -> StackPlan:
    [stack] = [stack for stack in plan.stacks if stack.name == "registries"]
    assert stack.errors == ()
    return stack


@pytest.fixture(scope="module")
def prod(plan_of: PlanOf) -> StackPlan:
    return registries(plan_of("prod"))


@pytest.fixture(scope="module")
def changed(plan_variant: PlanVariant) -> StackPlan:
    """An image more, no mirrors, no feature store, a model and a team more."""
    edits = {
        "registries.images": [
            {"name": "serving", "team": "ml-platform"},
            {"name": "training", "team": "ml-platform"},
            {"name": "labelling", "team": "lending", "keep": 5},
        ],
        "registries.pull_through": [],
        "registries.feature_store": False,
        "registries.lifecycle": {"infrequent_after_days": 45, "archive_after_days": 200, "noncurrent_days": 10},
        "models.fraud": {"team": "lending", "mode": "realtime", "instances": {"instance_type": "ml.m5.large"}},
    }
    return registries(plan_variant(edits, base="dev", stacks=("registries",)))


def inputs(stack: StackPlan, kind: str) -> dict[str, Mapping[str, Any]]:
    return {item.name: item.inputs for item in stack.resources if item.custom and item.type.endswith(f":{kind}")}


def test_images_cannot_change_and_are_scanned(prod: StackPlan) -> None:
    repositories = inputs(prod, "Repository")
    assert {item["name"] for item in repositories.values()} == {"acme/training", "acme/serving"}
    for item in repositories.values():
        assert item["imageTagMutability"] == "IMMUTABLE"
        assert item["imageScanningConfiguration"] == {"scanOnPush": True}
        assert item["encryptionConfigurations"] == [{"encryptionType": "KMS", "kmsKey": "<<aws:kms/key:Key|images-key|arn>>"}]
        assert item["forceDelete"] is False


def test_an_image_is_an_entry(changed: StackPlan) -> None:
    repository = inputs(changed, "Repository")["image-labelling"]
    assert repository["tags"] == {"team": "lending", "cost-centre": "CC-2100"}
    policy = json.loads(inputs(changed, "LifecyclePolicy")["image-labelling"]["policy"])
    assert [rule["selection"]["countNumber"] for rule in policy["rules"]] == [7, 5]


def test_mirrors_as_configured(prod: StackPlan, changed: StackPlan) -> None:
    rules = {item["upstreamRegistryUrl"]: item["ecrRepositoryPrefix"] for item in inputs(prod, "PullThroughCacheRule").values()}
    assert rules == {"public.ecr.aws": "ecr-public", "registry.k8s.io": "kubernetes", "quay.io": "quay"}
    assert inputs(changed, "PullThroughCacheRule") == inputs(changed, "RepositoryCreationTemplate") == {}
    assert len(inputs(changed, "RegistryScanningConfiguration")) == 1


def test_buckets_are_guarded(prod: StackPlan) -> None:
    buckets = {f"data-{purpose}" for purpose in ("raw", "curated", "features", "models", "mlflow", "audit")}
    kinds = ("PublicAccessBlock", "Versioning", "ServerSideEncryptionConfiguration", "LifecycleConfiguration", "Logging", "Policy")
    for kind in ("", *kinds):
        assert set(inputs(prod, f"Bucket{kind}")) == buckets, kind
    for policy in inputs(prod, "BucketPolicy").values():
        document = json.loads(policy["policy"])
        assert {"DenyPlainHttp", "DenyOldTls"} <= {statement["Sid"] for statement in document["Statement"]}


def test_each_kind_of_content_has_its_key(prod: StackPlan) -> None:
    keys = {
        name: item["rules"][0]["applyServerSideEncryptionByDefault"]["kmsMasterKeyId"]
        for name, item in inputs(prod, "BucketServerSideEncryptionConfiguration").items()
    }
    data = "<<aws:kms/key:Key|keys-data|arn>>"
    assert keys == dict.fromkeys(("data-raw", "data-curated", "data-features", "data-mlflow"), data) | {
        "data-models": "<<aws:kms/key:Key|models-key|arn>>",
        "data-audit": "<<aws:kms/key:Key|audit-key|arn>>",
    }


def statements(document: str) -> dict[str, Any]:
    return {statement["Sid"]: statement for statement in json.loads(document)["Statement"]}


def test_who_promotes_from_here_reads_models_and_nothing_else(plan_of: PlanOf) -> None:
    """deploy.yml of production copies what staging has served: as its own role, in another account."""
    [role] = [
        f"arn:aws:iam::333333333333:role/{item.inputs['name']}"
        for item in plan_of("prod").resources()
        if item.type == "aws:iam/role:Role" and item.name.endswith("-deploy")
    ]
    staging = registries(plan_of("staging"))
    who = {"AWS": ["arn:aws:iam::333333333333:root"]}
    buckets = {name: statements(item["policy"]) for name, item in inputs(staging, "BucketPolicy").items()}
    let_in = {name: found for name, policy in buckets.items() if (found := {sid for sid in policy if sid.endswith("Promoted")})}
    assert let_in == {"data-models": {"ReadPromoted", "FindPromoted"}}
    bucket = "arn:aws:s3:::acme-staging-models-222222222222"
    for sid, action, resource in (("ReadPromoted", "s3:GetObject", f"{bucket}/*"), ("FindPromoted", "s3:ListBucket", bucket)):
        assert buckets["data-models"][sid] == {
            "Sid": sid,
            "Effect": "Allow",
            "Action": [action],
            "Resource": resource,
            "Principal": who,
            "Condition": {"ArnEquals": {"aws:PrincipalArn": [role]}},
        }
    keys = {name: statements(item["policy"]) for name, item in inputs(staging, "Key").items()}
    assert {name for name, policy in keys.items() if "DecryptPromoted" in policy} == {"models-key"}
    decrypt = keys["models-key"]["DecryptPromoted"]
    assert (decrypt["Action"], decrypt["Principal"]) == (["kms:Decrypt"], who)
    via = {"kms:ViaService": "s3.us-east-1.amazonaws.com"}
    assert decrypt["Condition"] == {"ArnEquals": {"aws:PrincipalArn": [role]}, "StringEquals": via}


def test_nobody_promotes_from_production(prod: StackPlan) -> None:
    documents = [item["policy"] for kind in ("BucketPolicy", "Key") for item in inputs(prod, kind).values()]
    assert documents and not any("Promoted" in document for document in documents)


def test_only_evidence_is_locked(prod: StackPlan) -> None:
    [(name, lock)] = inputs(prod, "BucketObjectLockConfiguration").items()
    assert (name, lock["rule"]["defaultRetention"]) == ("data-audit", {"mode": "COMPLIANCE", "days": 2557})


def test_lifecycle_as_configured(changed: StackPlan) -> None:
    rules = {name: item["rules"][0] for name, item in inputs(changed, "BucketLifecycleConfiguration").items()}
    assert rules["data-raw"]["transitions"] == [{"days": 45, "storageClass": "STANDARD_IA"}, {"days": 200, "storageClass": "GLACIER_IR"}]
    assert "transitions" not in rules["data-models"], "a model is read at any time"
    assert {rule["noncurrentVersionExpiration"]["noncurrentDays"] for rule in rules.values()} == {10}


def test_feature_groups_follow_their_definitions(prod: StackPlan, changed: StackPlan) -> None:
    definitions = json.loads((Path(__file__).parents[2] / "ml/features/groups.json").read_text())["groups"]
    groups = {item["featureGroupName"]: item for item in inputs(prod, "FeatureGroup").values()}
    assert set(groups) == {entry["model"] for entry in definitions}
    for entry in definitions:
        group = groups[entry["model"]]
        assert [item["featureName"] for item in group["featureDefinitions"]] == [feature["name"] for feature in entry["features"]]
        assert group["onlineStoreConfig"]["enableOnlineStore"] is True
        assert group["offlineStoreConfig"]["s3StorageConfig"]["kmsKeyId"] == "<<aws:kms/key:Key|keys-data|arn>>"
    assert inputs(changed, "FeatureGroup") == {}


def test_a_model_is_an_entry(prod: StackPlan, changed: StackPlan) -> None:
    def groups(stack: StackPlan) -> dict[str, str]:
        return {item["modelPackageGroupName"]: item["tags"]["team"] for item in inputs(stack, "ModelPackageGroup").values()}

    assert groups(prod) == {"credit-risk": "lending", "churn": "retention"}
    assert groups(changed) == {"credit-risk": "lending", "churn": "retention", "fraud": "lending"}


def test_the_catalogue_is_encrypted(prod: StackPlan) -> None:
    [settings] = inputs(prod, "DataCatalogEncryptionSettings").values()
    assert settings["dataCatalogEncryptionSettings"]["encryptionAtRest"]["catalogEncryptionMode"] == "SSE-KMS"
    assert [item["name"] for item in inputs(prod, "CatalogDatabase").values()] == ["acme_prod_ml"]
