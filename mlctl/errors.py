"""Every error the tool raises on purpose, and the exit status each one ends in.

MlctlError
├── InputError      2   the input or the user's program is wrong
├── BlockedError    1   a gate refused what was asked for
└── ServiceError    3   an outside service failed
"""

from __future__ import annotations

from pathlib import Path


class MlctlError(Exception):
    """An error that is shown to the user as text, never as our traceback.

    Parameters
    ----------
    problem
        What is wrong, in one sentence.
    file, line, key
        Where it is wrong; each may be unknown.
    allowed
        What would have been accepted.
    remedy
        What to do next.
    """

    exit_status = 2

    def __init__(
        self,
        problem: str,
        *,
        file: str | Path | None = None,
        line: int | None = None,
        key: str | None = None,
        allowed: str | None = None,
        remedy: str | None = None,
    ) -> None:
        self.problem = problem
        self.file = str(file) if file is not None else None
        self.line = line
        self.key = key
        self.allowed = allowed
        self.remedy = remedy
        super().__init__(str(self))

    def __str__(self) -> str:
        where = self.file or ""
        if self.file and self.line is not None:
            where += f":{self.line}"
        parts = [part for part in (where, self.key) if part]
        text = ": ".join([*parts, self.problem])
        if self.allowed:
            text += f"; allowed: {self.allowed}"
        if self.remedy:
            text += f"; {self.remedy}"
        return text


class InputError(MlctlError):
    """A file, an argument or the user's program is wrong."""

    exit_status = 2


class BlockedError(MlctlError):
    """A gate refused what was asked for; nothing was changed."""

    exit_status = 1


class ServiceError(MlctlError):
    """A service outside this repository failed or answered nonsense."""

    exit_status = 3
