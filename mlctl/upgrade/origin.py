"""Which commit of the template a fork stands on: `template.json`, written by each upgrade."""

from __future__ import annotations

import json
from pathlib import Path

from mlctl.errors import InputError
from mlctl.evidence.atomic import write_atomically
from mlctl.upgrade.tree import Repository

FILE = "template.json"
_REF = "refs/mlctl/template"


def fetch_template(git: Repository, source: str, ref: str) -> str:
    """Fetch the template; its commit."""
    git.run("fetch", "--quiet", "--no-tags", "--end-of-options", source, f"+{ref}:{_REF}")
    commit = git.commit_of(_REF)
    if commit is None:
        raise InputError(f"{source} has no commit at {ref}", key="--ref")
    return commit


def base_commit(git: Repository, template: str, since: str | None) -> str:
    """The template's commit that the fork stands on: as given, as recorded, or where the two histories part.

    Raises
    ------
    InputError
        There is none, or the template does not know it.
    """
    named = since or _recorded(git.root)
    if named is None:
        return _fork_point(git, template)
    commit = git.commit_of(named)
    remedy = "give the right one with --since; the template's history is needed back to it"
    if commit is None:
        raise InputError(f"the template has no commit {named!r}", key="--since" if since else FILE, remedy=remedy)
    if git.run("merge-base", commit, template) != commit:
        raise InputError(f"{named!r} is no ancestor of the template", key="--since" if since else FILE, remedy=remedy)
    return commit


def record(root: Path, source: str, commit: str) -> None:
    """Remember what the fork stands on now."""
    write_atomically(root / FILE, json.dumps({"source": source, "commit": commit}, indent=2) + "\n")


def _recorded(root: Path) -> str | None:
    path = root / FILE
    if not path.exists():
        return None
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["commit"])
    except (ValueError, KeyError, TypeError):
        raise InputError("is damaged", file=path, remedy="restore it from git, or remove it and give --since COMMIT") from None


def _fork_point(git: Repository, template: str) -> str:
    try:
        return git.run("merge-base", "HEAD", template)
    except InputError:
        remedy = "give the template's commit that it was made from: --since COMMIT"
        raise InputError("this repository shares no history with the template", remedy=remedy) from None
