"""Reading FOCUS: sums, attribution, every kind of damage, and the same result however the file is cut."""

from __future__ import annotations

import gzip
import random
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from mlctl.config.environment import Environment
from mlctl.errors import InputError
from mlctl.finops.charge import Kind, SourceData, Span, Subject
from mlctl.finops.period import Period
from mlctl.finops.read.focus import read_focus
from mlctl.finops.read.focus_tally import FocusRequest
from tests.mlctl.finops.conftest import HEADER, WriteBill, bill_line


def read(prod: Environment, october: Period, *paths: Path, **given: object) -> SourceData:
    return read_focus(paths, FocusRequest(environment=prod, period=october, **given))  # type: ignore[arg-type]


def sums(data: SourceData) -> dict[Subject, Decimal]:
    found: Counter[Subject] = Counter()
    for charge in data.charges:
        found[charge.subject] += charge.usd  # type: ignore[assignment]
    return dict(found)  # type: ignore[arg-type]


def test_attributes_each_row_once(prod: Environment, october: Period, write_bill: WriteBill) -> None:
    path = write_bill(
        [
            bill_line("2026-10-01", "1.10", tags={"team": "lending", "model": "credit-risk"}),
            bill_line("2026-10-02", "2.20", tags={"team": "lending", "model": "credit-risk"}),
            bill_line("2026-10-01", "4", ResourceId="i-1", tags={"node-pool": "gpu-training", "team": "lending"}),
            bill_line("2026-10-01", "8", ResourceId="b-1", tags={"user:model": "churn"}),
            bill_line("2026-10-01", "16", ResourceId="b-2", tags={"team": "growth"}),
            bill_line("2026-10-01", "32", ResourceId="b-3"),
            bill_line("2026-10-03", "-5", ChargeCategory="Credit", ResourceId=""),
            bill_line("2026-08-31", "1000"),
            bill_line("2026-10-01", "64", SubAccountId="111111111111"),
        ]
    )
    data = read(prod, october, path)
    maker = "Amazon SageMaker"
    assert sums(data) == {
        Subject(Kind.CLOUD, maker, "lending", "credit-risk"): Decimal("3.30"),
        Subject(Kind.NODES, maker, "lending", None, "gpu-training", gpu=True): Decimal(4),
        Subject(Kind.CLOUD, maker, "retention", "churn"): Decimal(8),
        Subject(Kind.CLOUD, maker, None, None, None, "growth"): Decimal(16),
        Subject(Kind.CLOUD, maker): Decimal(32),
        Subject(Kind.CREDIT, maker): Decimal(-5),
    }
    assert data.rows == 9
    assert [gap.what for gap in data.gaps] == ["1 rows belong to other accounts than 333333333333 and were left out"]


def test_fee_for_a_month_keeps_its_span(prod: Environment, october: Period, write_bill: WriteBill) -> None:
    data = read(prod, october, write_bill([bill_line("2026-10-01", "31", days=31)]))
    assert [(charge.span, charge.usd) for charge in data.charges] == [(Span(date(2026, 10, 1), 31), Decimal(31))]


def test_effective_cost(prod: Environment, october: Period, write_bill: WriteBill) -> None:
    path = write_bill([bill_line("2026-10-01", "3", EffectiveCost="2")])
    assert [charge.usd for charge in read(prod, october, path, cost="effective").charges] == [Decimal(2)]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (bill_line("2026-10-01", "-1"), ":3: BilledCost: the amount -1 is negative; allowed: negative amounts only for credits"),
        (bill_line("2026-10-01", "NaN"), ":3: BilledCost: the amount NaN is not finite or absurdly large"),
        (bill_line("2026-10-01", "sNaN"), ":3: BilledCost: the amount sNaN is not finite or absurdly large"),
        (bill_line("2026-10-01", "Infinity"), ":3: BilledCost: the amount Infinity is not finite or absurdly large"),
        (bill_line("2026-10-01", "1e13"), ":3: BilledCost: the amount 1e13 is not finite or absurdly large"),
        (bill_line("2026-10-01", "much"), ":3: BilledCost: 'much' is no amount"),
        (bill_line("2026-10-01", ""), ":3: BilledCost: '' is no amount"),
        (bill_line("2026-10-01", "1", BillingCurrency="EUR"), ":3: BillingCurrency: the currency is 'EUR'; budgets are in USD"),
        (bill_line("2026-10-01", "1", ChargeCategory="Gift"), ":3: ChargeCategory: 'Gift' is no charge category; allowed: Adj"),
        (bill_line("2026-10-01", "1", Tags="x"), ":3: Tags: 'x' is no JSON object"),
        (bill_line("2026-10-01", "1", ChargePeriodStart="yesterday"), "ChargePeriodEnd: Invalid isoformat string: 'yesterday'"),
        (bill_line("2026-10-01", "1", days=0), ":3: ChargePeriodStart, ChargePeriodEnd: the window from"),
        (bill_line("2026-10-01", "1", ChargePeriodStart="2026-10-01T00:30:00Z"), "does not begin and end on the hour (UTC)"),
        (bill_line("2026-10-01", "1") + ",", ":3: 13 fields in a row of 12"),
        ("1,2,3", ":3: 3 fields in a row of 12"),
        (bill_line("2026-10-01", "1", Tags='"{""a"": ""b'), ":3: cannot be read: unexpected end of data"),
    ],
)  # fmt: skip
def test_refuses_damage_with_its_place(prod: Environment, october: Period, write_bill: WriteBill, line: str, problem: str) -> None:
    path = write_bill([bill_line("2026-10-05", "1", ResourceId="sound"), line])
    with pytest.raises(InputError) as caught:
        read(prod, october, path)
    assert problem in str(caught.value)
    assert str(path) in str(caught.value)


