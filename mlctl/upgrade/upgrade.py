"""The whole upgrade: fetch, find the common ground, merge, write, remember."""

from __future__ import annotations

from dataclasses import dataclass

from mlctl.errors import InputError
from mlctl.upgrade.merge import Merged, merge_trees, write_merged
from mlctl.upgrade.origin import FILE, base_commit, fetch_template, record
from mlctl.upgrade.tree import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """What an upgrade did, or would do."""

    before: str
    after: str
    files: tuple[Merged, ...]

    @property
    def conflicts(self) -> tuple[Merged, ...]:
        return tuple(item for item in self.files if item.state == "conflict")

    @property
    def paths(self) -> list[str]:
        """What was written."""
        return [FILE, *(item.path for item in self.files if item.writes)]


def upgrade(git: Repository, source: str, *, ref: str = "HEAD", since: str | None = None, dry_run: bool = False) -> Upgrade:
    """Merge the template at `source` into the working tree.

    Raises
    ------
    InputError
        Files here are not committed, or the common ground is unknown. Nothing is written.
    ServiceError
        The template cannot be fetched. Nothing is written.
    """
    changed = git.run("status", "--porcelain", "--untracked-files=no")
    if changed and not dry_run:
        remedy = "commit or stash them; if an upgrade was interrupted: git restore . && git clean -fd, then repeat"
        raise InputError(f"{len(changed.splitlines())} files here are changed and not committed", remedy=remedy)
    after = fetch_template(git, source, ref)
    before = base_commit(git, after, since)
    merged = merge_trees(git, before, after)
    if not dry_run and before != after:
        write_merged(git.root, merged)
        record(git.root, source, after)
    return Upgrade(before=before, after=after, files=tuple(merged))


def upgrade_text(done: Upgrade) -> str:
    """What happened, for people: counts, then everything a person has to look at."""
    if done.before == done.after:
        return f"already at {done.after[:12]}: nothing to do"
    counts: dict[str, int] = {}
    for item in done.files:
        counts[item.state] = counts.get(item.state, 0) + 1
    summary = ", ".join(
        f"{counts[state]} {state}" for state in ("added", "updated", "removed", "merged", "conflict", "yours") if state in counts
    )
    lines = [f"template {done.before[:12]} → {done.after[:12]}: {summary or 'no file differs'}"]
    lines += [f"conflict  {item.path}: {item.detail}" for item in done.conflicts]
    lines += [f"yours     {item.path}: {item.detail}" for item in done.files if item.state == "yours"]
    return "\n".join(lines)
