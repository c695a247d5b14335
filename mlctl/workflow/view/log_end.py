"""The last lines of what a step wrote, for a page that is read without its folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

_MOST_BYTES = 2500


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEnd:
    """The end of one log, and where the whole is."""

    name: str
    """`stdout` or `stderr`."""
    address: str
    """`file://…`, with everything unusual in it encoded."""
    text: str
    cut: bool
    """Whether there is more before it."""


def log_ends(folder: Path | None) -> list[LogEnd]:
    """The logs of a step that are not empty; none where it has no folder."""
    if folder is None:
        return []
    return [_end(name, path) for name in ("stdout", "stderr") if (path := folder / f"{name}.log").is_file() and path.stat().st_size]


def _end(name: str, path: Path) -> LogEnd:
    size = path.stat().st_size
    with path.open("rb") as stream:
        stream.seek(max(0, size - _MOST_BYTES))
        text = stream.read().decode("utf-8", "replace")
    cut = size > _MOST_BYTES
    shown = text.partition("\n")[2] or text if cut else text
    return LogEnd(name=name, address=path.resolve().as_uri(), text=shown, cut=cut)
