"""Off-hours as people write them, and the cron expressions of EventBridge Scheduler they mean."""

from __future__ import annotations

import re
from dataclasses import dataclass

DAYS = {"M": "MON", "T": "TUE", "W": "WED", "H": "THU", "F": "FRI", "S": "SAT", "U": "SUN"}
_PARTS = re.compile(r"off=\((.+),(\d+)\);on=\((.+),(\d+)\);tz=(.+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class OffHours:
    """When things stop and start again, in one time zone (daylight saving is followed)."""

    stop: str
    start: str
    time_zone: str


def parse_off_hours(text: str) -> OffHours:
    """`off=(M-F,19);on=(M-F,7);tz=Europe/Dublin` → the two cron expressions.

    The form is checked where the environment is read (`mlctl.config.spend`).
    """
    match = _PARTS.fullmatch(text)
    assert match, text
    off_days, off, on_days, on, zone = match.groups()
    return OffHours(stop=_cron(off_days, int(off)), start=_cron(on_days, int(on)), time_zone=zone)


def _cron(days: str, hour: int) -> str:
    return f"cron(0 {hour} ? * {','.join(expand_days(days))} *)"


def expand_days(days: str) -> list[str]:
    """`M-W,S` → MON, TUE, WED, SAT; `S-M` goes over the week's end."""
    letters = list(DAYS)
    chosen: set[str] = set()
    for part in days.split(","):
        first, _, last = part.partition("-")
        start, end = letters.index(first), letters.index(last or first)
        length = (end - start) % len(letters) + 1
        chosen.update(letters[(start + step) % len(letters)] for step in range(length))
    return [name for letter, name in DAYS.items() if letter in chosen]
