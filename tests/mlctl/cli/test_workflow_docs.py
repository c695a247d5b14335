"""The page on workflows names every command and option there is, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from mlctl.cli.workflow import workflow

PAGE = (Path(__file__).parents[3] / "docs/how-to-workflows.md").read_text()
LEFT_TO_HELP = {"--help", "--runs-dir", "--rendered", "--quiet", "--entrypoint", "--timeout"}


def test_every_command_is_shown() -> None:
    shown = set(re.findall(r"mlctl workflow (\w+)", PAGE))
    assert {"run", "show", "list", "submit"} <= shown
    assert shown <= set(workflow.commands)


def test_every_option_on_the_page_exists() -> None:
    known = {option for command in workflow.commands.values() for item in command.params for option in item.opts}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", PAGE)) <= known


def test_options_of_run_and_submit_are_on_the_page() -> None:
    for name in ("run", "submit"):
        options = {option for item in workflow.commands[name].params for option in item.opts if option.startswith("--")}
        missing = {option for option in options - LEFT_TO_HELP if option not in PAGE}
        assert missing <= {"--parameter"}
