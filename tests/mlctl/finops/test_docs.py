"""docs/how-to-finops.md: its commands exist with their options, its faults and columns are real, and the first report works as told."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from mlctl.cli.main import mlctl
from mlctl.finops.sample_server import FAULTS
from mlctl.finops.sources import SERVERS

TEXT = (Path(__file__).parents[3] / "docs" / "how-to-finops.md").read_text(encoding="utf-8")
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


def test_every_command_is_documented() -> None:
    group = mlctl.get_command(click.Context(mlctl), "finops")
    assert isinstance(group, click.Group)
    assert {command.split()[2] for command in COMMANDS} == set(group.commands)
    assert len(COMMANDS) == 7


def test_the_faults_are_those_of_the_server() -> None:
    [told] = re.findall(r"others are (.*?)\.", TEXT)
    assert {*re.findall(r"`(\w+)`", told), "null"} == set(FAULTS)


def test_the_sources_are_those_of_the_command() -> None:
    table = set(re.findall(r"^\| `(\w[\w-]*)` \|", TEXT, re.MULTILINE))
    assert table == {*SERVERS, "cost-explorer", "focus-csv"}


def test_every_option_named_exists() -> None:
    group = mlctl.get_command(click.Context(mlctl), "finops")
    assert isinstance(group, click.Group)
    known = {option for command in group.commands.values() for parameter in command.params for option in parameter.opts}
    assert set(re.findall(r"`(--[\w-]+)", TEXT)) <= known
