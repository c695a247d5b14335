"""Times and durations of an expression, and Go's way of writing them: `2006-01-02 15:04:05`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from mlctl.workflow.duration import seconds
from mlctl.workflow.expression.error import ExpressionError

_SECOND = 1_000_000_000
_LAYOUT = re.compile(
    r"January|Jan|Monday|Mon|MST|2006|Z07:00|Z0700|-07:00|-0700|-07|01|02|03|04|05|06|15|002|[.,]0+|[.,]9+|PM|pm|_2|1|2|3|4|5"
)
_DIRECTIVES: dict[str, str] = {
    "January": "%B", "Jan": "%b", "Monday": "%A", "Mon": "%a", "MST": "%Z", "2006": "%Y", "01": "%m", "02": "%d", "03": "%I",
    "04": "%M", "05": "%S", "06": "%y", "15": "%H", "002": "%j", "PM": "%p",
}  # fmt: skip
_LAYOUTS = (
    "2006-01-02", "15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04:05Z07:00", "Mon, 02 Jan 2006 15:04:05 MST",
    "02 Jan 06 15:04 MST", "Monday, 02-Jan-06 15:04:05 MST", "Mon Jan _2 15:04:05 2006",
)  # fmt: skip


@dataclass(frozen=True, order=True)
class Duration:
    """A length of time."""

    nanoseconds: int

    @property
    def seconds(self) -> float:
        """In seconds."""
        return self.nanoseconds / _SECOND

    def __str__(self) -> str:
        """`1h30m0s`, `1.5s`, `20ms`, as Go writes it."""
        total, sign = abs(self.nanoseconds), "-" if self.nanoseconds < 0 else ""
        if total < _SECOND:
            for unit, size in (("ms", 1_000_000), ("µs", 1_000), ("ns", 1)):
                if total >= size:
                    return f"{sign}{total / size:g}{unit}"
            return "0s"
        whole, rest = divmod(total, _SECOND)
        hours, minutes, left = whole // 3600, whole // 60 % 60, whole % 60
        fraction = f".{rest:09d}".rstrip("0") if rest else ""
        head = (f"{hours}h" if hours else "") + (f"{minutes}m" if hours or minutes else "")
        return f"{sign}{head}{left}{fraction}s"


@dataclass(frozen=True, order=True)
class Time:
    """A point in time."""

    at: datetime

    def rfc3339(self) -> str:
        """With a fraction where there is one."""
        fraction = f".{self.at.microsecond:06d}".rstrip("0") if self.at.microsecond else ""
        return self.at.strftime("%Y-%m-%dT%H:%M:%S") + fraction + _offset(self.at, "Z07:00")

    def __str__(self) -> str:
        """As Go prints a time."""
        return self.format("2006-01-02 15:04:05 -0700 MST")

    def format(self, layout: str) -> str:
        """The time written as the reference time is in `layout`."""
        return _LAYOUT.sub(lambda found: _part(self.at, found[0]), layout)


def _offset(at: datetime, form: str) -> str:
    minutes = int((at.utcoffset() or timedelta()).total_seconds() // 60)
    if form.startswith("Z") and minutes == 0:
        return "Z"
    sign, hours, rest = "-" if minutes < 0 else "+", abs(minutes) // 60, abs(minutes) % 60
    if form == "-07":
        return f"{sign}{hours:02d}"
    return f"{sign}{hours:02d}{':' if ':' in form else ''}{rest:02d}"


def _part(at: datetime, part: str) -> str:
    plain = {"1": at.month, "2": at.day, "_2": at.day, "3": at.hour % 12 or 12, "4": at.minute, "5": at.second}
    if part in plain:
        return f"{plain[part]:2d}" if part == "_2" else str(plain[part])
    if part == "pm":
        return at.strftime("%p").lower()
    if part[0] in "Z-":
        return _offset(at, part)
    if part[0] in ".,":
        digits = f"{at.microsecond:06d}000"[: len(part) - 1]
        digits = digits.rstrip("0") if part[1] == "9" else digits
        return part[0] + digits if digits else ""
    return at.strftime(_DIRECTIVES[part])


def parse_time(text: str, layout: str | None = None) -> Time:
    """A text as a time; without a layout, in one of the usual forms.

    Raises
    ------
    ExpressionError
        It is not written so.
    """
    for form in [layout] if layout else _LAYOUTS:
        try:
            return Time(_parse(text, form))
        except (ValueError, KeyError):
            continue
    raise ExpressionError(f"`{text}` is not a time" + (f" like {layout}" if layout else ""))


def _parse(text: str, layout: str) -> datetime:
    other = {"1": "%m", "2": "%d", "_2": "%d", "3": "%I", "4": "%M", "5": "%S", "pm": "%p"}
    zone = {"Z07:00": "%z", "Z0700": "%z", "-07:00": "%z", "-0700": "%z", "-07": "%z"}
    directives = {**_DIRECTIVES, **other, **zone}
    form = _LAYOUT.sub(lambda found: "%f" if found[0][0] in ".," else directives[found[0]], layout.replace("%", "%%"))
    found = datetime.strptime(text, form)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def duration(text: str) -> Duration:
    """`1h30m` as a duration."""
    try:
        return Duration(round(seconds(text, bare=False) * _SECOND))
    except ValueError as error:
        raise ExpressionError(str(error)) from None


def now() -> Time:
    """This moment."""
    return Time(datetime.now(UTC))


def in_zone(time: Time, zone: str) -> Time:
    """The same moment in a zone such as `Europe/Berlin`; an unknown one is UTC."""
    try:
        return Time(time.at.astimezone(ZoneInfo(zone)))
    except (KeyError, ValueError, OSError):
        return Time(time.at.astimezone(UTC))


def as_time(value: Any) -> Time:
    """What sprig takes for a time: a time, or a number of seconds since 1970; of anything else, now."""
    if isinstance(value, Time):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return Time(datetime.fromtimestamp(value, tz=timezone(timedelta())))
    return now()


def _add(time: Time, length: Duration) -> Time:
    return Time(time.at + timedelta(microseconds=length.nanoseconds / 1000))


def _between(later: Time, earlier: Time) -> Duration:
    return Duration(round((later.at - earlier.at).total_seconds() * _SECOND))


METHODS: dict[type, dict[str, Callable[..., Any]]] = {
    Time: {
        "Year": lambda time: time.at.year, "Month": lambda time: time.at.month, "Day": lambda time: time.at.day,
        "Hour": lambda time: time.at.hour, "Minute": lambda time: time.at.minute, "Second": lambda time: time.at.second,
        "Weekday": lambda time: time.at.isoweekday() % 7, "YearDay": lambda time: int(time.at.strftime("%j")),
        "Unix": lambda time: int(time.at.timestamp() // 1), "UnixMilli": lambda time: int(time.at.timestamp() * 1000 // 1),
        "Format": Time.format, "String": str, "UTC": lambda time: Time(time.at.astimezone(UTC)),
        "Add": _add, "Sub": _between, "Before": lambda time, other: time < other, "After": lambda time, other: time > other,
        "Equal": lambda time, other: time == other,
    },
    Duration: {
        "Hours": lambda length: length.seconds / 3600, "Minutes": lambda length: length.seconds / 60,
        "Seconds": lambda length: length.seconds, "Milliseconds": lambda length: length.nanoseconds // 1_000_000, "String": str,
    },
}  # fmt: skip
"""What can be called on a value, as in `date(x).Year()`."""
