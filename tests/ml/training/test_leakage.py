"""A feature that is filled in after the outcome is refused before anything is trained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml import pipeline
from ml.data.dataset import read_json
from ml.errors import BlockedError

WriteThird = Callable[..., Path]


def leaking(third: WriteThird, values: Callable[..., Any]) -> Path:
    """Write the third model with a weight made of the outcome."""
    model = third(replace=(("weight: {dtype: number, minimum: 0", "weight: {dtype: number, nullable: true, minimum: 0"),))
    rows = pd.read_csv(model.parent / "parcels.csv", dtype=str)
    rows["weight"] = values((rows["late"] == "true").to_numpy())
    rows.to_csv(model.parent / "parcels.csv", index=False)
    return model


@pytest.mark.parametrize(
    ("values", "detail"),
    [
        (lambda late: np.where(late, 20.0, 3.0), "weight all but says late: association 1.00, allowed up to 0.98"),
        (lambda late: np.where(late, 20.0, 3.0) + np.arange(400) % 7, "weight all but says late"),
        (lambda late: np.where(late, np.nan, np.arange(400) % 90), "weight, by being missing, all but says late"),
    ],
)
def test_a_feature_that_says_the_outcome_is_refused(values: Callable[..., Any], detail: str, third: WriteThird, tmp_path: Path) -> None:
    model = leaking(third, values)
    pipeline.ingest(model, tmp_path / "data")
    pipeline.build_features(model, tmp_path / "data", tmp_path / "features")
    with pytest.raises(BlockedError, match=rf"features\.weight: {detail}.*; take the feature out"):
        pipeline.screen(model, tmp_path / "features", tmp_path / "screening")
    told = read_json(tmp_path / "screening/screening.json")
    assert told["verdict"] == "fail" and [item["feature"] for item in told["leaking"]] == ["weight"]
    with pytest.raises(BlockedError, match=detail):
        pipeline.train(model, tmp_path / "features", tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_a_strong_feature_is_none(third: WriteThird, tmp_path: Path) -> None:
    """One that orders nearly all rows rightly, but not all."""
    random = np.random.default_rng(3)
    model = leaking(third, lambda late: np.where(late, 14.0, 8.0) + random.normal(size=400) * 2)
    pipeline.ingest(model, tmp_path / "data")
    pipeline.build_features(model, tmp_path / "data", tmp_path / "features")
    assert pipeline.screen(model, tmp_path / "features", tmp_path / "screening")["leaking"] == []


def test_the_limit_is_the_model_file_s(third: WriteThird, tmp_path: Path) -> None:
    model = leaking(third, lambda late: np.where(late, 20.0, 3.0))
    model.write_text(model.read_text(encoding="utf-8").replace("training:\n", "training:\n  leakage: 1\n"), encoding="utf-8")
    pipeline.ingest(model, tmp_path / "data")
    pipeline.build_features(model, tmp_path / "data", tmp_path / "features")
    assert pipeline.screen(model, tmp_path / "features", tmp_path / "screening")["leaking"] == []
