"""`mlctl policies`: the list, the page of one rule, the configuration, and that the index in docs is fresh."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from mlctl.checks.discovery import find_rules
from mlctl.cli.policies import command
from mlctl.errors import InputError
from mlctl.plan.environment import Repository

ROOT = Repository.find().root
NAMES = [rule.name for rule in find_rules(ROOT / "policies")]


def run(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments, catch_exceptions=False, standalone_mode=False)
    assert result.exit_code == 0
    return result.output


def test_list_prints_every_rule() -> None:
    assert [line.split()[0] for line in run("list").splitlines()] == NAMES
    assert [row["id"] for row in json.loads(run("list", "--format", "json"))] == NAMES


def test_list_of_one_family() -> None:
    assert [line.split()[0] for line in run("list", "--family", "secrets").splitlines()] == ["inputs-secret-free"]


def test_an_unknown_family_is_refused() -> None:
    with pytest.raises(InputError, match="--family: there is no family 'aw'; allowed: aws, kubernetes, ml, secrets, spend, tagging"):
        run("list", "--family", "aw")


def test_the_index_is_fresh() -> None:
    assert (ROOT / "docs" / "policies.md").read_text(encoding="utf-8") == run("list", "--format", "markdown")


@pytest.mark.parametrize("name", NAMES)
def test_explain_says_what_why_and_how(name: str) -> None:
    page = run("explain", name)
    assert page.startswith(f"{name} (")
    assert {"Why:", "Mend:", "Judges:", "Allowed:", "Not"} <= {line.split(" ")[0] for line in page.splitlines()}


def test_explain_an_unknown_rule() -> None:
    with pytest.raises(InputError, match=r"there is no rule 'aws-kms-rotate'; did you mean aws-kms-rotated\?"):
        run("explain", "aws-kms-rotate")


def test_config_is_json_for_every_rule() -> None:
    config = json.loads(run("config", "--env", "dev", "--today", "2026-01-01"))
    assert sorted(config) == NAMES
    assert config["ml-approved"]["environment"]["today"] == "2026-01-01"
