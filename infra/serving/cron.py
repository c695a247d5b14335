"""From a five-field cron, as people write it, to the six fields that EventBridge Scheduler reads."""

from __future__ import annotations

import re

_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")


def aws_cron(cron: str) -> str:
    """`0 2 * * 0` → `cron(0 2 ? * SUN *)`.

    Cron counts the days of the week from 0 (Sunday, also 7) and EventBridge from 1, so days become names; EventBridge wants a year, and a
    `?` for the one of day of month and day of week that says nothing.

    Raises
    ------
    ValueError
        Both days are given: cron runs on either, EventBridge has no way to say that.
    """
    minute, hour, day, month, weekday = cron.split()
    if day != "*" and weekday != "*":
        raise ValueError(f"{cron!r} gives a day of the month and a day of the week; EventBridge takes one of them")
    if weekday == "*":
        return f"cron({minute} {hour} {day} {month} ? *)"
    named = re.sub(r"(?<![/\w])[0-7](?!\d)", lambda number: _DAYS[int(number[0])], weekday)
    return f"cron({minute} {hour} ? {month} {named} *)"
