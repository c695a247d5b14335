"""Score a Parquet file of any size in chunks. Killed at any moment, it goes on where it stopped and ends with the same files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from ml.data.arrow import open_parquet, parquet_batches
from ml.data.dataset import write_json
from ml.disk import writes
from ml.errors import InputError
from ml.monitoring.window import moment
from ml.serving.artefact import find_artefact, load_artefact
from ml.serving.pseudonym import KEY, Pseudonyms, from_environment
from ml.serving.request_check import check_request
from ml.serving.scored_rows import companion_columns, schema, table_columns
from ml.serving.scorer import Scored, Scorer

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

SUMMARY = "summary.json"
JOB = "job.json"


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """Some neighbouring rows of the source."""

    first_row: int
    rows: int

    @property
    def name(self) -> str:
        """Twelve digits, so that names sort as the rows do."""
        return f"{self.first_row:012d}"


@writes
def score_parquet(model: str | Path, source: str | Path, out: str | Path, *, decided_at: str, chunk_rows: int = 50_000) -> dict[str, Any]:
    """Score every row of a Parquet file.

    Writes ``part-<first row>.parquet`` (the table of decisions, and ``row``: the position in the source) and
    ``quarantine-<first row>.jsonl`` (row, reason) for each chunk, then ``summary.json``. Memory is that of a chunk. Called again with
    the same model, source and arguments, it scores only the chunks that are not there. Needs DECISION_KEY or DECISION_KEY_FILE.

    Parameters
    ----------
    model
        A packaged model: the MLflow folder or the artefact in it.
    source
        A Parquet file with the request's columns; entity, timestamp and monitored attributes are used if there.
    decided_at
        ISO 8601: the time of the decisions, so that running again gives the same bytes.
    chunk_rows
        Largest number of rows scored at once.

    Returns
    -------
    dict
        As in ``summary.json``: rows, scored, quarantined, chunks, resumed (chunks that were there already; not in the file).

    Raises
    ------
    InputError
        The source is no Parquet or lacks columns, `out` belongs to another job, or the artefact is corrupted.
    """
    if chunk_rows < 1:
        raise InputError(f"chunk_rows is {chunk_rows}", allowed="at least 1")
    artefact = load_artefact(find_artefact(Path(model)))
    codes = from_environment()
    if codes is None:
        raise InputError("no key to code people's names with", key=KEY, remedy=f"set {KEY} or {KEY}_FILE to a secret")
    with open_parquet(Path(source)) as file:
        job = _job(artefact.digest, Path(source), file, decided_at, chunk_rows)
        _same_job(Path(out), job)
        # One thread: the order of sums, and with it the last digit of a score, would depend on the number of cores.
        worker = _Worker(Scorer(artefact), codes, moment(decided_at), Path(source), Path(out))
        return _score(file, worker, job, chunk_rows)


def _score(file: pq.ParquetFile, worker: _Worker, job: dict[str, Any], chunk_rows: int) -> dict[str, Any]:
    """Score what is missing, and write the summary of all chunks."""
    chunks = list(_chunks(file.metadata, chunk_rows))
    done = [chunk for chunk in chunks if worker.has(chunk)]
    worker.check_columns(file.schema_arrow.names)
    for chunk, frame in _missing(file, chunks, chunk_rows, worker):
        worker.write(chunk, frame)
    counts = [json.loads(worker.counts(chunk).read_text(encoding="utf-8")) for chunk in chunks]
    totals = {name: sum(count[name] for count in counts) for name in ("scored", "quarantined")}
    summary = {**job, **totals, "chunks": len(chunks)}
    write_json(worker.out / SUMMARY, summary)
    return {**summary, "resumed": len(done)}


class _Worker:
    """Scores chunks and writes their files; the file of counts comes last, so a chunk that has it is complete."""

    def __init__(self, scorer: Scorer, codes: Pseudonyms, decided_at: datetime, source: Path, out: Path) -> None:
        self.source = source
        self._scorer = scorer
        self._codes = codes
        self._decided_at = decided_at
        self.out = out

    def counts(self, chunk: Chunk) -> Path:
        return self.out / f"counts-{chunk.name}.json"

    def has(self, chunk: Chunk) -> bool:
        return self.counts(chunk).is_file()

    def check_columns(self, names: list[str]) -> None:
        missing = [name for name in self._scorer.contract.columns if name not in names]
        if missing:
            raise InputError(f"missing columns: {', '.join(missing)}", file=self.source, allowed=", ".join(self._scorer.contract.columns))

    def columns(self, names: list[str]) -> list[str]:
        wanted = {*self._scorer.contract.columns, *companion_columns(self._scorer.spec)}
        return [name for name in names if name in wanted]

    def write(self, chunk: Chunk, frame: pd.DataFrame) -> None:
        spec = self._scorer.spec
        checked = check_request(self._scorer.contract, frame[list(self._scorer.contract.columns)])
        beside = frame[[name for name in companion_columns(spec) if name in frame]].iloc[checked.good]
        positions = [chunk.first_row + int(row) for row in checked.good]
        self._write_part(chunk, self._scorer.score(checked.feed) if positions else None, beside, positions)
        lines = [
            json.dumps({"row": chunk.first_row + row, "reason": reason}, ensure_ascii=False) + "\n"
            for row, reason in sorted(checked.errors.items())
        ]
        _replace(self.out / f"quarantine-{chunk.name}.jsonl", "".join(lines).encode())
        write_json(self.counts(chunk), {"scored": len(positions), "quarantined": len(lines)})

    def _write_part(self, chunk: Chunk, scored: Scored | None, beside: pd.DataFrame, positions: list[int]) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        spec = self._scorer.spec
        fields = pa.schema([pa.field("row", pa.int64()), *schema(spec)])
        columns: dict[str, Any] = {name: [] for name in fields.names}
        if scored is not None:
            ids, keys = self._codes_of(beside, positions)
            columns |= table_columns(spec, scored, beside, ids, keys)
            columns["row"] = positions
            columns["decided_at"] = [self._decided_at] * len(positions)
            columns["artefact"] = [self._scorer.artefact.digest] * len(positions)
        path = self.out / f"part-{chunk.name}.parquet"
        draft = path.with_name(f".{path.name}")
        pq.write_table(pa.table([columns[name] for name in fields.names], schema=fields), draft)
        draft.replace(path)

    def _codes_of(self, beside: pd.DataFrame, positions: list[int]) -> tuple[list[str], list[str | None]]:
        from ml.serving.scored_rows import identities

        return identities(self._scorer.spec, beside, self._codes, fallback=[f"row {row}" for row in positions])


def _job(artefact: str, source: Path, file: pq.ParquetFile, decided_at: str, chunk_rows: int) -> dict[str, Any]:
    """Return what makes two runs the same job. The source is known by its size and the statistics in its footer."""
    import hashlib

    groups = [file.metadata.row_group(index).to_dict() for index in range(file.metadata.num_row_groups)]
    footer = hashlib.sha256(json.dumps(groups, default=str, sort_keys=True).encode()).hexdigest()
    return {
        "artefact": artefact,
        "source_bytes": source.stat().st_size,
        "source_footer": footer,
        "decided_at": moment(decided_at).isoformat(),
        "chunk_rows": chunk_rows,
        "rows": file.metadata.num_rows,
    }


def _same_job(out: Path, job: dict[str, Any]) -> None:
    path = out / JOB
    if not path.is_file():
        if any(out.glob("part-*.parquet")):
            raise InputError("holds the parts of another job", file=out, remedy="give an empty folder")
        write_json(path, job)
        return
    known = json.loads(path.read_text(encoding="utf-8"))
    changed = sorted(name for name in job if job[name] != known.get(name))
    if changed:
        raise InputError(
            f"holds another job; different: {', '.join(changed)}", file=out, remedy="give an empty folder, or the same arguments"
        )


def _chunks(metadata: pq.FileMetaData, chunk_rows: int) -> Iterator[Chunk]:
    first = 0
    for group in range(metadata.num_row_groups):
        rows = metadata.row_group(group).num_rows
        for start in range(0, rows, chunk_rows):
            yield Chunk(first_row=first + start, rows=min(chunk_rows, rows - start))
        first += rows


def _missing(file: pq.ParquetFile, chunks: list[Chunk], chunk_rows: int, worker: _Worker) -> Iterator[tuple[Chunk, pd.DataFrame]]:
    """Yield the chunks that are not there, with their rows. A row group of which nothing is missing is not read."""
    names = worker.columns(file.schema_arrow.names)
    first = 0
    for group in range(file.metadata.num_row_groups):
        rows = file.metadata.row_group(group).num_rows
        wanted = [chunk for chunk in chunks if first <= chunk.first_row < first + rows]
        first += rows
        if all(worker.has(chunk) for chunk in wanted):
            continue
        batches = parquet_batches(file, worker.source, chunk_rows, row_groups=[group], columns=names)
        for chunk, table in zip(wanted, _exact(batches, chunk_rows), strict=True):
            if not worker.has(chunk):
                yield chunk, table.to_pandas()


def _exact(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """Join and cut batches, which may come smaller than asked for, so that all but the last have exactly `rows` rows."""
    import pyarrow as pa

    held: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        held.append(batch)
        count += batch.num_rows
        while count >= rows:
            table = pa.Table.from_batches(held)
            yield table.slice(0, rows)
            held = table.slice(rows).to_batches()
            count -= rows
    if count:
        yield pa.Table.from_batches(held)


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}")
    draft.write_bytes(content)
    draft.replace(path)
