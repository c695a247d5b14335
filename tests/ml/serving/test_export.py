"""A model is exported to the same bytes every time, so that a run that was resumed leaves what an undisturbed one does."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml.contracts.table import request_contract
from ml.features.compute import features_from_request
from ml.features.encode import encode
from ml.serving.export import export
from ml.serving.preprocessing_graph import MATRIX
from ml.serving.request_check import check_request
from ml.serving.session import Session
from ml.serving.variants import optimised
from ml.spec import load_spec
from ml.training.algorithms import fit, score
from ml.training.bundle import load_bundle
from tests.ml.serving.conftest import Trained

pytestmark = pytest.mark.ml


@pytest.mark.parametrize("name", ["credit", "churn"])
def test_the_same_model_has_the_same_bytes(name: str, request: pytest.FixtureRequest) -> None:
    trained: Trained = request.getfixturevalue(name)
    first, second = (load_bundle(trained.bundle) for _ in range(2))
    exported = [export(trained.spec, bundle.model, len(bundle.columns)).SerializeToString() for bundle in (first, second)]
    assert exported[0] == exported[1]
    assert optimised(exported[0]) == optimised(exported[1])


def test_columns_may_have_any_name(third: Callable[..., Path]) -> None:
    """A bureau's `score` is a column like any other, and no name of the graph may be in its way."""
    path = third()
    text = path.read_text(encoding="utf-8")
    for old, new in (("weight", "score"), ("distance", "cast_0"), ("service", "matrix"), ("scans_7d", "numbers")):
        text = re.sub(rf"(?<=source: ){old}\b|(?<=    ){old}(?=: {{dtype)|(?<=segments: \[){old}|(?<=  ){old}(?=: {{window)", new, text)
    path.write_text(text, encoding="utf-8")
    spec = load_spec(path)
    assert set(request_contract(spec).columns) == {"score", "cast_0", "matrix", "numbers", "slowest_7d"}
    random = np.random.default_rng(5)
    rows = 500
    requests = pd.DataFrame(
        {
            "score": random.gamma(2, 4, rows),
            "cast_0": random.integers(1, 5000, rows),
            "matrix": random.choice(["express", "standard"], rows),
            "numbers": np.where(random.random(rows) < 0.2, np.nan, random.poisson(2, rows)),
            "slowest_7d": np.where(random.random(rows) < 0.2, np.nan, random.gamma(2, 5, rows)),
        }
    )
    matrix = encode(spec, features_from_request(spec, requests))
    outcome = (random.random(rows) < 0.4).astype(np.int64)
    model = fit("sklearn:logistic_regression", {}, 0, matrix, outcome)
    exported = Session(export(spec, model, matrix.shape[1]).SerializeToString())
    checked = check_request(request_contract(spec), requests)
    assert not checked.errors
    assert np.abs(exported.score(checked.feed) - score(model, matrix)).max() < 1e-6
    assert np.array_equal(exported.run(checked.feed)[MATRIX], matrix, equal_nan=True)


@pytest.mark.parametrize("algorithm", ["xgboost", "sklearn:gradient_boosting", "sklearn:logistic_regression"])
def test_numbers_without_bounds_are_scored_and_explained(algorithm: str, third: Callable[..., Path]) -> None:
    """Algorithms refuse infinity, which a large number becomes in float32; one such row must not cost the others their answer."""
    from ml.explanation.explainer import _fast_shap

    path = third(replace=(("algorithm: sklearn:logistic_regression", f"algorithm: {algorithm}"),))
    spec = load_spec(path)
    random = np.random.default_rng(5)
    requests = pd.DataFrame({"weight": 5.0, "distance": random.integers(1, 900, 200), "service": "express", "scans_7d": 1.0})
    requests["slowest_7d"] = random.choice([3.0, 1e300, -1e300, 1e35, np.nan], 200)
    matrix = encode(spec, features_from_request(spec, requests))
    assert not np.isinf(matrix).any()
    model = fit(algorithm, {}, 0, matrix, random.integers(0, 2, 200))
    feed = check_request(request_contract(spec), requests).feed
    found = Session(export(spec, model, matrix.shape[1]).SerializeToString()).run(feed)
    assert np.array_equal(found[MATRIX], matrix, equal_nan=True)
    bundle: Any = SimpleNamespace(algorithm=algorithm, model=model)
    explained = _fast_shap(spec, bundle, matrix)
    assert explained is not None and np.isfinite(explained[0](matrix)).all() and np.isfinite(score(model, matrix)).all()
