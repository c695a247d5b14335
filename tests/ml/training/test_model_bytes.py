"""The bytes of a model are those of its content, wherever it was fitted."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

from ml.training.algorithms import Classifier, fit
from ml.training.model_bytes import model_bytes

ALGORITHMS: dict[str, dict[str, Any]] = {
    "sklearn:logistic_regression": {},
    "sklearn:gradient_boosting": {"max_iter": 5},
    "sklearn:random_forest": {"n_estimators": 5},
    "xgboost": {"n_estimators": 5},
}


def fitted(algorithm: str, seed: int) -> tuple[Classifier, Any]:
    random = np.random.default_rng(seed)
    matrix = random.normal(size=(300, 4)).astype("float32")
    outcome = (matrix[:, 0] + random.normal(size=300) > 0).astype("int64")
    return fit(algorithm, ALGORITHMS[algorithm], seed, matrix, outcome), matrix


def from_a_cluster(model: Classifier) -> Classifier:
    """Carried as Ray carries it: arrays beside the rest, in memory that nobody may write to."""
    buffers: list[Any] = []
    content = pickle.dumps(model, protocol=5, buffer_callback=buffers.append)
    found: Classifier = pickle.loads(content, buffers=[bytes(buffer.raw()) for buffer in buffers])
    return found


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_model_has_the_same_bytes_however_it_was_carried(algorithm: str) -> None:
    model, matrix = fitted(algorithm, 1)
    expected = model_bytes(model)
    for carried in (from_a_cluster(model), pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert model_bytes(carried) == expected
    np.testing.assert_array_equal(pickle.loads(expected).predict_proba(matrix), model.predict_proba(matrix))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_model_has_other_bytes(algorithm: str) -> None:
    assert model_bytes(fitted(algorithm, 1)[0]) != model_bytes(fitted(algorithm, 2)[0])
