"""Replaces a file in one step: whoever reads it, also after a crash, finds the old content or the new one, never a mixture."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from mlctl.errors import InputError


def write_atomically(path: Path, text: str) -> None:
    """Write the text, UTF-8, line ends as they are, and wait until the disk has it.

    Raises
    ------
    InputError
        The file cannot be written. The old content stands.
    """
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        Path(temporary).replace(path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise InputError(
            f"cannot be written: {error.strerror}", file=path, remedy="the old content stands; free the disk and repeat"
        ) from None
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Wait until the disk knows the folder's entries. The new content stands by now, so where this cannot be done nothing is taken back."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
