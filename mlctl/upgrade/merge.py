"""Merges the template's changes into the fork's files, one file at a time, three-way."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Literal

from mlctl.errors import InputError
from mlctl.upgrade.tree import Entry, Repository, read_tree

KEPT = ("environments/*.yaml", "evidence/*", "ml/models/*", "policies/waivers.yaml", "stacks/*/Pulumi.*.yaml", ".github/CODEOWNERS")
"""The fork's own: never changed, only named where the template's differ."""

State = Literal["added", "updated", "removed", "merged", "conflict", "yours"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What becomes of one file. `content` None: it is removed, or stays as it is where nothing is written (`conflict`, `yours`)."""

    path: str
    state: State
    detail: str = ""
    content: bytes | None = None
    mode: str = "100644"

    @property
    def writes(self) -> bool:
        return self.content is not None or self.state == "removed"


def merge_trees(git: Repository, base: str, theirs: str) -> list[Merged]:
    """What the change from `base` to `theirs`, two commits of the template, does to HEAD; by path. Nothing is written."""
    old, new, ours = read_tree(git, base), read_tree(git, theirs), read_tree(git, "HEAD")
    merged = []
    for path in sorted({*old, *new}):
        if old.get(path) == new.get(path) or ours.get(path) == new.get(path):
            continue
        merged.append(_merge(git, path, old.get(path), new.get(path), ours, (base, theirs)))
    return merged


def _merge(git: Repository, path: str, old: Entry | None, new: Entry | None, ours: Mapping[str, Entry], commits: tuple[str, str]) -> Merged:
    mine = ours.get(path)
    if any(fnmatch(path, pattern) for pattern in KEPT) and (mine is not None or old is not None):
        return Merged(path=path, state="yours", detail="the template changed it; compare by hand")
    if not all(entry is None or entry.plain for entry in (old, new, mine)):
        return Merged(path=path, state="conflict", detail="is a link or a submodule; change it by hand")
    if mine == old:
        if new is None:
            return Merged(path=path, state="removed")
        return Merged(path=path, state="updated" if old else "added", content=git.content(commits[1], path), mode=new.mode)
    if new is None:
        return Merged(path=path, state="conflict", detail="the template removed it, you changed it; yours is kept")
    if mine is None:
        return Merged(path=path, state="conflict", detail="you removed it, the template changed it; it stays removed")
    before = git.content(commits[0], path) if old else b""
    return _merge_text(path, git.content("HEAD", path), before, git.content(commits[1], path), _mode(old, new, mine))


def _mode(old: Entry | None, new: Entry, mine: Entry) -> str:
    return new.mode if old is None or mine.mode == old.mode else mine.mode


def _merge_text(path: str, ours: bytes, base: bytes, theirs: bytes, mode: str) -> Merged:
    """By `git merge-file`: its status is the number of conflicts, above 127 an error."""
    with tempfile.TemporaryDirectory(prefix="mlctl-merge-") as folder:
        names = []
        for name, content in (("yours", ours), ("before", base), ("template", theirs)):
            (Path(folder) / name).write_bytes(content)
            names.append(name)
        labels = [argument for name in names for argument in ("-L", name)]
        done = subprocess.run(["git", "merge-file", "-p", "--diff3", *labels, *names], cwd=folder, capture_output=True, check=False)
    if done.returncode > 127:
        return Merged(path=path, state="conflict", detail="is no text; yours is kept")
    if done.returncode:
        detail = f"{done.returncode} places changed on both sides; they are marked"
        return Merged(path=path, state="conflict", detail=detail, content=done.stdout, mode=mode)
    return Merged(path=path, state="merged", content=done.stdout, mode=mode)


def write_merged(root: Path, merged: list[Merged]) -> None:
    """Write what was merged.

    Raises
    ------
    InputError
        A file cannot be written, or would lie outside the repository by way of a link.
    """
    for item in merged:
        if not item.writes:
            continue
        path = root / item.path
        if not path.parent.resolve().is_relative_to(root.resolve()):
            raise InputError("lies behind a link that leads out of the repository", file=path, remedy="remove the link and repeat")
        try:
            if item.content is None:
                path.unlink(missing_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(item.content)
            path.chmod(0o755 if item.mode == "100755" else 0o644)
        except OSError as error:
            remedy = "mend the cause, then `git restore . && git clean -fd` and repeat"
            raise InputError(f"cannot be written: {error.strerror}", file=path, remedy=remedy) from None
