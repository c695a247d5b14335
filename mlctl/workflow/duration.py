"""Durations as Argo writes them: `30`, `30s`, `1h15m`, `2d`."""

from __future__ import annotations

import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h|d)")


def seconds(text: str) -> float:
    """The duration in seconds; a bare number counts seconds.

    Raises
    ------
    ValueError
        It is not a duration.
    """
    plain = text.strip()
    if re.fullmatch(r"\d+(\.\d+)?", plain):
        return float(plain)
    parts = _PART.findall(plain)
    if not parts or "".join(number + unit for number, unit in parts) != plain:
        raise ValueError(f"`{text}` is not a duration such as 30, 30s or 1h15m")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
