"""Prohibited features and stand-ins are refused before anything is trained."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml import pipeline
from ml.data.dataset import read_json
from ml.errors import BlockedError
from ml.spec import MODELS

INCOME = "  income: {source: income, transform: log1p"


def credit_with(folder: Path, feature: str) -> Path:
    text = (MODELS / "credit-risk.yaml").read_text(encoding="utf-8")
    assert text.count(INCOME) == 1
    path = folder / "credit-risk.yaml"
    path.write_text(text.replace(INCOME, f"  {feature}\n{INCOME}"), encoding="utf-8")
    return path


@pytest.mark.parametrize("column", ["sex", "race", "marital_status", "public_assistance", "age"])
def test_a_prohibited_feature_is_refused_before_training(column: str, tmp_path: Path) -> None:
    model = credit_with(tmp_path, f"extra: {{source: {column}, reason: None.}}")
    pipeline.ingest(model, tmp_path / "data", rows=300)
    pipeline.build_features(model, tmp_path / "data", tmp_path / "features")
    with pytest.raises(BlockedError, match=f"extra uses the prohibited column {column}"):
        pipeline.train(model, tmp_path / "features", tmp_path / "bundle")
    assert not (tmp_path / "bundle").exists()


def test_a_stand_in_is_refused_where_the_data_makes_it_one(tmp_path: Path) -> None:
    """Whoever lives where only says something about race in the biased data."""
    model = credit_with(tmp_path, "area: {source: postcode_area, reason: None.}")
    for bias in (0.0, 1.0):
        pipeline.ingest(model, tmp_path / f"data{bias}", rows=3000, bias=bias)
        pipeline.build_features(model, tmp_path / f"data{bias}", tmp_path / f"features{bias}")
    fair = pipeline.screen(model, tmp_path / "features0.0", tmp_path / "fair")
    assert fair["verdict"] == "pass"
    with pytest.raises(BlockedError, match=r"area stands in for race: association 0\.\d\d, allowed up to 0\.35") as caught:
        pipeline.screen(model, tmp_path / "features1.0", tmp_path / "unfair")
    assert caught.value.exit_status == 1
    written = read_json(tmp_path / "unfair" / "screening.json")
    assert {(item["feature"], item["attribute"]) for item in written["screened"] if item["verdict"] == "fail"} == {("area", "race")}


def test_a_model_without_prohibited_columns_has_nothing_to_screen(third_run: tuple[Path, Path], tmp_path: Path) -> None:
    model, folder = third_run
    assert pipeline.screen(model, folder / "features", tmp_path) == {
        "model": "parcel-delay",
        "verdict": "pass",
        "screened": [],
        "leaking": [],
    }
