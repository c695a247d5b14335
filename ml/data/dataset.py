"""A versioned data set: checked tables, their hashes, and the manifest they can be made again from."""

from __future__ import annotations

import inspect
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ml.contracts.table import TableContract, event_contract, row_contract
from ml.data.arrow import content_hash, file_hash
from ml.data.ingest import ingest_table
from ml.data.source import RawBatch, file_batches, frame_batches
from ml.data.tables import Tables
from ml.entry_point import entry_point
from ml.errors import BlockedError, InputError
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
    rows, events, origin = _batches(spec, knobs)
    tables: dict[str, Any] = {"rows": _table(row_contract(spec), rows, out, "rows")}
    contract = event_contract(spec)
    if contract is not None:
        if events is None:
            raise InputError("the model has `events`, and its data gives none", file=spec.file, key="data.events")
        tables["events"] = _table(contract, events, out, "events")
    manifest = {
        "model": spec.name,
        "contract": row_contract(spec).full_version,
        "origin": origin,
        "tables": tables,
        "commit": os.environ.get("GIT_COMMIT"),
        "python": ".".join(map(str, sys.version_info[:2])),
    }
    write_json(out / MANIFEST, manifest)
    return manifest


def reproduce(spec: ModelSpec, manifest_path: Path, out: Path) -> dict[str, Any]:
    """Make a data set again from its manifest and compare it byte by byte.

    Raises
    ------
    BlockedError
        The bytes differ, and which table and which input changed.
    """
    wanted = read_json(manifest_path)
    knobs = Knobs.model_validate(wanted["origin"].get("knobs") or {})
    made = make_dataset(spec, knobs, out)
    for name, table in wanted["tables"].items():
        if made["tables"][name]["sha256"] != table["sha256"]:
            changed = [key for key in ("origin", "contract", "python") if made[key] != wanted[key]]
            cause = f"{', '.join(changed)} changed since" if changed else "a library changed since"
            raise BlockedError(f"{name}.parquet differs from its manifest: {cause}", file=manifest_path)
    return made


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object that a step before this one wrote."""
    if not path.is_file():
        raise InputError("no such file", file=path, remedy="run the step that makes it")
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"not JSON: {error}", file=path) from None
    if not isinstance(read, dict):
        raise InputError("expected a JSON object", file=path)
    return read


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Write a JSON object in one step: the file is there whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps(values, indent=2, sort_keys=True, allow_nan=False) + "\n", encoding="utf-8")
    part.replace(path)


def _table(contract: TableContract, batches: Iterator[RawBatch], out: Path, name: str) -> dict[str, Any]:
    path = out / f"{name}.parquet"
    counts = ingest_table(contract, batches, path, out / "quarantine.jsonl")
    return {
        "contract": contract.full_version,
        "rows_in": counts.rows,
        "rows_good": counts.good,
        "rows_quarantined": counts.quarantined,
        "content_hash": content_hash(path),
        "sha256": file_hash(path),
    }


def _batches(spec: ModelSpec, knobs: Knobs) -> tuple[Iterator[RawBatch], Iterator[RawBatch] | None, dict[str, Any]]:
    source = spec.data
    if source.generator is not None:
        function = entry_point(source.generator, key="data.generator")
        tables = function(knobs)
        if not isinstance(tables, Tables):
            raise InputError("the generator returned no Tables", file=spec.file, key="data.generator")
        code = file_hash(Path(inspect.getfile(function)))
        origin = {"generator": source.generator, "code": code, "knobs": knobs.model_dump(mode="json"), "parents": []}
        events = frame_batches(tables.events) if tables.events is not None else None
        return frame_batches(tables.rows), events, origin
    path = _path(spec, source.csv or source.parquet or "")
    events_path = _path(spec, source.events) if source.events else None
    rows = file_batches(path)
    given = [path] + ([events_path] if events_path else [])
    event_batches = file_batches(events_path) if events_path else None
    parents = [{"file": given_path.name, "sha256": file_hash(given_path)} for given_path in given]
    return rows, event_batches, {"file": path.name, "parents": parents}


def _path(spec: ModelSpec, text: str) -> Path:
    return (spec.file.parent if spec.file else Path()) / text
