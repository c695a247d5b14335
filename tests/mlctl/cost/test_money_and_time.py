"""Amounts, quantities and schedules."""

from __future__ import annotations

from decimal import Decimal

import pytest

from mlctl.cost.cron import runs_a_month
from mlctl.cost.money import plain, usd
from mlctl.cost.size import gibibytes


@pytest.mark.parametrize(
    ("amount", "sign", "text"),
    [
        ("1234.505", False, "$1,234.51"),
        ("0", True, "$0.00"),
        ("2.5", True, "+$2.50"),
        ("-2.5", False, "-$2.50"),
        ("0.004", False, "<$0.01"),
    ],
)
def test_usd(amount: str, sign: bool, text: str) -> None:
    assert usd(Decimal(amount), sign=sign) == text


def test_plain_has_no_exponent() -> None:
    assert [plain(Decimal(text)) for text in ("1E+3", "0.0000004", "1.50", "0")] == ["1000", "0.0000004", "1.5", "0"]


@pytest.mark.parametrize(
    ("expression", "runs"),
    [
        ("0 2 * * 0", Decimal(730) / 168),
        ("0 * * * *", Decimal(730)),
        ("*/15 * * * *", Decimal(2920)),
        ("cron(0 * ? * * *)", Decimal(730)),
        ("rate(6 hours)", Decimal(730) / 6),
        ("0 9-17 * * MON-FRI", Decimal(9) * 5 * 730 / 168),
        ("0 0 1 * *", Decimal(1)),
    ],
)
def test_runs_a_month(expression: str, runs: Decimal) -> None:
    found = runs_a_month(expression)
    assert found is not None
    assert abs(found - runs) < Decimal("0.0001")


@pytest.mark.parametrize("expression", ["", "NOW", "every day", "a b c d e"])
def test_a_schedule_that_cannot_be_read_is_not_guessed(expression: str) -> None:
    assert runs_a_month(expression) is None


@pytest.mark.parametrize(("text", "size"), [("50Gi", "50"), ("1Ti", "1024"), ("512Mi", "0.5"), ("1073741824", "1"), ("many", None)])
def test_gibibytes(text: str, size: str | None) -> None:
    assert gibibytes(text) == (Decimal(size) if size else None)
