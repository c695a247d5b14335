"""What the commands of `mlctl model` share: who acts, how a move is shown, and how it becomes a pull request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from mlctl.promotion.move import Moved, Who

by_option = click.option("--by", metavar="WHO", help="Who does it. Default: GITHUB_ACTOR, else git's e-mail address.")
remote_option = click.option("--remote", default="origin", show_default=True, help="git remote that gets the branch.")
base_option = click.option("--base", default="main", show_default=True, metavar="BRANCH", help="Branch that the pull request goes into.")


def show(moved: Moved, form: str, **further: str) -> None:
    from dataclasses import asdict

    from mlctl.cli.main import echo_json

    if form == "json":
        echo_json({**asdict(moved), **further})
        return
    if moved.mended:
        click.echo(f"note: {moved.mended}", err=True)
    for check in moved.checks:
        click.echo(f"{check.verdict.replace('_', ' '):<14} {check.name:<18} {check.detail}")
    click.echo(moved.diff)
    before = "none" if moved.from_version is None else str(moved.from_version)
    click.echo(f"{moved.model} in {moved.environment}: version {before} → {moved.version}; evidence written")
    for name, value in further.items():
        click.echo(f"{name.replace('_', ' ')}: {value}")


def as_pull_request(move: Callable[[Path], Moved], who: Who, branch: str, title: str, remote: str, base: str, form: str) -> None:
    from mlctl.config import load_environments
    from mlctl.promotion.github import GitHub
    from mlctl.promotion.pull_request import Target, open_pull_request

    here = root()
    repository = load_environments(here / "environments")[0].repository
    target = Target(remote=remote, base=base, github=GitHub.from_environment(repository), author=who.actor)
    moved, address = open_pull_request(here, target, branch, title, move)
    show(moved, form, pull_request=address)


def who_acts(by: str | None) -> Who:
    """Who runs this command, now, on which commit."""
    import os
    from datetime import UTC, datetime

    from mlctl.errors import InputError
    from mlctl.promotion.git import Git
    from mlctl.promotion.move import Who

    git = Git(root())
    actor = by or os.environ.get("GITHUB_ACTOR") or git.identity()
    if not actor or not actor.strip():
        raise InputError("nobody knows who you are", key="--by", remedy="give --by, or set git config user.email")
    return Who(actor=actor.strip(), now=datetime.now(UTC), commit=git.commit_of("HEAD"))


def root() -> Path:
    from mlctl.plan.environment import Repository

    return Repository.find().root
