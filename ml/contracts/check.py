"""Check rows against a contract: every row comes out once, as good or as bad with its reasons."""

from __future__ import annotations

import difflib
import json
from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from ml.contracts.cells import WANTED, final, typed
from ml.contracts.schema import pandera_schema
from ml.contracts.table import TableContract
from ml.errors import InputError


@dataclass(frozen=True, kw_only=True)
class CheckedRows:
    """The two halves of a checked table.

    Attributes
    ----------
    good
        Rows that keep the contract, in its types and column order, under the input's index labels.
    bad
        One row per refused row: `row` (position in the input), `reason`, `raw` (the row as JSON).
    """

    good: pd.DataFrame
    bad: pd.DataFrame


@dataclass
class SeenKeys:
    """Values that must not come twice, remembered across micro-batches."""

    values: dict[str, set[Hashable]] = field(default_factory=dict)


def check_rows(contract: TableContract, frame: pd.DataFrame, *, seen: SeenKeys | None = None) -> CheckedRows:
    """Split a table into rows that keep the contract and rows that break it.

    Parameters
    ----------
    seen
        Pass the same object for every micro-batch of a stream, so that duplicates between batches are found.

    Raises
    ------
    InputError
        A column is missing or unknown: no single row is to blame, so nothing can be quarantined.
    """
    _check_columns(contract, frame)
    rows = frame[list(contract.columns)].reset_index(drop=True)
    reasons: dict[int, list[str]] = {}
    read = _read_cells(contract, rows, reasons)
    _apply_schema(contract, read, reasons)
    _find_duplicates(contract, read, reasons, seen or SeenKeys())
    good_positions = [position for position in range(len(rows)) if position not in reasons]
    kept = read.iloc[good_positions]
    good = pd.DataFrame({name: final(kept[name], column) for name, column in contract.columns.items()})
    good.index = frame.index[good_positions]
    return CheckedRows(good=good, bad=_bad_rows(rows, reasons))


def _check_columns(contract: TableContract, frame: pd.DataFrame) -> None:
    missing = [name for name in contract.columns if name not in frame.columns]
    unknown = [str(name) for name in frame.columns if name not in contract.columns]
    twice = [str(name) for name in frame.columns[frame.columns.duplicated()]]
    if twice:
        raise InputError(f"{contract.name}: the column {twice[0]!r} is there twice", remedy="leave one of them out")
    if missing:
        close = difflib.get_close_matches(missing[0], unknown, n=1)
        hint = f"rename {close[0]!r} to {missing[0]!r}" if close else _separator(unknown, missing)
        raise InputError(f"{contract.name}: the column(s) {', '.join(missing)} are missing", remedy=hint)
    if unknown:
        raise InputError(f"{contract.name}: unknown column(s) {', '.join(unknown)}", allowed=", ".join(contract.columns))


def _separator(unknown: list[str], missing: list[str]) -> str | None:
    """Return what to do about a header that came as one name because another sign stands between its names."""
    for sign in (";", "\t", "|"):
        if len(unknown) == 1 and set(missing) <= {part.strip() for part in unknown[0].split(sign)}:
            return f"write the file with commas between the columns instead of {sign!r}, and points in numbers"
    return None


def _read_cells(contract: TableContract, rows: pd.DataFrame, reasons: dict[int, list[str]]) -> pd.DataFrame:
    read: dict[str, pd.Series] = {}
    for name, column in contract.columns.items():
        read[name], wrong = typed(rows[name], column)
        for position in np.flatnonzero(wrong):
            reasons.setdefault(int(position), []).append(f"{name}: {_shown(rows[name].iloc[position])} is not {WANTED[column.dtype]}")
    return pd.DataFrame(read)


def _apply_schema(contract: TableContract, read: pd.DataFrame, reasons: dict[int, list[str]]) -> None:
    from pandera.errors import SchemaErrors

    unread = set(reasons)
    try:
        pandera_schema(contract).validate(read.drop(index=list(unread)), lazy=True)
    except SchemaErrors as error:
        for failure in error.failure_cases.sort_values(["index"], kind="stable").to_dict("records"):
            reasons.setdefault(int(failure["index"]), []).append(_reason(failure))


def _reason(failure: dict[Hashable, object]) -> str:
    if failure["check"] == "not_nullable":
        return f"{failure['column']}: is missing"
    return f"{failure['column']}: {_shown(failure['failure_case'])} {failure['check']}"


def _find_duplicates(contract: TableContract, read: pd.DataFrame, reasons: dict[int, list[str]], seen: SeenKeys) -> None:
    keys: list[tuple[str, ...]] = [(name,) for name, column in contract.columns.items() if column.unique]
    if contract.key:
        keys.append(contract.key)
    for key in keys:
        known = seen.values.setdefault(" and ".join(key), set())
        for position, value in enumerate(read[list(key)].itertuples(index=False, name=None)):
            if position in reasons:
                continue
            if value in known:
                reasons.setdefault(position, []).append(f"{' and '.join(key)}: is there already")
            known.add(value)


def _bad_rows(rows: pd.DataFrame, reasons: dict[int, list[str]]) -> pd.DataFrame:
    positions = sorted(reasons)
    records = _records(rows.iloc[positions]) if positions else []
    raw = [storable(json.dumps(record, default=str, ensure_ascii=False)) for record in records]
    return pd.DataFrame(
        {
            "row": pd.Series(positions, dtype="int64"),
            "reason": pd.Series(["; ".join(reasons[position]) for position in positions], dtype="str"),
            "raw": pd.Series(raw, dtype="str"),
        }
    )


def storable(text: str) -> str:
    """Return text that UTF-8 can hold: half a surrogate pair is written out, which in JSON means the same."""
    return text.encode("utf-8", "backslashreplace").decode()


def _records(rows: pd.DataFrame) -> list[dict[str, object]]:
    shown = rows.astype(object).where(rows.notna(), None)
    return [{str(key): value for key, value in record.items()} for record in shown.to_dict("records")]


def _shown(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= 60 else text[:57] + "…")
