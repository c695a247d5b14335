"""`mlctl upgrade`: bring a fork to a newer template."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mlctl.promotion.git import Git
    from mlctl.upgrade.upgrade import Upgrade


@click.command("upgrade")
@click.option("--from", "source", required=True, metavar="URL|PATH", help="The template's git repository.")
@click.option("--ref", default="HEAD", show_default=True, help="Branch, tag or commit of the template.")
@click.option(
    "--since", metavar="COMMIT", help="The template's commit this fork was made from; only the first time, and only without common history."
)
@click.option("--dry-run", is_flag=True, help="Say what would happen and write nothing.")
@click.option("--pull-request", is_flag=True, help="Push a branch and open a pull request instead of editing files here.")
@click.option("--remote", default="origin", show_default=True, help="git remote that gets the branch.")
@click.option("--base", default="main", show_default=True, metavar="BRANCH", help="Branch that the pull request goes into.")
def command(source: str, ref: str, since: str | None, dry_run: bool, pull_request: bool, remote: str, base: str) -> int:
    """Merge a newer template into this fork, three-way; your environments, models, waivers and evidence stay yours.

    Status 1 where conflicts are left for you: they are listed, and marked in the files.
    """
    from mlctl.errors import InputError
    from mlctl.plan.environment import Repository
    from mlctl.promotion.git import Git
    from mlctl.upgrade.upgrade import upgrade, upgrade_text

    if dry_run and pull_request:
        raise InputError("--dry-run and --pull-request exclude each other")
    source = str(Path(source).resolve()) if Path(source).exists() else source
    git = Git(Repository.find().root)
    if pull_request:
        done = _as_pull_request(git, source, ref, since, remote, base)
    else:
        done = upgrade(git, source, ref=ref, since=since, dry_run=dry_run)
        click.echo(upgrade_text(done))
    return 1 if done.conflicts else 0


def _as_pull_request(git: Git, source: str, ref: str, since: str | None, remote: str, base: str) -> Upgrade:
    import os

    from mlctl.config import load_environments
    from mlctl.errors import InputError
    from mlctl.promotion.github import GitHub
    from mlctl.upgrade.upgrade import upgrade, upgrade_text

    start = git.fetch(remote, base)
    if start is None:
        raise InputError(f"{remote} has no branch {base!r}", key="--base")
    branch, title = "upgrade/template", "Upgrade to a newer template"
    known = git.fetch(remote, branch)
    github = GitHub.from_environment(load_environments(git.root / "environments")[0].repository)
    with git.scratch(start) as tree:
        done = upgrade(tree, source, ref=ref, since=since)
        text = upgrade_text(done)
        click.echo(text)
        if done.before == done.after:
            return done
        tree.commit(done.paths, f"{title}\n\n{text}", author=os.environ.get("GITHUB_ACTOR") or git.identity() or "mlctl")
        tree.push(remote, branch, expected=known)
    address = github.pull_request(branch=branch, base=base, title=title, body=f"```text\n{text}\n```")
    click.echo(f"pull request: {address}")
    return done
