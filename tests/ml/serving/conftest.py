"""One small trained and packaged model of each team, made once for all serving tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from ml.spec import ModelSpec, load_spec

KEY = "a secret of more than sixteen bytes"


@dataclass(frozen=True, kw_only=True)
class Trained:
    """Folders of one run of the pipeline."""

    spec: ModelSpec
    bundle: Path
    features: Path
    packaged: Path
    requests: pd.DataFrame

    @property
    def model(self) -> Path:
        return self.packaged / "model"


def run_pipeline(name: str, root: Path) -> Trained:
    from ml.pipeline import build_features, ingest, train
    from ml.serving.package import package_model, sample_requests

    ingest(name, root / "data", rows=1500)
    build_features(name, root / "data", root / "features")
    train(name, root / "features", root / "bundle", trials=1)
    spec = load_spec(name)
    package_model(spec, root / "bundle", root / "features", root / "packaged")
    requests, _ = sample_requests(spec, root / "features", 400)
    return Trained(spec=spec, bundle=root / "bundle", features=root / "features", packaged=root / "packaged", requests=requests)


@pytest.fixture(scope="session")
def credit(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return run_pipeline("credit-risk", tmp_path_factory.mktemp("credit"))


@pytest.fixture(scope="session")
def churn(tmp_path_factory: pytest.TempPathFactory) -> Trained:
    return run_pipeline("churn", tmp_path_factory.mktemp("churn"))


@pytest.fixture
def decision_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("DECISION_KEY", KEY)
    yield KEY
