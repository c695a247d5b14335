"""The price book on disk: two CSV files, one row per price, each with its source and date."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import cache
from pathlib import Path

from mlctl.cost.price import InstanceType, Price, PriceBook, unpriced
from mlctl.errors import InputError

FOLDER = Path(__file__).parent / "prices"
SERVICE_COLUMNS = ("service", "region", "item", "unit", "usd", "source", "source_date")
INSTANCE_COLUMNS = (
    "region",
    "instance_type",
    "vcpus",
    "memory_gib",
    "gpu_name",
    "gpu_count",
    "gpu_memory_gib",
    "on_demand_usd_hour",
    "spot_usd_hour",
    "source",
    "source_date",
)
Row = Mapping[str, str]


@cache
def load_prices(folder: Path = FOLDER) -> PriceBook:
    """Read and check the price book.

    Raises
    ------
    InputError
        A file, a column, a source, a date is missing; a price is no number, negative or given twice. Names the line.
    """
    services: dict[tuple[str, str, str], Price] = {}
    path = folder / "services.csv"
    for line, row in read_rows(path, SERVICE_COLUMNS):
        key = (row["service"], row["region"], row["item"])
        if key in services:
            raise InputError(f"{' › '.join(key)} has a price already", file=path, line=line, remedy="keep one row")
        services[key] = _price(row, "usd", row["unit"], path, line)
    kinds: dict[tuple[str, str], InstanceType] = {}
    path = folder / "ec2.csv"
    for line, row in read_rows(path, INSTANCE_COLUMNS):
        place = (row["region"], row["instance_type"])
        if place in kinds:
            raise InputError(f"{' › '.join(place)} has a price already", file=path, line=line, remedy="keep one row")
        kinds[place] = _instance(row, path, line)
    return PriceBook(services, kinds)


def read_rows(path: Path, columns: tuple[str, ...]) -> Iterable[tuple[int, dict[str, str]]]:
    """(line number, row) of a price file whose columns are exactly `columns`."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(
            f"cannot be read: {error.strerror}", file=path, remedy="restore it from git, or run `mlctl prices refresh`"
        ) from None
    reader = csv.DictReader(text.splitlines())
    if tuple(reader.fieldnames or ()) != columns:
        raise InputError(f"has columns {', '.join(reader.fieldnames or ()) or 'none'}", file=path, line=1, allowed=", ".join(columns))
    for row in reader:
        if None in row or None in row.values():
            raise InputError(f"has {len(row)} fields", file=path, line=reader.line_num, allowed=f"{len(columns)} fields")
        yield reader.line_num, row


def write_rows(path: Path, columns: tuple[str, ...], rows: Iterable[Row]) -> None:
    """Replace a price file at once: a reader sees the old file or the new one, never half of it."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".new")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _instance(row: Row, path: Path, line: int) -> InstanceType:
    spot = unpriced(f"no spot price of {row['instance_type']} in {row['region']}")
    if row["spot_usd_hour"]:
        spot = _price(row, "spot_usd_hour", "hour", path, line)
    return InstanceType(
        name=row["instance_type"],
        vcpus=_number(row, "vcpus", path, line),
        memory_gib=_number(row, "memory_gib", path, line),
        gpus=_number(row, "gpu_count", path, line) if row["gpu_count"] else Decimal(0),
        gpu_name=row["gpu_name"] or None,
        on_demand=_price(row, "on_demand_usd_hour", "hour", path, line),
        spot=spot,
    )


def _price(row: Row, column: str, unit: str, path: Path, line: int) -> Price:
    if not row["source"].strip():
        raise InputError("names no source", file=path, line=line, key="source", remedy="say where the price was published")
    try:
        day = date.fromisoformat(row["source_date"])
    except ValueError:
        raise InputError(f"{row['source_date']!r} is no date", file=path, line=line, key="source_date", allowed="YYYY-MM-DD") from None
    return Price(usd=_number(row, column, path, line), unit=unit, source=row["source"], date=day)


def _number(row: Row, column: str, path: Path, line: int) -> Decimal:
    try:
        number = Decimal(row[column])
    except InvalidOperation:
        raise InputError(f"{row[column]!r} is no number", file=path, line=line, key=column, allowed="a decimal number") from None
    if not number.is_finite() or number < 0:
        raise InputError(f"{row[column]} is not possible", file=path, line=line, key=column, allowed="a finite number, zero or more")
    return number
