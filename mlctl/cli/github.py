"""`mlctl github`: one comment on a pull request, one issue per topic, kept up to date in place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mlctl.promotion.github import GitHub

_marker = click.option("--marker", required=True, metavar="WORDS", help="What it is found by again: small letters, digits, hyphens.")
_body = click.option("--body", "file", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Markdown file.")

_LONGEST = 65_000
"""Characters. GitHub takes 65,536."""


@click.group("github")
def command() -> None:
    """Tell people on GitHub; needs GITHUB_TOKEN."""


@command.command("comment")
@click.option("--number", type=click.IntRange(min=1), help="Of the pull request.")
@click.option("--head", metavar="OWNER:BRANCH", help="Instead of the number: whose branch it is; needs --commit.")
@click.option("--commit", metavar="SHA", help="The commit that the pull request must still be at.")
@click.option("--untrusted", is_flag=True, help="A stranger made the file: show it as plain text.")
@_marker
@_body
def comment(number: int | None, head: str | None, commit: str | None, untrusted: bool, marker: str, file: Path) -> None:
    """Write a comment, or bring the one with this marker up to date."""
    from mlctl.errors import InputError
    from mlctl.promotion.untrusted import as_plain_text, read_untrusted

    if (number is None) == (head is None) or (head is None) != (commit is None):
        raise InputError("says not which pull request", allowed="--number, or --head with --commit")
    text = as_plain_text(read_untrusted(file)) if untrusted else _text(file)
    if head is not None and commit is not None:
        number = github().open_pull_request(head, commit)
    if number is None:
        click.echo(f"no open pull request of {head} is at {commit}")
    else:
        click.echo(github().comment(number, marker=marker, body=text))


@command.command("issue")
@_marker
@click.option("--title", required=True)
@_body
def issue(marker: str, title: str, file: Path) -> None:
    """Open an issue or bring the open one up to date; close it where the file is empty."""
    text = _text(file)
    if text.strip():
        click.echo(github().issue(marker=marker, title=title, body=text))
    else:
        click.echo(github().close_issue(marker=marker, reason="No longer so.") or "no open issue, and nothing to say")


def _text(file: Path) -> str:
    from mlctl.config.yaml_file import read_text

    text = read_text(file)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "\n\n… cut here; the whole is among the artefacts of the run.\n"


def github() -> GitHub:
    """The repository that this is a checkout of, with the token of the environment."""
    import os

    from mlctl.config import load_environments
    from mlctl.plan.environment import Repository
    from mlctl.promotion.github import GitHub

    known = os.environ.get("GITHUB_REPOSITORY") or load_environments(Repository.find().environments)[0].repository
    return GitHub.from_environment(known)
