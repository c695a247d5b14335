"""Recorded requests and answers become the table of decisions that monitoring reads, like the log of our own server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.contracts.check import check_rows
from ml.contracts.table import request_contract
from ml.disk import writes
from ml.errors import InputError
from ml.features.compute import features_from_request
from ml.monitoring.window import Window, moment
from ml.serving.decision_log import DECISIONS, REJECTED, collect, rejected_schema
from ml.serving.exchange import Exchange, Unread, exchanges, is_capture
from ml.serving.pseudonym import KEY, Pseudonyms, from_environment
from ml.serving.scored_rows import companion_columns, group_columns, identities, schema
from ml.serving.served_model import wrong_columns
from ml.spec import ModelSpec

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["collect_capture", "decisions_table", "is_capture"]
ROWS_AT_ONCE = 20_000


def decisions_table(spec: ModelSpec, decisions: Path, out: Path, *, start: str, end: str) -> tuple[Path, Path | None]:
    """Return (table of decisions, table of refused rows or none) of whatever decisions are: a log of ours, a recording, or Parquet.

    Parameters
    ----------
    start, end
        ISO 8601; of a recording, hours outside are not read.
    """
    if decisions.is_dir() and any(decisions.glob("decisions-*.jsonl")):
        collect(spec, decisions, out)
    elif decisions.is_dir() and is_capture(decisions):
        collect_capture(spec, decisions, out, start=start, end=end)
    else:
        return decisions, None
    return out / DECISIONS, out / REJECTED


@dataclass
class _Rows:
    """Rows of several exchanges, one beside the other: when, what was sent, what was answered."""

    at: list[datetime] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    answers: list[dict[str, Any] | None] = field(default_factory=list)

    def add(self, exchange: Exchange) -> None:
        for number, row in enumerate(exchange.rows):
            self.at.append(exchange.at)
            self.sent.append(row)
            self.answers.append(exchange.answers.get(number))


@writes
def collect_capture(spec: ModelSpec, folder: Path, out: Path, *, start: str | None = None, end: str | None = None) -> dict[str, int]:
    """Turn recorded exchanges into ``decisions.parquet`` and ``rejected.parquet``.

    Parameters
    ----------
    start, end
        ISO 8601, both or none: hours outside are not read.

    Returns
    -------
    dict
        Rows of each; ``torn``: exchanges that could not be read; ``unanswered``: good rows without a score, which are in neither.

    Raises
    ------
    InputError
        There is no key to code people's names with, or the window is none.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    codes = from_environment()
    if codes is None:
        raise InputError("no key to code people's names with", key=KEY, remedy=f"set {KEY} or {KEY}_FILE to a secret")
    window = Window(moment(start), moment(end)) if start and end else None
    unread, counts = Unread(), {"decisions": 0, "rejected": 0, "unanswered": 0}
    out.mkdir(parents=True, exist_ok=True)
    tables = {"decisions": (DECISIONS, schema(spec)), "rejected": (REJECTED, rejected_schema())}
    drafts = {kind: out / f".{name}.part" for kind, (name, _) in tables.items()}
    with (
        pq.ParquetWriter(drafts["decisions"], tables["decisions"][1]) as good,
        pq.ParquetWriter(drafts["rejected"], tables["rejected"][1]) as bad,
    ):
        for rows in _together(exchanges(folder, window, unread)):
            columns, refused, unanswered = _sorted_out(spec, rows, codes)
            good.write_table(pa.table({name: columns[name] for name in schema(spec).names}, schema=schema(spec)))
            bad.write_table(pa.Table.from_pylist(refused, schema=rejected_schema()))
            found = {"decisions": len(columns["decision_id"]), "rejected": len(refused), "unanswered": unanswered}
            counts = {kind: counts[kind] + found[kind] for kind in counts}
    for kind, (name, _) in tables.items():
        drafts[kind].replace(out / name)
    return {**counts, "torn": unread.count}


def _together(found: Iterator[Exchange]) -> Iterator[_Rows]:
    rows = _Rows()
    for exchange in found:
        rows.add(exchange)
        if len(rows.sent) >= ROWS_AT_ONCE:
            yield rows
            rows = _Rows()
    if rows.sent:
        yield rows


def _sorted_out(spec: ModelSpec, rows: _Rows, codes: Pseudonyms) -> tuple[dict[str, Any], list[dict[str, Any]], int]:
    """Return (columns of the table of decisions, refused rows, good rows without an answer)."""
    import pandas as pd

    contract = request_contract(spec)
    sent = pd.DataFrame(rows.sent, dtype=object)  # else half a surrogate pair is an error
    checked = check_rows(contract, sent.reindex(columns=list(contract.columns)))
    reasons = {int(row): str(reason) for row, reason in zip(checked.bad["row"], checked.bad["reason"], strict=True)}
    scored = [row for row, answer in enumerate(rows.answers) if answer and answer.get("score") is not None and row not in reasons]
    refused = [
        {"decided_at": rows.at[row], "columns": wrong_columns(_error(rows, reasons, row), contract.columns)}
        for row in _refused(rows, reasons)
    ]
    features = features_from_request(spec, checked.good.loc[scored])
    beside = sent.reindex(columns=[name for name in companion_columns(spec) if name in sent]).iloc[scored]
    columns = {name: features[name].to_numpy() for name in spec.features}
    columns |= _answered(spec, rows, scored, beside, codes)
    return columns, refused, len(rows.sent) - len(scored) - len(refused)


def _refused(rows: _Rows, reasons: dict[int, str]) -> list[int]:
    return [row for row, answer in enumerate(rows.answers) if row in reasons or (answer is not None and answer.get("error"))]


def _error(rows: _Rows, reasons: dict[int, str], row: int) -> str:
    answer = rows.answers[row]
    return reasons.get(row) or str((answer or {}).get("error"))


def _answered(spec: ModelSpec, rows: _Rows, scored: list[int], beside: pd.DataFrame, codes: Pseudonyms) -> dict[str, Any]:
    import json

    answers = [rows.answers[row] or {} for row in scored]
    _, keys = identities(spec, beside, codes)
    return {
        "decision_id": [str(answer.get("decision_id")) for answer in answers],
        "key": keys,
        "decided_at": [rows.at[row] for row in scored],
        "artefact": [None] * len(scored),
        "score": [float(answer["score"]) for answer in answers],
        "decision": [str(answer.get("decision")) for answer in answers],
        "reasons": [json.dumps(answer.get("reasons", []), ensure_ascii=False) for answer in answers],
        **group_columns(spec, beside),
    }
