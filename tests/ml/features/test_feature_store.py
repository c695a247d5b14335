"""The online store in the cloud: boto3's own checks of every call and every answer, and the same features as offline."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from ml import pipeline
from ml.data.arrow import read_parquet
from ml.errors import ServiceError
from ml.features.compute import compute_features
from ml.features.feature_store import FeatureStore
from ml.features.online import OnlineStore
from ml.spec import load_spec, model_names
from tests.ml.features.feature_store_service import DEFINED, Runtime, serving


@pytest.fixture
def runtime() -> Iterator[Runtime]:
    with serving() as made:
        yield made


Built = Callable[[str], OnlineStore]


@pytest.fixture
def built(tmp_path: Path) -> Built:
    def build(name: str) -> OnlineStore:
        pipeline.ingest(name, tmp_path / "data", rows=300)
        pipeline.build_features(name, tmp_path / "data", tmp_path / "features", as_of="2025-06-01")
        return OnlineStore(tmp_path / "features/online.sqlite")

    return build


@pytest.mark.parametrize("name", model_names())
def test_the_store_in_the_cloud_gives_the_features_of_the_offline_code(name: str, runtime: Runtime, built: Built, tmp_path: Path) -> None:
    """Skew: put from the online store, looked up by key, equal to what the offline code computes at that moment; nulls too."""
    spec, store = load_spec(name), FeatureStore(load_spec(name), runtime.client)
    found, as_of = built(name).everything()
    assert store.write(found, as_of) == len(found) > 50
    rows, events = read_parquet(tmp_path / "data/rows.parquet"), read_parquet(tmp_path / "data/events.parquet")
    known = rows[rows[spec.timestamp] < as_of].drop_duplicates(spec.entity, keep="last")
    moment = known.assign(**{spec.timestamp: pd.Series(as_of, index=known.index)})
    offline = compute_features(spec, moment, events).reset_index(drop=True)
    online = store.lookup(list(known[spec.entity])).reset_index(drop=True)
    assert offline.isna().any(axis=None)
    pd.testing.assert_frame_equal(online, offline, check_dtype=False)
    assert max(runtime.asked) == 100 and sum(runtime.asked) == len(known)


def test_names_are_such_as_the_service_takes(runtime: Runtime) -> None:
    model = runtime.client.meta.service_model
    pattern = re.compile(model.shape_for("FeatureName").metadata["pattern"])
    group = re.compile(model.operation_model("PutRecord").input_shape.members["FeatureGroupName"].metadata["pattern"])
    for name, defined in DEFINED.items():
        assert group.fullmatch(name)
        assert all(pattern.fullmatch(item["name"]) and len(item["name"]) <= 64 for item in defined["features"])


def test_an_unknown_entity_has_nulls(runtime: Runtime) -> None:
    assert FeatureStore(load_spec("churn"), runtime.client).lookup(["nobody", "nobody"]).isna().all(axis=None)


def test_keys_that_were_left_unprocessed_are_asked_for_again(runtime: Runtime, built: Built) -> None:
    store = FeatureStore(load_spec("churn"), runtime.client)
    found, as_of = built("churn").everything()
    store.write(found.head(3), as_of)
    runtime.overloaded = 2
    pd.testing.assert_frame_equal(store.lookup(list(found.index[:3])), found.head(3), check_dtype=False)
    assert runtime.asked == [3, 1, 1]
    runtime.overloaded = 99
    with pytest.raises(ServiceError, match="left 1 keys unanswered"):
        store.lookup(list(found.index[:3]))


def test_a_group_that_is_not_there_is_a_sentence(runtime: Runtime, built: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    found, as_of = built("churn").everything()
    monkeypatch.delitem(DEFINED, "churn")
    with pytest.raises(ServiceError, match=r"the feature group churn: .*can't find a FeatureGroup"):
        FeatureStore(load_spec("churn"), runtime.client).write(found.head(1), as_of)
