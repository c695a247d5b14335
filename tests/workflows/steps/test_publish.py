"""The step that puts features into SageMaker Feature Store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ml import pipeline
from ml.features.feature_store import FeatureStore
from ml.features.online import OnlineStore
from ml.spec import load_spec
from tests.ml.features.feature_store_service import DEFINED, SERVICE, serving
from workflows.steps import publish

pytestmark = pytest.mark.ml
STEP: Any = vars(publish.publish_features)["__wrapped__"]


@pytest.fixture
def features(tmp_path: Path) -> Path:
    pipeline.ingest("churn", tmp_path / "data", rows=120)
    pipeline.build_features("churn", tmp_path / "data", tmp_path / "features")
    return tmp_path / "features"


def test_every_key_is_put_and_can_be_looked_up(features: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as service:
        monkeypatch.setattr("mlctl.evidence.client.aws_client", {SERVICE: service.client}.__getitem__)
        STEP("churn", features)
        known, as_of = OnlineStore(features / "online.sqlite").everything()
        assert capsys.readouterr().out == f"churn: {len(known)} keys in the feature group as of {as_of.isoformat()}\n"
        assert {key for _, key in service.records} == set(known.index)
        assert FeatureStore(load_spec("churn"), service.client).lookup(list(known.index)).notna().any(axis=None)


def test_a_group_that_is_missing_ends_the_step_as_a_service_that_failed(
    features: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with serving() as service:
        monkeypatch.setattr("mlctl.evidence.client.aws_client", lambda _: service.client)
        monkeypatch.delitem(DEFINED, "churn")
        with pytest.raises(SystemExit) as ended:
            STEP("churn", features)
    assert ended.value.code == 3
    assert "can't find a FeatureGroup" in capsys.readouterr().err
