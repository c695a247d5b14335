"""FOCUS as Parquet says the same as the same rows as CSV, whatever types the columns have."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mlctl.config.environment import Environment
from mlctl.errors import InputError
from mlctl.finops.charge import SourceData
from mlctl.finops.period import Period
from mlctl.finops.read.focus import read_focus
from mlctl.finops.read.focus_tally import FocusRequest
from tests.mlctl.finops.conftest import WriteBill, bill_line

pa = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

ROWS: list[dict[str, Any]] = [
    {"usd": "1.5", "day": "2026-10-01", "tags": {"team": "lending", "model": "credit-risk"}},
    {"usd": "0.1", "day": "2026-10-02", "tags": {"team": "lending", "model": "credit-risk"}},
    {"usd": "0.2", "day": "2026-10-03", "tags": {"team": "nobody"}, "ResourceId": "r-2"},
    {"usd": "-3", "day": "2026-10-03", "ChargeCategory": "Credit", "ServiceName": "Refunds"},
    {"usd": "40", "day": "2026-10-01", "days": 31, "ServiceName": "Support", "ChargeCategory": "Purchase"},
    {"usd": "7", "day": "2026-10-04", "tags": {"node-pool": "gpu-training"}, "ResourceId": "i-1"},
    {"usd": "9", "day": "2026-10-04", "SubAccountId": "999999999999"},
    {"usd": "5", "day": "2026-08-31"},
]


def table(rows: list[dict[str, Any]], *, typed: bool) -> Any:
    """The rows as Arrow has them: all text, or as AWS exports them (times, doubles, a map of tags)."""
    plain = []
    for row in rows:
        day, days = date.fromisoformat(row["day"]), row.get("days", 1)
        begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
        cost = row["usd"] if not typed else float(row["usd"])
        tags = row.get("tags")
        plain.append(
            {
                "BilledCost": cost,
                "EffectiveCost": cost,
                "BillingCurrency": "USD",
                "ChargeCategory": row.get("ChargeCategory", "Usage"),
                "ChargeClass": None,
                "ChargeDescription": "d",
                "ChargePeriodStart": begin if typed else f"{begin:%Y-%m-%dT%H:%M:%SZ}",
                "ChargePeriodEnd": begin + timedelta(days=days) if typed else f"{begin + timedelta(days=days):%Y-%m-%dT%H:%M:%SZ}",
                "ServiceName": row.get("ServiceName", "Amazon SageMaker"),
                "ResourceId": row.get("ResourceId", "r-1"),
                "SubAccountId": row.get("SubAccountId", "333333333333"),
                "Tags": (list(tags.items()) if tags else []) if typed else json.dumps(tags) if tags else None,
            }
        )
    if not typed:
        return pa.Table.from_pylist(plain)
    kinds = {
        "Tags": pa.map_(pa.string(), pa.string()),
        "BilledCost": pa.float64(),
        "EffectiveCost": pa.float64(),
        "ChargeClass": pa.string(),
    }
    times = {name: pa.timestamp("ms", tz="UTC") for name in ("ChargePeriodStart", "ChargePeriodEnd")}
    schema = pa.schema([(name, {**kinds, **times}.get(name, pa.string())) for name in plain[0]])
    return pa.Table.from_pylist(plain, schema)


def save(path: Path, rows: list[dict[str, Any]], *, typed: bool = True, **how: Any) -> Path:
    parquet.write_table(table(rows, typed=typed), path, **how)
    return path


@pytest.fixture
def read(prod: Environment, october: Period) -> Any:
    def run(*paths: Path) -> SourceData:
        return read_focus(paths, FocusRequest(environment=prod, period=october))

    return run


@pytest.mark.parametrize("typed", [True, False])
@pytest.mark.parametrize("rows_a_group", [100, 3])
def test_parquet_says_what_csv_says(read: Any, write_bill: WriteBill, tmp_path: Path, typed: bool, rows_a_group: int) -> None:
    lines = [bill_line(row["day"], row["usd"], **{key: value for key, value in row.items() if key not in ("day", "usd")}) for row in ROWS]
    expected = read(write_bill(lines))
    found = read(save(tmp_path / "bill.parquet", ROWS, typed=typed, row_group_size=rows_a_group))
    assert (found.charges, found.gaps, found.rows) == (expected.charges, expected.gaps, expected.rows)
    assert sum(one.usd for one in found.charges) == Decimal("45.8")


def test_a_charge_is_known_by_the_first_of_its_rows(read: Any, tmp_path: Path) -> None:
    """Rows of charges that take turns: each is entered once, and a wrong tag is named at the row that has it first."""
    turns = [{**ROWS[0], "day": f"2026-10-{day:02}", "ResourceId": name} for day in range(1, 31) for name in ("a", "b", "c")]
    found = read(save(tmp_path / "turns.parquet", turns))
    assert sum(one.usd for one in found.charges) == Decimal("1.5") * 90
    turns[7] = {**turns[7], "ChargeCategory": "Gift"}
    turns[10] = {**turns[10], "ChargeCategory": "Gift"}
    with pytest.raises(InputError, match=r"turns.parquet:8: ChargeCategory: 'Gift'"):
        read(save(tmp_path / "turns.parquet", turns))


def test_decimals_stay_decimals(read: Any, tmp_path: Path) -> None:
    made = table(ROWS[:1], typed=True)
    cost = pa.array([Decimal("1.234567890123456789")], pa.decimal128(38, 18))
    parquet.write_table(made.set_column(0, "BilledCost", cost), tmp_path / "b.parquet")
    assert read(tmp_path / "b.parquet").charges[0].usd == Decimal("1.234567890123456789")


def test_the_same_hours_twice_are_refused_within_and_between_files(read: Any, tmp_path: Path) -> None:
    twice = save(tmp_path / "twice.parquet", [ROWS[0], ROWS[0]])
    with pytest.raises(InputError, match=r"twice.parquet: the same charge is there twice for the same hours"):
        read(twice)
    with pytest.raises(InputError, match="the same charge is there twice for the same hours"):
        read(save(tmp_path / "groups.parquet", [ROWS[0], ROWS[0]], row_group_size=1))
    with pytest.raises(InputError, match="the same charge is there twice for the same hours"):
        read(save(tmp_path / "a.parquet", ROWS[:2]), save(tmp_path / "b.parquet", ROWS[1:3]))


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"usd": "-1"}, "BilledCost: the amount -1.0 is negative"),
        ({"usd": "inf"}, "BilledCost: the amount inf is not finite"),
        ({"usd": "nan"}, "BilledCost: the amount nan is not finite"),
        ({"days": 0}, "ChargePeriodStart, ChargePeriodEnd: the window from"),
        ({"ChargeCategory": "Gift"}, "ChargeCategory: 'Gift' is no charge category"),
    ],
)
def test_what_is_wrong_is_named(read: Any, tmp_path: Path, changed: dict[str, Any], problem: str) -> None:
    path = save(tmp_path / "bill.parquet", [ROWS[0], {**ROWS[2], **changed}])
    with pytest.raises(InputError) as caught:
        read(path)
    assert f"{path}:2: {problem}" in str(caught.value)


def test_rows_are_counted_through_the_whole_file(read: Any, tmp_path: Path) -> None:
    wrong = {**ROWS[2], "usd": "-1"}
    with pytest.raises(InputError, match=r"bill.parquet:7: BilledCost"):
        read(save(tmp_path / "bill.parquet", [*ROWS[:6], wrong, ROWS[7]], row_group_size=2))


def test_a_missing_column_or_a_damaged_file_is_refused(read: Any, tmp_path: Path) -> None:
    path = tmp_path / "bill.parquet"
    parquet.write_table(table(ROWS, typed=True).drop_columns(["ServiceName"]), path)
    with pytest.raises(InputError, match="the column ServiceName is missing"):
        read(path)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(InputError, match=r"bill.parquet: is no Parquet file"):
        read(path)
