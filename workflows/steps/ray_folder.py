"""A folder for a Ray of one's own: its sockets lie in it, and the kernel takes no socket path of more than 107 bytes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

VARIABLE = "RAY_TMPDIR"
_LONGEST = 40
"""Ray adds some 60 characters."""


@contextmanager
def short_ray_folder() -> Iterator[None]:
    """Point Ray to a folder of the machine's own, gone at the end, where the step's is too deep for its sockets."""
    if VARIABLE in os.environ or len(tempfile.gettempdir()) <= _LONGEST:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp", ignore_cleanup_errors=True) as folder:
        os.environ[VARIABLE] = folder
        try:
            yield
        finally:
            del os.environ[VARIABLE]
