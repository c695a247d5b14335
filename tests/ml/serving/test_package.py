"""Packaging: the ONNX artefact says what the trained model says, and is whole or refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.contracts.table import request_contract
from ml.errors import InputError
from ml.features.encode import encode, encoded_columns
from ml.features.offline import read_offline
from ml.serving.artefact import BUNDLED, ONNX, find_artefact, load_artefact
from ml.serving.export import export
from ml.serving.package import package_model, sample_requests
from ml.serving.preprocessing_graph import MATRIX
from ml.serving.request_check import check_request
from ml.serving.scorer import load_scorer
from ml.serving.session import Session
from ml.spec import ModelSpec
from ml.training.bundle import load_bundle

pytestmark = [pytest.mark.ml, pytest.mark.slow]


@pytest.mark.parametrize("team", ["credit", "churn"])
def test_scores_are_those_of_the_trained_model_on_every_row(team: str, request: pytest.FixtureRequest) -> None:
    trained = request.getfixturevalue(team)
    bundle = load_bundle(trained.bundle)
    requests, features = sample_requests(trained.spec, trained.features, 10_000)
    scorer = load_scorer(trained.model)
    scored = scorer.score(check_request(scorer.contract, requests).feed)
    assert len(requests) == len(read_offline(trained.spec, trained.features).rows)
    chosen = json.loads((trained.packaged / "package.json").read_text())["chosen"]
    allowed = 1e-5 if chosen in ("plain", "graph_optimised") else trained.spec.serving.optimised_tolerance
    assert np.max(np.abs(scored.scores - bundle.score(encode(trained.spec, features)))) < allowed, chosen


@pytest.mark.parametrize("team", ["credit", "churn"])
def test_the_graph_makes_the_same_matrix_and_features(team: str, request: pytest.FixtureRequest) -> None:
    trained = request.getfixturevalue(team)
    requests, features = sample_requests(trained.spec, trained.features, 10_000)
    bundle = load_bundle(trained.bundle)
    model = export(trained.spec, bundle.model, len(bundle.columns))
    feed = check_request(request_contract(trained.spec), requests).feed
    found = Session(model.SerializeToString()).run(feed)
    assert np.array_equal(found[MATRIX], encode(trained.spec, features), equal_nan=True)
    scored = load_scorer(trained.model).score(feed)
    for name in trained.spec.features:
        expected = features[name]
        if expected.dtype.kind in "fiub":
            np.testing.assert_allclose(scored.features[name], expected.to_numpy(float), rtol=1e-14)
        else:
            assert list(scored.features[name]) == list(expected)


def test_what_was_measured_is_written(credit: Any) -> None:
    written = json.loads((credit.packaged / "package.json").read_text())
    met = written["p99_ms"] <= credit.spec.serving.latency_p99_ms
    assert written["verdict"] == ("pass" if met else "fail"), "how fast this machine is at the moment is not the test's business"
    assert written["variants"][0]["name"] == "plain"
    assert {one["name"] for one in written["variants"]} <= {"plain", "graph_optimised", "pruned", "int8"}
    assert 0 < written["p50_ms"] <= written["p99_ms"]
    assert written["largest_difference"] <= credit.spec.serving.optimised_tolerance
    artefact = find_artefact(credit.model)
    assert written["model_sha256"] == json.loads((artefact / "artefact.json").read_text())["files"]["model.onnx"]


@pytest.mark.parametrize("name", [ONNX, *BUNDLED])
def test_a_changed_file_is_refused(credit: Any, tmp_path: Path, name: str) -> None:
    copy = tmp_path / "model"
    shutil.copytree(credit.model, copy)
    path = find_artefact(copy) / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"the file is corrupted: SHA-256 [0-9a-f]{12}… is not [0-9a-f]{12}…"):
        load_scorer(copy)
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        load_scorer(copy)


def test_a_folder_without_an_artefact_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file; package the model again"):
        load_scorer(tmp_path)
    (tmp_path / "artefact.json").write_text("[]")
    with pytest.raises(InputError, match="not an artefact"):
        load_artefact(tmp_path)


def test_missing_the_latency_objective_fails(credit: Any, tmp_path: Path) -> None:
    serving = credit.spec.serving.model_copy(update={"latency_p99_ms": 0.0001})
    spec = credit.spec.model_copy(update={"serving": serving})
    result = package_model(spec, credit.bundle, credit.features, tmp_path)
    assert result["verdict"] == "fail"
    assert "the objective is 0.0001 ms" in result["reason"]
    assert result["chosen"] == "plain"


class Own:
    """A team's own kind of model."""

    def predict_proba(self, matrix: Any) -> Any:
        return np.tile([0.3, 0.7], (len(matrix), 1))

    def to_onnx(self, columns: int) -> bytes:
        return constant_model(columns, 0.7)


def constant_model(columns: int, value: float, opset: int = 18) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    zeros = numpy_helper.from_array(np.zeros((columns, 1), np.float32), "zeros")
    offset = numpy_helper.from_array(np.array([value], np.float32), "offset")
    nodes = [
        helper.make_node("IsNaN", ["x"], ["missing"]),
        helper.make_node("Where", ["missing", "zero", "x"], ["filled"]),
        helper.make_node("MatMul", ["filled", "zeros"], ["product"]),
        helper.make_node("Add", ["product", "offset"], ["y"]),
    ]
    graph = helper.make_graph(
        nodes,
        "constant",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", columns])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 1])],
        [zeros, offset, numpy_helper.from_array(np.array(0, np.float32), "zero")],
    )
    made: bytes = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8).SerializeToString()
    return made


