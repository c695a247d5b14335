"""Every error the ML code raises on purpose, and the exit status each one ends in.

MlError
├── InputError      2   a model file, a data set or an argument is wrong
├── BlockedError    1   a gate refused what was asked for; nothing was changed
└── ServiceError    3   an outside service (MLflow, Ray) failed
"""

from __future__ import annotations

from pathlib import Path


class MlError(Exception):
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

    def at(self, file: Path | None) -> MlError:
        """Return the same error with a file, where it has none."""
        if self.file is not None or file is None:
            return self
        return type(self)(self.problem, file=file, line=self.line, key=self.key, allowed=self.allowed, remedy=self.remedy)

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


class InputError(MlError):
    """A model file, a data set or an argument is wrong."""

    exit_status = 2


class BlockedError(MlError):
    """A gate refused what was asked for; nothing was changed."""

    exit_status = 1


class ServiceError(MlError):
    """A service outside this repository failed or answered nonsense."""

    exit_status = 3
