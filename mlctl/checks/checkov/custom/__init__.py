"""Checks of our own for Checkov, loaded by the driver inside Checkov's interpreter."""

from pathlib import Path

__all__ = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__init__")
