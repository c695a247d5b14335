"""After a deployment: does each endpoint score a row that keeps the contract, and is the answer of the shape that callers rely on?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mlctl.config.environment import Environment
from mlctl.config.model import Model
from mlctl.config.yaml_file import read_yaml
from mlctl.errors import InputError
from mlctl.promotion.example_row import example_row
from mlctl.promotion.gate import Check

_UNASKED = {
    "asynchronous": "answers into S3, minutes later",
    "batch": "has no endpoint",
    "kserve": "stands inside the cluster",
}


def score_one_row(root: Path, environment: Environment, runtime: Any) -> list[Check]:
    """One check per endpoint or variant that serves.

    Parameters
    ----------
    runtime
        boto3's `sagemaker-runtime`.
    """
    checks = []
    for name, model in sorted(environment.models.items()):
        if model.version is None:
            continue
        if model.mode in _UNASKED:
            checks.append(Check(name=f"{name} scores", verdict="not_evaluated", detail=f"mode {model.mode}: {_UNASKED[model.mode]}"))
            continue
        definition = root / "ml" / "models" / f"{name}.yaml"
        checks += _of_model(f"{environment.prefix}-{name}", name, model, definition, runtime)
    return checks


def _of_model(endpoint: str, name: str, model: Model, definition: Path, runtime: Any) -> Iterator[Check]:
    try:
        known = read_yaml(definition).value
        row = example_row(known)
    except InputError as error:
        yield Check(name=f"{name} scores", verdict="not_evaluated", detail=f"no row can be made up: {error.problem}")
        return
    for title, target in _targets(endpoint, name, model):
        yield _ask(title, target, row, known.get("decision") or {}, runtime)


def _targets(endpoint: str, name: str, model: Model) -> Iterator[tuple[str, dict[str, str]]]:
    """(title, what `invoke_endpoint` is to be given) of each version that serves."""
    challenger = model.challenger
    if challenger is None or challenger.shadow:
        yield f"{name} scores", {"EndpointName": endpoint}
    elif model.mode == "serverless":
        yield f"{name} scores", {"EndpointName": endpoint}
        yield f"{name} challenger", {"EndpointName": f"{endpoint}-challenger"}
    else:
        yield f"{name} scores", {"EndpointName": endpoint, "TargetVariant": "champion"}
        yield f"{name} challenger", {"EndpointName": endpoint, "TargetVariant": "challenger"}


def _ask(title: str, target: Mapping[str, str], row: Mapping[str, Any], decision: Mapping[str, Any], runtime: Any) -> Check:
    from botocore.exceptions import BotoCoreError, ClientError

    body = json.dumps({"dataframe_records": [row]})
    try:
        answer = runtime.invoke_endpoint(**target, ContentType="application/json", Body=body)["Body"].read()
    except (BotoCoreError, ClientError) as error:
        return Check(name=title, verdict="fail", detail=" ".join(str(error).split())[:300])
    problem = shape_problem(answer, {str(decision[key]) for key in ("adverse_word", "favourable_word") if key in decision})
    return Check(name=title, verdict="fail" if problem else "pass", detail=problem or "one row, scored as the contract says")


def shape_problem(answer: bytes, words: set[str]) -> str:
    """What is wrong with the answer to one row; empty where nothing is.

    Parameters
    ----------
    words
        The decisions there are; empty where the model's file names none.
    """
    try:
        [row] = json.loads(answer)["predictions"]
        score, said, error = row["score"], row["decision"], row["error"]
    except (ValueError, KeyError, TypeError):
        return f"the answer is not one prediction with score, decision and error: {answer[:120].decode(errors='replace')}"
    if error is not None:
        return f"the row was refused: {error}"
    if isinstance(score, bool) or not isinstance(score, int | float) or not 0 <= score <= 1:
        return f"the score is {score!r}; a number from 0 to 1 wanted"
    if words and said not in words:
        return f"the decision is {said!r}; {' or '.join(sorted(words))} wanted"
    return ""
