"""One process to start, and how it ended."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Launch:
    """A command with its surroundings; both streams are kept in files."""

    argv: list[str]
    env: dict[str, str]
    cwd: Path
    stdout: Path
    stderr: Path


@dataclass(frozen=True, kw_only=True)
class Exit:
    """How a process ended; `code` is 128 + n where signal n ended it, memory is in bytes."""

    code: int
    peak_memory: int


def exit_code(status: int) -> int:
    """The code a shell would show for a wait status."""
    import os

    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
