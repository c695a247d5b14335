"""Real Checkov on hand-written Terraform plans and on ours: the same resources, the same result, check by check."""

from __future__ import annotations

import json
import os
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlctl.checks.checkov import process
from mlctl.checks.terraform import build_terraform_plan
from mlctl.plan.environment import Repository
from mlctl.plan.model import Plan, Resource, StackPlan

ROOT = Repository.find().root
PAIRS: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("pairs.yaml").read_text(encoding="utf-8"))
PYTHON = process.checkov_python(ROOT)
needs_checkov = pytest.mark.skipif(not PYTHON.exists(), reason="needs Checkov's environment: make setup")
Results = dict[str, set[tuple[str, str]]]


def urn(pair: dict[str, Any]) -> str:
    return f"urn:pulumi:dev::s::{pair['pulumi']}::{pair['name']}"


def ours() -> dict[str, Any]:
    by_name = {pair["name"]: pair for pair in PAIRS}
    resources = []
    for pair in PAIRS:
        targets = {key: by_name[name] for key, name in pair.get("links", {}).items()}
        links = {key: f"<<{target['pulumi']}|{target['name']}|id>>" for key, target in targets.items()}
        resources.append(
            Resource(
                urn=urn(pair),
                type=pair["pulumi"],
                name=pair["name"],
                inputs={**pair["inputs"], **links},
                property_dependencies={key: (urn(target),) for key, target in targets.items()},
            )
        )
    plan = Plan(environment="dev", stacks=(StackPlan(name="s", environment="dev", resources=tuple(resources)),))
    return build_terraform_plan(plan).document


def theirs() -> dict[str, Any]:
    """As Terraform writes it: an unknown reference is absent from the values and stands in the configuration."""
    address = {pair["name"]: f"{pair['terraform']}.s_{pair['name']}" for pair in PAIRS}
    planned, configuration = [], []
    for pair in PAIRS:
        head = {"address": address[pair["name"]], "mode": "managed", "type": pair["terraform"], "name": f"s_{pair['name']}"}
        links = pair.get("terraform_links", {})
        expressions = {key: {"references": [f"{address[name]}.id", address[name]]} for key, name in links.items()}
        planned.append({**head, "values": pair["values"]})
        configuration.append({**head, "expressions": expressions})
    return {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": [],
        "configuration": {"root_module": {"resources": configuration}},
    }


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Results]:
    folder = tmp_path_factory.mktemp("plans")
    scans = {}
    for name, document in (("ours", ours()), ("theirs", theirs())):
        path = folder / f"{name}.json"
        path.write_text(json.dumps(document, indent=1), encoding="utf-8")
        scans[name] = {"framework": "terraform_plan", "files": [str(path)]}
    question = json.dumps({"scans": scans})
    driver = Path(process.__file__).with_name("driver.py")
    run = subprocess.run([PYTHON, driver], input=question, capture_output=True, text=True, check=True, env=dict(os.environ))
    answer = json.loads(run.stdout)["scans"]
    return _results(answer["ours"]), _results(answer["theirs"])


def _results(scan: dict[str, Any]) -> Results:
    found: Results = defaultdict(set)
    for record in scan["records"]:
        found[record[3]].add((record[0], record[2]))
    return found


@needs_checkov
@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["name"])
def test_checkov_says_the_same(pair: dict[str, Any], answers: tuple[Results, Results]) -> None:
    mine, hers = answers
    address = f"{pair['terraform']}.s_{pair['name']}"
    assert mine[address] == hers[address]


@needs_checkov
def test_the_pairs_mean_something(answers: tuple[Results, Results]) -> None:
    """Hundreds of results of both kinds, and the graph checks among them."""
    results = [result for found in answers[1].values() for result in found]
    assert sum(status == "FAILED" for _, status in results) > 100
    assert sum(status == "PASSED" for _, status in results) > 100
    assert ("CKV2_AWS_6", "PASSED") in answers[0]["aws_s3_bucket.s_bucket-full"]
    assert ("CKV2_AWS_6", "FAILED") in answers[0]["aws_s3_bucket.s_bucket-bare"]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["name"])
def test_the_values_are_those_of_terraform(pair: dict[str, Any]) -> None:
    """Not only the verdicts: field by field, apart from what is a reference."""
    [resource] = [item for item in ours()["planned_values"]["root_module"]["resources"] if item["name"] == f"s_{pair['name']}"]
    links = set(pair.get("terraform_links", {}))
    assert resource["type"] == pair["terraform"]
    assert {key: value for key, value in resource["values"].items() if key not in links} == pair["values"]
    assert links <= set(resource["values"])
