"""The row that a smoke test sends, judged by the model's own contract; and what it makes of the answers of SageMaker's runtime (moto)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
import requests

from mlctl.config import load_environments
from mlctl.config.yaml_file import read_yaml
from mlctl.errors import InputError
from mlctl.promotion.example_row import example_row
from mlctl.promotion.move import promote
from mlctl.promotion.scored_row import score_one_row, shape_problem
from tests.mlctl.promotion.conftest import SOURCE, prove, who
from tests.moto_server import moto_process, moto_server

__all__ = ["moto_process", "moto_server"]

GOOD = {"predictions": [{"row": 0, "score": 0.3, "decision": "offer", "reasons": [], "error": None}]}


@pytest.mark.ml
@pytest.mark.parametrize("name", ["churn", "credit-risk"])
def test_the_row_keeps_the_contract_of_each_model_of_ours(name: str) -> None:
    import pandas as pd

    from ml.contracts.table import request_contract
    from ml.serving.request_check import check_request
    from ml.spec import load_spec

    row = example_row(read_yaml(SOURCE / "ml" / "models" / f"{name}.yaml").value)
    contract = request_contract(load_spec(name))
    assert set(row) == set(contract.columns)
    checked = check_request(contract, pd.DataFrame([row]))
    assert checked.errors == {} and checked.good.size == 1


def test_a_row_is_made_from_what_the_contract_says() -> None:
    columns: dict[str, dict[str, Any]] = {
        "a": {"dtype": "integer", "minimum": 18, "maximum": 18},
        "b": {"dtype": "number"},
        "c": {"dtype": "category", "categories": ["x", "y"]},
        "d": {"dtype": "boolean"},
        "e": {"dtype": "timestamp"},
        "f": {"dtype": "string"},
        "g": {"dtype": "string", "pattern": "A[0-9]{8}", "nullable": True},
    }
    features = {name: {"source": name} for name in columns} | {"seen": {"window": {"aggregate": "count", "days": 7}}}
    row = example_row({"contract": {"columns": columns}, "features": features})
    assert row == {"a": 18, "b": 1.0, "c": "x", "d": True, "e": "2026-01-01T00:00:00Z", "f": "example", "g": None, "seen": None}
    columns["g"]["nullable"] = False
    with pytest.raises(InputError, match="column g holds text of a pattern"):
        example_row({"contract": {"columns": columns}, "features": features})


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (json.dumps(GOOD), ""),
        ("<html>", "the answer is not one prediction"),
        (json.dumps({"predictions": []}), "the answer is not one prediction"),
        (json.dumps({"predictions": [{"score": 0.3}]}), "the answer is not one prediction"),
        (json.dumps({"predictions": [{"score": 1.3, "decision": "offer", "error": None}]}), "the score is 1.3"),
        (json.dumps({"predictions": [{"score": True, "decision": "offer", "error": None}]}), "the score is True"),
        (json.dumps({"predictions": [{"score": 0.3, "decision": "maybe", "error": None}]}), "the decision is 'maybe'; no offer or offer"),
        (json.dumps({"predictions": [{"score": None, "decision": None, "error": "plan: unknown"}]}), "the row was refused: plan: unknown"),
    ],
)
def test_the_shape_of_an_answer(answer: str, problem: str) -> None:
    assert shape_problem(answer.encode(), {"offer", "no offer"}).startswith(problem)
    assert bool(shape_problem(answer.encode(), {"offer", "no offer"})) == bool(problem)


def runtime(aws: str) -> Any:
    given = {"endpoint_url": aws, "aws_access_key_id": "t", "aws_secret_access_key": "t"}
    return boto3.client("sagemaker-runtime", region_name="us-east-1", **given)


def answers(aws: str, *bodies: str) -> None:
    """What moto's endpoints answer, one after the other."""
    results = [{"Body": body, "ContentType": "application/json"} for body in bodies]
    given = {"account_id": "123456789012", "region": "us-east-1", "results": results}
    requests.post(f"{aws}/moto-api/reset", timeout=10).raise_for_status()
    requests.post(f"{aws}/moto-api/static/sagemaker/endpoint-results", json=given, timeout=10).raise_for_status()


def test_each_endpoint_scores_a_row(repo: Path, moto_server: str) -> None:
    for version in (1, 2):
        prove(repo, version)
    (repo / "ml" / "models" / "churn.yaml").write_text((SOURCE / "ml" / "models" / "churn.yaml").read_text())
    promote(repo, "churn", "dev", who(), version=1)
    promote(repo, "churn", "dev", who(1), version=2, trial=True)
    [dev] = load_environments(repo / "environments", ["dev"])
    for answer, verdict in ((json.dumps(GOOD), "pass"), (json.dumps({"predictions": []}), "fail")):
        answers(moto_server, answer, answer)
        checks = score_one_row(repo, dev, runtime(moto_server))
        assert [(check.name, check.verdict) for check in checks] == [("churn scores", verdict), ("churn challenger", verdict)]


def test_an_endpoint_that_cannot_be_asked_fails(repo: Path) -> None:
    prove(repo, 1)
    promote(repo, "churn", "dev", who(), version=1)
    (repo / "ml" / "models" / "churn.yaml").write_text((SOURCE / "ml" / "models" / "churn.yaml").read_text())
    [dev] = load_environments(repo / "environments", ["dev"])
    [check] = score_one_row(repo, dev, runtime("http://127.0.0.1:9"))
    assert check.verdict == "fail" and "Could not connect" in check.detail
