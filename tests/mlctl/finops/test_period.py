"""Months."""

from __future__ import annotations

from datetime import date

import pytest

from mlctl.errors import InputError
from mlctl.finops.period import Period, ranges


def test_a_month_and_its_neighbours() -> None:
    period = Period.parse("2028-02", today=date(2028, 2, 1))
    assert (period.first, period.end, period.length) == (date(2028, 2, 1), date(2028, 3, 1), 29)
    assert str(period.previous) == "2028-01"
    assert str(Period.parse("2026-01", today=date(2026, 1, 31)).previous) == "2025-12"


def test_complete_days() -> None:
    period = Period(date(2026, 10, 1))
    assert period.complete_days(date(2026, 10, 1)) == []
    assert period.complete_days(date(2026, 10, 3)) == [date(2026, 10, 1), date(2026, 10, 2)]
    assert len(period.complete_days(date(2027, 1, 1))) == 31


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026-1", "October", "2026-10-01", "", "0000-01"])
def test_refuses_what_is_no_month(text: str) -> None:
    with pytest.raises(InputError, match=r"--period: .* is no month; allowed: YYYY-MM"):
        Period.parse(text, today=date(2026, 11, 20))


def test_refuses_a_future_month() -> None:
    with pytest.raises(InputError, match="2026-12 has not begun on 2026-11-20; allowed: 2026-11 or earlier"):
        Period.parse("2026-12", today=date(2026, 11, 20))


def test_days_in_a_row_are_told_together() -> None:
    days = [date(2026, 10, 7), date(2026, 9, 30), date(2026, 10, 1), date(2026, 10, 2)]
    assert ranges(days) == "2026-09-30 to 2026-10-02, 2026-10-07"
    assert ranges([]) == ""
