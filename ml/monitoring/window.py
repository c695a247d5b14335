"""A stretch of time that is judged as one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from ml.errors import InputError


@dataclass(frozen=True, order=True)
class Window:
    """From `start` (included) to `end` (not included), in UTC."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        if self.start >= self.end:
            raise InputError(f"window starts at {self.start} and ends at {self.end}", remedy="give an end after the start")

    @property
    def name(self) -> str:
        """How reports call the window."""
        return f"{self.start.isoformat()}/{self.end.isoformat()}"


def moment(text: str) -> datetime:
    """Read an ISO 8601 date or time; without a zone it is UTC."""
    try:
        read = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"not a date: {text!r}", allowed="ISO 8601, as 2026-03-01 or 2026-03-01T12:00:00Z") from None
    return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
