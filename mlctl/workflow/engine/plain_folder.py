"""A run's folder under a path that shells and scripts can take: without blanks, quotes, or other signs that mean something to them.

A step's paths are written into its command and its source as they stand there, most often without quotes.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PLAIN = re.compile(r"[\w./@%+=:,-]+", re.ASCII)


@contextmanager
def plain_folder(folder: Path) -> Iterator[Path]:
    """The folder itself where its path is plain, else a link to it that is gone at the end."""
    if _PLAIN.fullmatch(str(folder)):
        yield folder
        return
    place = Path(tempfile.mkdtemp(prefix="mlctl-run-"))
    try:
        link = place / "run"
        link.symlink_to(folder, target_is_directory=True)
        yield link
    finally:
        shutil.rmtree(place, ignore_errors=True)
