"""Durations as Argo reads them: Go's `1h15m`, `1.5s`, `-2m`; in most places also a bare whole number of seconds."""

from __future__ import annotations

import re

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_PART = r"(?:\d+\.?\d*|\.\d+)(?:ns|us|µs|μs|ms|s|m|h)"
_WHOLE = re.compile(rf"[-+]?(?:0|(?:{_PART})+)")
_PARTS = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)")


def seconds(text: str, *, bare: bool = True) -> float:
    """The duration in seconds; `bare` says whether a whole number alone counts seconds.

    Raises
    ------
    ValueError
        It is not a duration.
    """
    if bare and re.fullmatch(r"[-+]?\d+", text):
        return float(text)
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"`{text}` is not a duration such as {'30, ' if bare else ''}30s or 1h15m")
    sign = -1.0 if text.startswith("-") else 1.0
    return sign * sum(float(number) * _UNITS[unit] for number, unit in _PARTS.findall(text))
