"""The price book: what is in it, and what is refused."""

from __future__ import annotations

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from mlctl.cost.price import PriceBook
from mlctl.cost.price_file import FOLDER, load_prices, read_rows, write_rows
from mlctl.errors import InputError

HEADER = "service,region,item,unit,usd,source,source_date\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(FOLDER / "ec2.csv", tmp_path)
    return tmp_path


def _error(folder: Path, text: str) -> str:
    (folder / "services.csv").write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as error:
        load_prices(folder)
    return str(error.value).replace(str(folder), "")


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ("X,us-east-1,y,hour,1,,2026-01-01", "/services.csv:2: source: names no source; say where the price was published"),
        ("X,us-east-1,y,hour,one,s,2026-01-01", "/services.csv:2: usd: 'one' is no number; allowed: a decimal number"),
        ("X,us-east-1,y,hour,-1,s,2026-01-01", "/services.csv:2: usd: -1 is not possible; allowed: a finite number, zero or more"),
        ("X,us-east-1,y,hour,NaN,s,2026-01-01", "/services.csv:2: usd: NaN is not possible; allowed: a finite number, zero or more"),
        ("X,us-east-1,y,hour,inf,s,2026-01-01", "/services.csv:2: usd: inf is not possible; allowed: a finite number, zero or more"),
        ("X,us-east-1,y,hour,1,s,yesterday", "/services.csv:2: source_date: 'yesterday' is no date; allowed: YYYY-MM-DD"),
        ("X,us-east-1,y,hour,1,s", "/services.csv:2: has 7 fields; allowed: 7 fields"),
    ],
)
def test_a_bad_row_is_named(folder: Path, row: str, problem: str) -> None:
    found = _error(folder, HEADER + row + "\n")
    if row.count(",") == 5:
        assert found.startswith("/services.csv:2: has ")
    else:
        assert found == problem


def test_a_price_given_twice_is_refused(folder: Path) -> None:
    row = "X,us-east-1,y,hour,1,s,2026-01-01\n"
    assert _error(folder, HEADER + row + row) == "/services.csv:3: X › us-east-1 › y has a price already; keep one row"


def test_columns_are_checked(folder: Path) -> None:
    assert _error(folder, "a,b\n1,2\n").startswith("/services.csv:1: has columns a, b; allowed: service, region")


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be read: .*; restore it from git, or run `mlctl prices refresh`"):
        load_prices(tmp_path)


def test_the_shipped_book_covers_at_least_five_regions_and_every_price_is_a_decimal(prices: PriceBook) -> None:
    assert set(prices.regions) >= {"us-east-1", "us-east-2", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-1", "ap-northeast-1"}
    for region in ("us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-northeast-1"):
        assert prices.price("VPC", "NAT gateway", region).usd is not None
        assert prices.price("EKS", "cluster, standard Kubernetes support", region).usd == Decimal("0.1")
        assert prices.instance("m6i.large", region) is not None
    assert {type(price.usd) for price in prices.services.values()} == {Decimal}


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    write_rows(path, ("a",), [{"a": "1"}])

    def broken() -> object:
        yield {"a": "2"}
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError):
        write_rows(path, ("a",), broken())  # type: ignore[arg-type]
    assert [row for _, row in read_rows(path, ("a",))] == [{"a": "1"}]
    assert list(tmp_path.iterdir()) == [path]
