"""Check a stream of raw rows against the contract: good rows to Parquet, bad rows to quarantine, none lost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import pandas as pd

from ml.contracts.check import SeenKeys, check_rows, storable
from ml.contracts.table import TableContract
from ml.data.arrow import arrow_schema, write_parquet
from ml.data.source import RawBatch
from ml.errors import InputError


@dataclass
class Counts:
    """Rows of a table: `rows` in, `good` kept, `quarantined` set aside (`last`: why); good + quarantined = rows."""

    rows: int = 0
    good: int = 0
    quarantined: int = 0
    last: str = ""


def ingest_table(contract: TableContract, batches: Iterable[RawBatch], parquet: Path, quarantine: Path) -> Counts:
    """Write good rows to `parquet` and append bad rows to `quarantine` (JSON lines); return the counts.

    Batches are handled one at a time, so the table may be larger than memory; only the keys that must be unique are
    remembered.

    Raises
    ------
    InputError
        A column is missing or unknown, or not one row is good.
    """
    counts = Counts()
    with quarantine.open("a", encoding="utf-8") as bad_file:
        write_parquet(parquet, arrow_schema(contract), _good_frames(contract, batches, bad_file, counts))
    if counts.good + counts.quarantined != counts.rows:
        raise AssertionError(f"{contract.name}: {counts} do not add up")
    if counts.rows == 0:
        raise InputError(f"{contract.name}: the table has no rows", allowed="at least one row")
    if counts.good == 0:
        raise InputError(
            f"{contract.name}: all {counts.rows} rows break the contract; the last one: {counts.last}",
            file=quarantine,
            remedy="read the reasons in this file",
        )
    return counts


def _good_frames(contract: TableContract, batches: Iterable[RawBatch], bad_file: TextIO, counts: Counts) -> Iterator[pd.DataFrame]:
    seen = SeenKeys()
    for batch in batches:
        checked = check_rows(contract, batch.frame, seen=seen)
        whole = batch.whole
        bad = [(whole[position], reason, raw) for position, reason, raw in checked.bad.itertuples(index=False, name=None)]
        for position, reason, raw in sorted([*bad, *batch.broken]):
            _quarantine(bad_file, contract, counts.rows + position, reason, json.loads(raw))
            counts.last = reason
        counts.rows += len(batch)
        counts.good += len(checked.good)
        counts.quarantined += len(bad) + len(batch.broken)
        if len(checked.good):
            yield checked.good


def _quarantine(file: TextIO, contract: TableContract, row: int, reason: str, raw: object) -> None:
    record = {"table": contract.name, "contract": contract.full_version, "row": row, "reason": reason, "raw": raw}
    file.write(storable(json.dumps(record, ensure_ascii=False, sort_keys=True)) + "\n")
