"""A model is exported to the same bytes every time, so that a run that was resumed leaves what an undisturbed one does."""

from __future__ import annotations

import pytest

from ml.serving.export import export
from ml.serving.variants import optimised
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
