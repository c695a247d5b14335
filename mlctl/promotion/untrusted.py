"""Text that a stranger's code made, made fit for a comment that is written with our rights: shown as it is, and nothing of it is markup."""

from __future__ import annotations

import re
from pathlib import Path

from mlctl.errors import InputError

MOST = 60_000
"""Characters. GitHub takes 65,536."""

_HEAD = "What the gate found, in a report that this pull request's own code made: shown as text. Trust the checks, not it.\n\n"


def read_untrusted(path: Path) -> str:
    """The beginning of a file, however large it is.

    Raises
    ------
    InputError
        It is no ordinary file.
    """
    if path.is_symlink() or not path.is_file():
        raise InputError("is no ordinary file", file=path, remedy="look at the artefacts of the run")
    with path.open("rb") as file:
        return file.read(MOST * 4).decode("utf-8", errors="replace")


def as_plain_text(text: str) -> str:
    """A fenced block: mentions nobody, links nowhere, loads no picture, and cannot be left by a fence of its own."""
    plain = "".join(letter for letter in text.replace("\r\n", "\n") if letter in "\n\t" or letter.isprintable())
    shown = plain[:MOST] + ("\n… cut here" if len(plain) > MOST else "")
    longest = max((len(run) for run in re.findall(r"`+", shown)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{_HEAD}{fence}text\n{shown}\n{fence}\n"
