"""Variants of the ONNX model: fewer trees, 8-bit weights, and which one is served."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ml.serving.export import SCORE
from ml.serving.latency import Latency
from ml.serving.preprocessing_graph import MATRIX
from ml.serving.pruning import boosted_trees, without_last_trees
from ml.serving.session import Session
from ml.serving.variants import Variant, build_variants, choose, optimised, quantised

pytestmark = [pytest.mark.ml, pytest.mark.slow]


def variant(name: str, p50: float, *, p99: float = 1.0, difference: float = 0.0) -> Variant:
    return Variant(
        name=name,
        model=b"",
        largest_difference=difference,
        decisions_changed=0,
        latency=Latency(p50_ms=p50, p99_ms=p99, calls=1),
        rows_per_second=1.0,
    )


@pytest.mark.parametrize(
    ("others", "chosen"),
    [
        ([], "plain"),
        ([variant("fast", 0.8)], "fast"),
        ([variant("hardly faster", 0.95)], "plain"),
        ([variant("fast", 0.8), variant("faster", 0.7)], "faster"),
        ([variant("fast but wrong", 0.1, difference=0.02)], "plain"),
        ([variant("fast but late at times", 0.1, p99=30.0)], "plain"),
        ([variant("changed a little, a little faster", 0.6, difference=0.005)], "plain"),
        ([variant("changed a little, much faster", 0.4, difference=0.005)], "changed a little, much faster"),
    ],
)
def test_choice(others: list[Variant], chosen: str) -> None:
    assert choose([variant("plain", 1.0), *others], tolerance=0.01, latency_p99_ms=25.0).name == chosen


def data() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    random = np.random.default_rng(0)
    matrix = random.normal(size=(800, 5)).astype(np.float32)
    return matrix, (matrix[:, 0] + 0.5 * matrix[:, 1] + random.normal(0, 0.5, 800) > 0).astype(int)


def exported(model: Any) -> Any:
    from ml.serving.export import _convert, _one_score

    return _one_score(_convert(model, 5))


def test_the_first_trees_of_xgboost() -> None:
    from xgboost import XGBClassifier

    matrix, outcome = data()
    model = XGBClassifier(n_estimators=60, max_depth=3, learning_rate=0.1, random_state=0).fit(matrix, outcome)
    onnx_model = exported(model)
    assert boosted_trees(onnx_model) == 60
    shorter = without_last_trees(onnx_model, 25)
    assert boosted_trees(shorter) == 25
    scores = Session(shorter.SerializeToString()).score({MATRIX: matrix})
    assert scores == pytest.approx(model.predict_proba(matrix, iteration_range=(0, 25))[:, 1], abs=1e-6)


def test_the_first_trees_of_gradient_boosting() -> None:
    from sklearn.ensemble import HistGradientBoostingClassifier

    matrix, outcome = data()
    model = HistGradientBoostingClassifier(max_iter=60, random_state=0, early_stopping=False).fit(matrix, outcome)
    onnx_model = exported(model)
    assert boosted_trees(onnx_model) == 60
    scores = Session(without_last_trees(onnx_model, 25).SerializeToString()).score({MATRIX: matrix})
    staged = list(model.staged_predict_proba(matrix))
    assert scores == pytest.approx(staged[24][:, 1], abs=1e-6)


def test_a_forest_keeps_its_trees() -> None:
    from sklearn.ensemble import RandomForestClassifier

    matrix, outcome = data()
    assert boosted_trees(exported(RandomForestClassifier(10, random_state=0).fit(matrix, outcome))) == 0


def test_pruning_stays_within_the_tolerance_and_drops_trees() -> None:
    from xgboost import XGBClassifier

    matrix, outcome = data()
    model = XGBClassifier(n_estimators=300, max_depth=2, learning_rate=0.02, random_state=0).fit(matrix, outcome)
    expected = model.predict_proba(matrix)[:, 1].astype(float)
    made = build_variants(exported(model), {MATRIX: matrix}, expected, tolerance=0.03, threshold=0.5, calls=5)
    assert [one.name for one in made] == ["plain", "graph_optimised", "pruned"]
    assert made[0].largest_difference < 1e-5
    assert made[1].largest_difference < 1e-5
    assert 1e-5 < made[2].largest_difference <= 0.03
    assert len(made[2].model) < len(made[0].model)


def network() -> Any:
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(1)
    shapes = {"w1": (5, 64), "w2": (64, 1)}
    weights = [numpy_helper.from_array(random.normal(0, 0.3, shape).astype(np.float32), name) for name, shape in shapes.items()]
    nodes = [
        helper.make_node("MatMul", [MATRIX, "w1"], ["hidden"]),
        helper.make_node("Relu", ["hidden"], ["active"]),
        helper.make_node("MatMul", ["active", "w2"], ["raw"]),
        helper.make_node("Sigmoid", ["raw"], ["chance"]),
        helper.make_node("Reshape", ["chance", "shape"], [SCORE]),
    ]
    weights.append(numpy_helper.from_array(np.array([-1], np.int64), "shape"))
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info(MATRIX, TensorProto.FLOAT, ["rows", 5])],
        [helper.make_tensor_value_info(SCORE, TensorProto.FLOAT, ["rows"])],
        weights,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)


def test_a_network_is_quantised_and_measured() -> None:
    import onnx

    matrix, _ = data()
    model = network()
    expected = Session(model.SerializeToString()).score({MATRIX: matrix})
    made = build_variants(model, {MATRIX: matrix}, expected, tolerance=0.05, threshold=0.5, calls=5)
    assert [one.name for one in made] == ["plain", "graph_optimised", "int8"]
    assert 0 < made[2].largest_difference < 0.05
    kinds = {node.op_type for node in onnx.load_from_string(quantised(model)).graph.node}
    assert "MatMulInteger" in kinds


def test_graph_optimisation_keeps_the_scores() -> None:
    matrix, _ = data()
    model = network().SerializeToString()
    assert Session(optimised(model)).score({MATRIX: matrix}) == pytest.approx(Session(model).score({MATRIX: matrix}), abs=1e-6)
