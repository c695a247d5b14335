"""docs/commands.md: every command with its help, from the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator

import click

from mlctl.cli.main import mlctl


def command_reference() -> str:
    """The Markdown text."""
    lines = ["# Commands", "", "Generated from the commands: `make generate`. Each prints the same with `--help`.", ""]
    for path, command in _commands(mlctl, "mlctl"):
        context = click.Context(command, info_name=path, max_content_width=110, terminal_width=110)
        lines += [f"## {path}", "", "```text", command.get_help(context).rstrip(), "```", ""]
    return "\n".join(lines)


def _commands(group: click.Group, path: str) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group, info_name=path)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _commands(command, f"{path} {name}")