def test_refuses_a_window_twice(prod: Environment, october: Period, write_bill: WriteBill) -> None:
    hourly = bill_line("2026-10-01", "1", ChargePeriodStart="2026-10-01T05:00:00Z", ChargePeriodEnd="2026-10-01T06:00:00Z")
    path = write_bill([bill_line("2026-10-01", "24"), hourly])
    with pytest.raises(InputError, match=r"bill.csv:3: the same charge is there twice for the same hours"):
        read(prod, october, path)


def test_refuses_two_files_that_overlap_even_when_quoted_differently(prod: Environment, october: Period, write_bill: WriteBill) -> None:
    line = bill_line("2026-10-01", "24", tags={"team": "lending"})
    first = write_bill([line])
    quoted = line.replace("Amazon SageMaker", '"Amazon SageMaker"')
    second = write_bill([quoted], "again.csv")
    with pytest.raises(InputError, match="twice for the same hours"):
        read(prod, october, first, second)


def test_refuses_a_missing_column(prod: Environment, october: Period, write_bill: WriteBill) -> None:
    path = write_bill([], header=HEADER.replace("BillingCurrency,", ""))
    with pytest.raises(InputError, match=r"bill.csv:1: the column BillingCurrency is missing"):
        read(prod, october, path)


def test_refuses_a_file_that_is_no_text_or_empty(prod: Environment, october: Period, tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read"):
        read(prod, october, path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="the file is empty"):
        read(prod, october, path)
    with pytest.raises(InputError, match="there is no such file"):
        read(prod, october, tmp_path / "none.csv")


def test_refuses_a_broken_archive(prod: Environment, october: Period, tmp_path: Path) -> None:
    path = tmp_path / "bill.csv.gz"
    path.write_bytes(gzip.compress((HEADER + "\n" + bill_line("2026-10-01", "1") * 50).encode())[:-20])
    with pytest.raises(InputError, match="cannot be read"):
        read(prod, october, path)


def test_reads_an_archive(prod: Environment, october: Period, tmp_path: Path) -> None:
    path = tmp_path / "bill.csv.gz"
    path.write_bytes(gzip.compress(f"{HEADER}\n{bill_line('2026-10-01', '7')}\n".encode()))
    assert [charge.usd for charge in read(prod, october, path).charges] == [Decimal(7)]


def _varied(seed: int) -> list[str]:
    """Rows whose fields hold commas, quotes and line ends, so that cutting the file is hard."""
    random.seed(seed)
    names = ["plain", "a, b", 'say ""x""', "two\nlines", "é€"]
    lines = []
    for number in range(300):
        text = f'"{names[number % 5]} {number}"'
        day = date(2026, 10, 1) + timedelta(days=number % 31)
        lines.append(bill_line(day, f"{random.randint(1, 99999)}e-4", ChargeDescription=text, tags={"team": "lending"}))
    return lines


@pytest.mark.parametrize("processes", [1, 2, 3, 7])
def test_cutting_a_file_changes_nothing(prod: Environment, october: Period, write_bill: WriteBill, processes: int) -> None:
    lines = _varied(5)
    path = write_bill(lines)
    expected = sum((Decimal(line.split(",")[0]) for line in lines), Decimal(0))
    data = read(prod, october, path, processes=processes, large_bytes=0)
    assert (data.rows, sum(charge.usd for charge in data.charges)) == (300, expected)
    assert data.charges == read(prod, october, path).charges


def test_a_late_field_may_hold_line_ends(prod: Environment, october: Period, write_bill: WriteBill) -> None:
    lines = [bill_line("2026-10-01", usd, ResourceId=f'"{name}"') for usd, name in (("1", "a\nb"), ("2", 'c ""\n"" d'), ("4", "e,f"))]
    data = read(prod, october, write_bill([*lines, bill_line("2026-10-01", "8")]))
    assert (data.rows, sum(charge.usd for charge in data.charges)) == (4, 15)


def test_names_the_line_in_a_later_part(prod: Environment, october: Period, write_bill: WriteBill) -> None:
    lines = _varied(5)
    lines[280] = bill_line("2026-10-01", "-3", ResourceId="bad")
    path = write_bill(lines)
    before = "\n".join([HEADER, *lines[:280]]).count("\n") + 2
    with pytest.raises(InputError, match=rf"bill.csv:{before}: BilledCost: the amount -3 is negative"):
        read(prod, october, path, processes=3, large_bytes=0)


def test_the_same_charge_in_two_parts_is_noticed(prod: Environment, october: Period, write_bill: WriteBill) -> None:
    lines = _varied(5)
    path = write_bill([*lines, lines[0]])
    with pytest.raises(InputError, match="twice for the same hours"):
        read(prod, october, path, processes=2, large_bytes=0)
