"""A change of a pin as a pull request: made in a scratch tree of the base branch, pushed as a branch, opened or brought up to date.

Only the push publishes anything, and the pull request can be opened again at any time: a run that fails in between is simply repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from mlctl.errors import InputError
from mlctl.promotion.git import Git
from mlctl.promotion.github import GitHub
from mlctl.promotion.move import Moved

_PATHS = ("environments", "evidence")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where the pull request goes."""

    remote: str
    base: str
    github: GitHub
    author: str


def open_pull_request(root: Path, target: Target, branch: str, title: str, move: Callable[[Path], Moved]) -> tuple[Moved, str]:
    """Make the change on top of the base branch, push it, open the pull request; the change and the address.

    Raises
    ------
    InputError, BlockedError
        As `move` raises them; nothing is published.
    ServiceError
        Remote or GitHub failed. Repeat the command.
    """
    git = Git(root)
    base = git.fetch(target.remote, target.base)
    if base is None:
        raise InputError(f"{target.remote} has no branch {target.base!r}", key="--base")
    known = git.fetch(target.remote, branch)
    with git.scratch(base) as tree:
        moved = move(tree.root)
        if known is None or not _same(git, tree, base, known):
            tree.commit(_PATHS, f"{title}\n\n{_summary(moved)}", author=target.author)
            tree.push(target.remote, branch, expected=known)
    address = target.github.pull_request(branch=branch, base=target.base, title=title, body=_body(moved))
    return moved, address


def _same(git: Git, tree: Git, base: str, known: str) -> bool:
    """Whether the branch that is there makes the same change to the environments on top of the same base."""
    if git.run("merge-base", base, known) != base:
        return False
    tree.run("add", "--", *_PATHS)
    wanted = tree.run("write-tree", "--prefix=environments/")
    return git.run("rev-parse", f"{known}:environments") == wanted


def _summary(moved: Moved) -> str:
    before = f"version {moved.from_version}" if moved.from_version is not None else "no version"
    return f"{moved.environment} served {before} of {moved.model}; after the merge it serves version {moved.version}."


def _body(moved: Moved) -> str:
    rows = "".join(f"| {check.name} | {check.verdict.replace('_', ' ')} | {check.detail} |\n" for check in moved.checks)
    table = f"\n| gate | verdict | what was found |\n| --- | --- | --- |\n{rows}" if rows else ""
    back = f"mlctl model rollback {moved.model} --env {moved.environment}"
    return f"{_summary(moved)}\n{table}\n```diff\n{moved.diff}\n```\n\nThe way back: revert this pull request, or `{back}`.\n"
