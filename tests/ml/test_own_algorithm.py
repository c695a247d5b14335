"""A team's own entry point, and LIME, all the way: trained, judged, explained, packaged, served by a process without the repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from ml import pipeline
from ml.serving.package import sample_requests
from ml.spec import load_spec

WriteThird = Callable[..., Path]
MODULE = '''
import numpy as np


class Line:
    """A logistic line by gradient descent, and its ONNX form."""

    def __init__(self, weights):
        self.weights = weights

    def predict_proba(self, matrix):
        filled = np.nan_to_num(matrix, nan=0.0)
        score = 1 / (1 + np.exp(-(filled @ self.weights[:-1] + self.weights[-1])))
        return np.stack([1 - score, score], axis=1)

    def to_onnx(self, columns):
        from onnx import TensorProto, helper, numpy_helper

        zero = numpy_helper.from_array(np.zeros(1, np.float32), "zero")
        weights = numpy_helper.from_array(self.weights[:-1].reshape(-1, 1).astype(np.float32), "weights")
        bias = numpy_helper.from_array(self.weights[-1:].astype(np.float32), "bias")
        nodes = [
            helper.make_node("IsNaN", ["rows"], ["missing"]),
            helper.make_node("Where", ["missing", "zero", "rows"], ["filled"]),
            helper.make_node("Gemm", ["filled", "weights", "bias"], ["line"]),
            helper.make_node("Sigmoid", ["line"], ["score"]),
        ]
        given = helper.make_tensor_value_info("rows", TensorProto.FLOAT, [None, columns])
        out = helper.make_tensor_value_info("score", TensorProto.FLOAT, [None, 1])
        graph = helper.make_graph(nodes, "line", [given], [out], [zero, weights, bias])
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid("ai.onnx.ml", 3)]
        return helper.make_model(graph, opset_imports=opsets).SerializeToString()


def fit(matrix, outcome, *, parameters, seed):
    filled = np.nan_to_num(matrix, nan=0.0).astype("float64")
    mean, scale = filled.mean(axis=0), filled.std(axis=0) + 1e-9
    rows = np.hstack([(filled - mean) / scale, np.ones((len(filled), 1))])
    weights = np.zeros(rows.shape[1])
    for _ in range(parameters["steps"]):
        weights -= rows.T @ (1 / (1 + np.exp(-rows @ weights)) - outcome) / len(rows)
    plain = weights[:-1] / scale
    return Line(np.append(plain, weights[-1] - plain @ mean))
'''
REGULATED = (
    ("regulated: false", "regulated: true"),
    ("monitored: [depot]", "prohibited: [insured]\nmonitored: [depot]"),
)


@pytest.fixture
def own(third: WriteThird, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A regulated model of the team's own, trained."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "team_line.py").write_text(MODULE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    model = third(
        replace=(
            *REGULATED,
            ("  algorithm: sklearn:logistic_regression\n", "  algorithm: team_line:fit\n"),
            ("  search: {C: {low: 0.01, high: 10, log: true}}\n", "  fixed: {steps: 300}\n"),
        )
    )
    pipeline.ingest(model, tmp_path / "data")
    pipeline.build_features(model, tmp_path / "data", tmp_path / "features")
    pipeline.train(model, tmp_path / "features", tmp_path / "bundle")
    yield model
    sys.modules.pop("team_line", None)


def test_lime_explains_every_decline_of_a_regulated_model(own: Path, tmp_path: Path) -> None:
    told = pipeline.explain(own, tmp_path / "features", tmp_path / "bundle", tmp_path / "explanation")
    reference = pd.read_parquet(tmp_path / "bundle/reference.parquet")
    declined = set(np.flatnonzero(reference["score"] >= 0.5).tolist())
    lines = [json.loads(line) for line in (tmp_path / "explanation/reasons.jsonl").read_text(encoding="utf-8").splitlines()]
    assert (told["method"], told["unit"], told["verdict"]) == ("lime", "probability", "pass")
    assert {line["row"] for line in lines} == declined and len(declined) > 20
    sentences = {feature.reason for feature in load_spec(own).features.values()}
    for line in lines:
        pushes = [reason["contribution"] for reason in line["reasons"]]
        assert 1 <= len(pushes) <= 4 and pushes == sorted(pushes, reverse=True)
        assert {reason["text"] for reason in line["reasons"]} <= sentences
    again = pipeline.explain(own, tmp_path / "features", tmp_path / "bundle", tmp_path / "again")
    assert again == told, "the same decline has the same reasons the next day"


def test_reasons_by_lime_follow_the_row_and_not_only_the_model(own: Path, tmp_path: Path) -> None:
    """A long way is a reason for who has a long way: declines with the longest ways name it, the shortest do not."""
    pipeline.explain(own, tmp_path / "features", tmp_path / "bundle", tmp_path / "explanation")
    reference = pd.read_parquet(tmp_path / "bundle/reference.parquet")
    lines = [json.loads(line) for line in (tmp_path / "explanation/reasons.jsonl").read_text(encoding="utf-8").splitlines()]
    lines.sort(key=lambda line: reference["distance"][line["row"]])
    assert all(line["reasons"][0]["feature"] == "distance" for line in lines[-10:])
    middle = reference["distance"].median()
    short = [line for line in lines if reference["distance"][line["row"]] < 0.8 * middle]
    assert all("distance" not in [reason["feature"] for reason in line["reasons"]] for line in short)


def test_the_packaged_model_answers_without_the_repository(own: Path, tmp_path: Path) -> None:
    made = pipeline.package(own, tmp_path / "bundle", tmp_path / "features", tmp_path / "packaged")
    assert made["verdict"] == "pass" and made["largest_difference"] < 1e-5
    assert (tmp_path / "packaged/model/code/team_line.py").is_file()
    assert {variant["name"] for variant in made["variants"]} >= {"plain", "graph_optimised", "int8"}
    requests, _ = sample_requests(load_spec(own), tmp_path / "features", 40)
    (tmp_path / "rows.json").write_text(requests.to_json(orient="records"), encoding="utf-8")
    code = (
        "import json, sys, pandas, mlflow.pyfunc\n"
        "rows = pandas.DataFrame(json.load(open(sys.argv[2])))\n"
        "print(json.dumps(mlflow.pyfunc.load_model(sys.argv[1]).predict(rows)))\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "packaged/model"), str(tmp_path / "rows.json")]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(command, cwd=tmp_path / "data", env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    answers = json.loads(ended.stdout.splitlines()[-1])
    late = [answer for answer in answers if answer["decision"] == "late"]
    assert len(answers) == 40 and late
    assert all(answer["reasons"] for answer in late)
    assert all(not answer["reasons"] for answer in answers if answer["decision"] == "on time")
