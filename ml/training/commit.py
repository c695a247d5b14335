"""The commit the code stands at."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path


def current_commit() -> str:
    """Return GIT_COMMIT where it is set (as in a container), else the checkout's commit, else `unknown`."""
    given = os.environ.get("GIT_COMMIT")
    if given:
        return given
    try:
        found = subprocess.run(
            ["git", "rev-parse", "HEAD"], cwd=Path(__file__).parent, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()
