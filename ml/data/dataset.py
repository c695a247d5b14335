"""A versioned data set: checked tables, their hashes, and the manifest they can be made again from."""

from __future__ import annotations

import hashlib
import inspect
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.contracts.table import TableContract, event_contract, row_contract
from ml.data.arrow import content_hash, file_hash
from ml.data.ingest import ingest_table
from ml.data.source import RawBatch, file_batches, frame_batches
from ml.data.tables import Tables
from ml.entry_point import entry_point
from ml.errors import InputError
from ml.spec import ModelSpec
from ml.spec_data import Knobs

MANIFEST = "manifest.json"


def make_dataset(spec: ModelSpec, knobs: Knobs, out: Path) -> dict[str, Any]:
    """Read the model's data, check it, and write rows.parquet, events.parquet, quarantine.jsonl and manifest.json.

    The manifest is written last, so that a folder with one is complete.
    """
    out.mkdir(parents=True, exist_ok=True)
    for name in (MANIFEST, "quarantine.jsonl", "rows.parquet", "events.parquet"):
        (out / name).unlink(missing_ok=True)
    source = _source(spec, knobs)
    tables: dict[str, Any] = {"rows": _table(row_contract(spec), source.rows, out, "rows", source.rows_file)}
    contract = event_contract(spec)
    if contract is not None:
        if source.events is None:
            raise InputError("the model has `events`, and its data gives none", file=spec.file, key="data.events")
        tables["events"] = _table(contract, source.events, out, "events", source.events_file)
    manifest = {
        "model": spec.name,
        "contract": row_contract(spec).full_version,
        "origin": source.origin,
        "tables": tables,
        "commit": os.environ.get("GIT_COMMIT"),
        "python": ".".join(map(str, sys.version_info[:2])),
    }
    write_json(out / MANIFEST, manifest)
    return manifest


def check_tables(data: Path) -> dict[str, Any]:
    """Return the manifest of a data set, after comparing the bytes of its tables with it.

    Raises
    ------
    InputError
        A table is missing, or is not the one the manifest is of.
    """
    manifest = read_json(data / MANIFEST, needed=("contract", "tables"))
    check_files(data, {f"{name}.parquet": table["sha256"] for name, table in manifest["tables"].items()}, remedy="ingest the data again")
    return manifest


def check_files(folder: Path, hashes: Mapping[str, str], *, remedy: str) -> None:
    """Compare files with their recorded SHA-256."""
    for name, wanted in hashes.items():
        path = folder / name
        _check_hash(path, file_hash(path) if path.is_file() else None, wanted, remedy)


def checked_bytes(path: Path, wanted: str, *, remedy: str) -> bytes:
    """Return what a file holds, if it is what was recorded: the bytes that were checked, not those of a second look."""
    content = path.read_bytes() if path.is_file() else None
    _check_hash(path, None if content is None else hashlib.sha256(content).hexdigest(), wanted, remedy)
    assert content is not None
    return content


def _check_hash(path: Path, found: str | None, wanted: str, remedy: str) -> None:
    if found is None:
        raise InputError("no such file", file=path, remedy=remedy)
    if found != wanted:
        raise InputError(f"the file is corrupted: SHA-256 {found[:12]}… is not {str(wanted)[:12]}…", file=path, remedy=remedy)


def read_json(path: Path, *, needed: tuple[str, ...] = ()) -> dict[str, Any]:
    """Read a JSON object that a step before this one wrote, with at least the `needed` keys."""
    if not path.is_file():
        raise InputError("no such file", file=path, remedy="run the step that makes it")
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not JSON: {error}", file=path) from None
    if not isinstance(read, dict):
        raise InputError("expected a JSON object", file=path)
    missing = [key for key in needed if key not in read]
    if missing:
        raise InputError("missing", file=path, key=missing[0], remedy="run the step that makes this file again")
    return read


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write a JSON object in one step: the file is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(values, indent=2, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
    part.replace(path)


def _table(contract: TableContract, batches: Iterator[RawBatch], out: Path, name: str, source: Path | None) -> dict[str, Any]:
    path = out / f"{name}.parquet"
    try:
        counts = ingest_table(contract, batches, path, out / "quarantine.jsonl")
    except InputError as error:
        raise error.at(source) from None
    return {
        "contract": contract.full_version,
        "rows_in": counts.rows,
        "rows_good": counts.good,
        "rows_quarantined": counts.quarantined,
        "content_hash": content_hash(path),
        "sha256": file_hash(path),
    }


@dataclass(frozen=True, kw_only=True)
class _Source:
    """The raw tables, the files they come from (none for a generator), and what the manifest says about them."""

    rows: Iterator[RawBatch]
    events: Iterator[RawBatch] | None
    origin: dict[str, Any]
    rows_file: Path | None = None
    events_file: Path | None = None


def _source(spec: ModelSpec, knobs: Knobs) -> _Source:
    if spec.data.generator is not None:
        return _generated(spec, spec.data.generator, knobs)
    path = _path(spec, spec.data.csv or spec.data.parquet or "")
    events = _path(spec, spec.data.events) if spec.data.events else None
    given = [path] + ([events] if events else [])
    rows, event_rows = file_batches(path), file_batches(events) if events else None
    parents = [{"file": each.name, "sha256": file_hash(each)} for each in given]
    origin = {"file": path.name, "parents": parents}
    return _Source(rows=rows, events=event_rows, origin=origin, rows_file=path, events_file=events)


def _generated(spec: ModelSpec, generator: str, knobs: Knobs) -> _Source:
    function = entry_point(generator, key="data.generator")
    try:
        tables = function(knobs)
    except Exception as error:
        raise InputError(f"{generator} failed: {type(error).__name__}: {error}", file=spec.file, key="data.generator") from error
    if not isinstance(tables, Tables):
        raise InputError("the generator returned no Tables", file=spec.file, key="data.generator")
    code = file_hash(Path(inspect.getfile(function)))
    origin = {"generator": generator, "code": code, "knobs": knobs.model_dump(mode="json"), "parents": []}
    events = frame_batches(tables.events) if tables.events is not None else None
    return _Source(rows=frame_batches(tables.rows), events=events, origin=origin)


def _path(spec: ModelSpec, text: str) -> Path:
    return (spec.file.parent if spec.file else Path()) / text
