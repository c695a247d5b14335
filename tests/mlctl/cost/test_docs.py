"""docs/how-to-cost.md: its commands exist, its keys are keys, its rules are rules."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
import yaml

from mlctl.cli.main import mlctl
from mlctl.config.usage import Usage
from mlctl.cost.catalogue import entries

TEXT = (Path(__file__).parents[3] / "docs" / "how-to-cost.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines() if line.startswith("mlctl ")]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_exists_with_its_options(command: str) -> None:
    group: click.Command = mlctl
    words = shlex.split(command)[1:]
    context = click.Context(mlctl)
    while isinstance(group, click.Group) and words and not words[0].startswith("-"):
        found = group.get_command(context, words[0])
        assert found is not None, words[0]
        group, words = found, words[1:]
    group.make_context("mlctl", list(words))


def test_the_commands_were_found() -> None:
    assert len(COMMANDS) == 10


def test_the_usage_example_is_valid() -> None:
    [block] = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    usage = Usage.model_validate(yaml.safe_load(block)["usage"])
    for token, keys in usage.types.items():
        assert set(keys) <= entries()[token].usage_keys
    assert set(usage.resources["registries/raw"]) <= entries()["aws:s3/bucket:Bucket"].usage_keys


def test_every_rule_is_described() -> None:
    source = (Path(__file__).parents[3] / "mlctl" / "cost").glob("*.py")
    rules = {rule for path in source for rule in re.findall(r'"(cost-[a-z-]+)"', path.read_text(encoding="utf-8"))}
    assert rules == set(re.findall(r"`(cost-[a-z-]+)`", TEXT))
