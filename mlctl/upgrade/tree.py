"""The files of a commit, as git lists them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


class Repository(Protocol):
    """A working tree with git below it: mlctl.promotion.git.Git."""

    root: Path

    def run(self, *arguments: str) -> str: ...

    def content(self, commit: str, path: str) -> bytes: ...

    def commit_of(self, ref: str) -> str | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A file in a commit."""

    mode: str
    """100644, 100755 (executable), 120000 (link), 160000 (submodule)."""
    blob: str
    """Its content's hash."""

    @property
    def plain(self) -> bool:
        return self.mode in ("100644", "100755")


def read_tree(git: Repository, commit: str) -> dict[str, Entry]:
    """Path → entry of every file."""
    entries = {}
    for item in git.run("ls-tree", "-r", "-z", "--full-tree", commit).split("\0"):
        if item:
            facts, _, path = item.partition("\t")
            mode, _, blob = facts.split()
            entries[path] = Entry(mode=mode, blob=blob)
    return entries