def bundle_of(credit: Any, model: Any, folder: Path) -> Path:
    from ml.training.bundle import save_bundle

    about = json.loads((credit.bundle / "bundle.json").read_text())
    keep = ("algorithm", "parameters", "columns", "seed", "data_hash", "contract_version", "run_id")
    shutil.copytree(credit.bundle, folder)
    save_bundle(credit.spec, folder, model, **{name: about[name] for name in keep})
    return folder


def test_an_onnx_model_that_says_something_else_fails(credit: Any, tmp_path: Path) -> None:
    """The converter renders isotonic calibration as steps, which the trained model interpolates."""
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    table = read_offline(credit.spec, credit.features).labelled(credit.spec)
    line = make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression())
    model = CalibratedClassifierCV(line, method="isotonic").fit(table.matrix(credit.spec), table.outcome(credit.spec))
    result = package_model(credit.spec, bundle_of(credit, model, tmp_path / "bundle"), credit.features, tmp_path / "out")
    assert result["verdict"] == "fail"
    assert result["largest_difference"] > 1e-3
    assert result["reason"].startswith("a score of the ONNX model differs by 0.")
    assert not (tmp_path / "out/model").exists()


def test_a_model_of_their_own_is_exported_through_to_onnx(credit: Any) -> None:
    columns = len(encoded_columns(credit.spec))
    model = export(credit.spec, Own(), columns)
    feed = check_request(request_contract(credit.spec), credit.requests).feed
    assert Session(model.SerializeToString()).score(feed) == pytest.approx(np.full(len(credit.requests), 0.7))


def test_a_model_that_cannot_be_converted_is_refused(credit: Any) -> None:
    with pytest.raises(InputError, match="dict cannot be converted to ONNX"):
        export(credit.spec, {}, 3)


def test_to_onnx_of_another_operator_set_is_refused(credit: Any) -> None:
    class Newer(Own):
        def to_onnx(self, columns: int) -> bytes:
            return constant_model(columns, 0.7, opset=20)

    with pytest.raises(InputError, match=r"version 20 of the operator set ai\.onnx; allowed: 18"):
        export(credit.spec, Newer(), len(encoded_columns(credit.spec)))


def every_transform(spec: ModelSpec) -> ModelSpec:
    from ml.spec_data import Feature

    def feature(transform: Any, *source: str) -> Feature:
        return Feature(source=source, transform=transform, reason="because")

    features = {
        "plain": feature("identity", "savings"),
        "log": feature("log1p", "savings"),
        "ratio": feature("ratio", "monthly_debt", "income"),
        "difference": feature("difference", "income", "savings"),
        "total": feature("sum", "income", "savings"),
        "unknown": feature("is_missing", "savings"),
        "word": feature("is_missing", "loan_purpose"),
        "flag": feature("identity", "public_assistance"),
        "purpose": feature("identity", "loan_purpose"),
        "late": spec.features["late_payments_365d"],
        "mean": spec.features["mean_payment_180d"],
    }
    columns = dict(spec.contract.columns)
    for name in ("loan_purpose", "monthly_debt"):
        columns[name] = columns[name].model_copy(update={"nullable": True})
    contract = spec.contract.model_copy(update={"columns": columns})
    return spec.model_copy(update={"features": features, "contract": contract})


def test_every_transform_with_missing_values_and_zeros(credit: Any) -> None:
    import pandas as pd

    from ml.features.compute import features_from_request

    spec = every_transform(credit.spec)
    rows = pd.DataFrame(
        {
            "savings": [0.0, None, 12.5, 3e6],
            "monthly_debt": [10.0, 0.0, None, 7.0],
            "income": [0.0, 5.0, 3.0, 1e6],
            "loan_purpose": ["car", None, "home", "other"],
            "public_assistance": [True, False, True, False],
            "late": [None, 2.0, 0.0, 1.0],
            "mean": [None, 2.0, 0.5, 1.0],
        }
    )
    rows = rows[list(request_contract(spec).columns)]
    checked = check_request(request_contract(spec), rows)
    assert checked.errors == {}
    from ml.contracts.check import check_rows

    typed = check_rows(request_contract(spec), rows).good
    features = features_from_request(spec, typed)
    expected = encode(spec, features)
    found = Session(export(spec, Own(), expected.shape[1]).SerializeToString()).run(checked.feed)
    np.testing.assert_allclose(found[MATRIX], expected, rtol=1e-7)


def test_the_packaged_model_carries_code_and_nothing_beside_it(credit: Any) -> None:
    """A team keeps its rows beside its model file, in the same package; what serves must not take the people in them along."""
    code = credit.model / "code"
    assert (code / "ml/serving/served_model.py").is_file()
    assert {path.suffix for path in code.rglob("*") if path.is_file() and path.parent.name != "__pycache__"} == {".py"}
