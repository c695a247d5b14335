"""An environment is a file: a further one is planned whole, and only what the file says differs."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mlctl.config import load_environments
from mlctl.plan.environment import Repository, plan_environments
from mlctl.plan.model import Plan, Resource
from tests.conftest import write_variant

NAME, ACCOUNT, REGION = "sandbox", "444444444444", "eu-west-1"
FURTHER = {
    "name": NAME,
    "account": ACCOUNT,
    "region": REGION,
    "network.cidr": "10.40.0.0/16",
    "network.zones": ["eu-west-1a", "eu-west-1b"],
    "network.public": ["10.40.0.0/22", "10.40.4.0/22"],
    "network.private": ["10.40.64.0/18", "10.40.128.0/18"],
    "network.isolated": ["10.40.16.0/22", "10.40.20.0/22"],
    "cluster.admin_roles": [f"arn:aws:iam::{ACCOUNT}:role/platform-engineers"],
    "teams.1.access_roles": [f"arn:aws:iam::{ACCOUNT}:role/lending-engineers"],
    "teams.2.access_roles": [],
    "platform.ingress.domain": "ml-sandbox.acme.example",
    "models.churn.version": 2,
}
STACKS = {"foundation", "registries", "cluster", "platform", "serving", "finops"}


@pytest.fixture(scope="module")
def plan(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> Plan:
    """A fourth file beside nothing else: made from staging's, with a place of its own."""
    folder = tmp_path_factory.mktemp("environments")
    write_variant(repository.environments / "staging.yaml", folder / f"{NAME}.yaml", {**FURTHER, "promotion.from_environment": None})
    [made] = plan_environments(replace(repository, environments=folder), load_environments(folder))
    return made


def text(resource: Resource) -> str:
    return str(resource.inputs)


def test_every_stack_is_planned(plan: Plan) -> None:
    assert {stack.name: stack.errors for stack in plan.stacks} == dict.fromkeys(STACKS, ())


def test_it_has_what_its_model_has(plan: Plan, plan_of: Callable[[str], Plan]) -> None:
    """The same resources, by kind and name, but for what the file says, and workflows, not rendered yet."""

    def made(of: Plan) -> set[str]:
        named = (f"{item.type} {item.name}" for item in of.resources() if item.custom)
        own = re.compile(rf"acme-{of.environment}\b|{REGION}|us-east-1")
        return {own.sub("…", item) for item in named if "argoproj.io" not in item}

    there = made(plan_of("staging"))
    assert {item.rpartition(" ")[2] for item in there - made(plan)} == {"access-retention-engineers"}
    assert "aws:sagemaker/endpoint:Endpoint churn" in made(plan) - there


def test_nothing_of_another_environment_is_left(plan: Plan) -> None:
    for resource in plan.resources():
        found = re.findall(
            r"(?<!\d)(?:111111111111|222222222222|333333333333)(?!\d)|acme-(?:dev|staging|prod)\b|ml-(?:dev|staging)\.", text(resource)
        )
        assert found == [], resource.urn


def test_no_program_knows_an_environment_or_account() -> None:
    root = Path(__file__).parents[2]
    names = [path.stem for path in (root / "environments").glob("*.yaml")]
    word = re.compile(rf"[\"'](?:{'|'.join(names)})[\"']|\b\d{{12}}\b")
    found = {
        str(path.relative_to(root)): hits
        for folder in ("infra", "stacks")
        for path in (root / folder).rglob("*.py")
        if (hits := word.findall(path.read_text(encoding="utf-8")))
    }
    assert found == {"infra/context.py": ["111111111111"]}, "the example in a docstring is all there is"


@pytest.mark.parametrize("stack", sorted(STACKS))
def test_what_can_be_tagged_says_its_environment(plan: Plan, stack: str) -> None:
    [provider] = [item for item in plan.resources() if item.type == "pulumi:providers:aws" and f"::{stack}::" in item.urn]
    assert f'"environment": "{NAME}"' in str(provider.inputs["defaultTags"]).replace("'", '"')
