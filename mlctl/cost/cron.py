"""How often a schedule runs in a month of 730 hours."""

from __future__ import annotations

import re
from decimal import Decimal

_HOURS_PER_DAY = Decimal(24)
_DAYS = Decimal(730) / _HOURS_PER_DAY
_WEEKS = _DAYS / 7
_RATE = re.compile(r"rate\((\d+)\s+(minute|hour|day|week)s?\)")
_UNITS = {"minute": Decimal(730 * 60), "hour": Decimal(730), "day": _DAYS, "week": _WEEKS}


def runs_a_month(expression: str) -> Decimal | None:
    """Mean runs a month of `0 2 * * 0`, `cron(0 * ? * * *)` or `rate(6 hours)`; None where it cannot be read."""
    text = expression.strip()
    if rate := _RATE.fullmatch(text):
        return _UNITS[rate[2]] / int(rate[1])
    fields = text.removeprefix("cron(").removesuffix(")").split()
    if len(fields) not in (5, 6):
        return None
    counts = [_count(fields[0], 60), _count(fields[1], 24)]
    if any(count is None for count in counts):
        return None
    minutes, hours = (count or 0 for count in counts)
    days = _days(fields[2], fields[4])
    months = _count(fields[3], 12)
    return None if days is None or months is None else Decimal(minutes * hours) * days * months / 12


def _days(of_month: str, of_week: str) -> Decimal | None:
    """Days a month on which it runs; cron means either field where both are restricted."""
    if of_week in ("*", "?"):
        count = _count(of_month, 31)
        return _DAYS if of_month in ("*", "?") else Decimal(count) if count is not None else None
    count = _count(re.sub(r"[A-Za-z]{3}", lambda match: str("SUNMONTUEWEDTHUFRISAT".index(match[0].upper()) // 3), of_week), 7)
    week = _WEEKS * count if count is not None else None
    if of_month in ("*", "?") or week is None:
        return week
    month = _count(of_month, 31)
    return None if month is None else week + month


def _count(field: str, size: int) -> int | None:
    """How many of `size` values a field of cron names."""
    total = 0
    for part in field.split(","):
        body, _, step = part.partition("/")
        if step and not step.isdigit():
            return None
        if body in ("*", "?"):
            span = size
        elif match := re.fullmatch(r"(\d+)(?:-(\d+))?", body):
            start, end = int(match[1]), int(match[2] or match[1])
            span = end - start + 1 if end >= start else end - start + 1 + size
            if step and match[2] is None:
                span = size - start
        else:
            return None
        total += -(-span // int(step)) if step else span
    return total
