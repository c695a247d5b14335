"""Applicants that call the served model: generated with a known truth, sent over HTTP in bursts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import requests

from ml.contracts.table import request_contract
from ml.entry_point import entry_point
from ml.errors import ServiceError
from ml.features.compute import compute_features
from ml.serving.scored_rows import companion_columns
from ml.spec import ModelSpec, load_spec

ROWS = 500
"""Requests' rows in a burst."""

PER_REQUEST = 10
WARM = 5
"""Requests that are not timed: the first ones of a process load what the others find loaded."""


@dataclass(frozen=True, kw_only=True)
class Burst:
    """Some seconds of traffic: a window of monitoring."""

    title: str
    start: str
    end: str
    milliseconds: list[float] = field(default_factory=list)
    """Of every request of `PER_REQUEST` rows, on the caller's side."""
    answered: int
    refused: int
    """Rows that broke the contract; each was told why."""
    declined: int


class Traffic:
    """Sends bursts to a served model, and keeps the outcomes that will be known of each decision."""

    def __init__(self, model: str, address: str) -> None:
        self._spec = load_spec(model)
        self._address = f"{address}/invocations"
        self._outcomes: list[dict[str, Any]] = []
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the environment does not know this machine's own address

    def burst(self, title: str, *, seed: int, feature_drift: float = 0.0, concept_drift: float = 0.0) -> Burst:
        """Send one burst; each has one row that breaks the contract."""
        rows, truth = applicants(self._spec, {"rows": ROWS, "seed": seed, "feature_drift": feature_drift, "concept_drift": concept_drift})
        column = next(name for name, given in request_contract(self._spec).columns.items() if given.minimum is not None)
        rows[3][column] = -1
        start = datetime.now(UTC)
        answered = refused = declined = 0
        timed: list[float] = []
        for number, (batch, outcomes) in enumerate(zip(_batches(rows), _batches(truth), strict=True)):
            began = time.perf_counter()
            answers = self._send(batch)
            if number >= WARM:
                timed.append((time.perf_counter() - began) * 1000)
            for answer, outcome in zip(answers, outcomes, strict=True):
                refused += answer["error"] is not None
                answered += answer["error"] is None
                declined += answer["decision"] == self._spec.decision.adverse_word
                self._outcomes.append({"decision_id": answer["decision_id"], self._spec.target.column: outcome})
        end = datetime.now(UTC)
        return Burst(
            title=title,
            start=start.isoformat(),
            end=end.isoformat(),
            milliseconds=timed,
            answered=answered,
            refused=refused,
            declined=declined,
        )

    def write_outcomes(self, path: Path) -> None:
        """Write what became of every decision, as if a year had passed."""
        known = pd.DataFrame([line for line in self._outcomes if line["decision_id"] is not None])
        known[self._spec.target.known_at] = pd.Timestamp.now(tz="UTC").floor("us")
        known.to_parquet(path)

    def _send(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        answer = self._session.post(self._address, json={"dataframe_records": rows}, timeout=60)
        if answer.status_code != 200:
            raise ServiceError(f"the scoring server answers with status {answer.status_code}: {answer.text[:200]}")
        predictions: list[dict[str, Any]] = answer.json()["predictions"]
        return predictions


def applicants(spec: ModelSpec, changed: Mapping[str, float]) -> tuple[list[dict[str, Any]], list[int]]:
    """Requests as a caller sends them, and what will become of each.

    Parameters
    ----------
    changed
        Knobs of the generator that differ from the model file's.
    """
    assert spec.data.generator is not None
    knobs = spec.data.knobs.model_copy(update=changed)
    tables = entry_point(spec.data.generator, key="data.generator")(knobs)
    features = compute_features(spec, tables.rows, tables.events)
    wanted = dict.fromkeys([*request_contract(spec).columns, *companion_columns(spec)])
    columns = {name: tables.rows[name] if name in tables.rows else features[name] for name in wanted}
    frame = pd.DataFrame(columns)
    frame[spec.timestamp] = frame[spec.timestamp].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    plain = frame.astype(object).where(frame.notna(), None)
    records = [{str(name): value for name, value in record.items()} for record in plain.to_dict("records")]
    return records, [int(value) for value in tables.rows[spec.target.column]]


def _batches(items: list[Any]) -> Iterator[list[Any]]:
    return (items[first : first + PER_REQUEST] for first in range(0, len(items), PER_REQUEST))
