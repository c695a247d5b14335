"""Monitor one window of one model: paths and plain values in, files and plain values out, so that it can be a pod of its own."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from ml.data.dataset import write_json
from ml.disk import writes
from ml.monitoring.alert import alerts
from ml.monitoring.data_quality import evaluate_bad_rows
from ml.monitoring.evaluate import feature_kinds, judge_fairness, judge_features, judge_outcomes
from ml.monitoring.history import read_history, write_history
from ml.monitoring.labels import Labelled, labelled
from ml.monitoring.metric import MetricResult
from ml.monitoring.profile import Profile, count, reference_profile
from ml.monitoring.report import MonitoringReport
from ml.monitoring.retraining import JudgedWindow, RetrainDecision, decide
from ml.monitoring.source import batches
from ml.monitoring.verdict import Verdict, worst
from ml.monitoring.window import Window, moment
from ml.spec import ModelSpec, load_spec

TIME_COLUMN = "decided_at"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The files a window is judged by."""

    reference: Path
    """``reference.parquet`` of the serving model's bundle."""
    current: Path
    """Scored rows: a decision log's table, or files of batch scoring."""
    labels: Path | None = None
    """``decision_id``, target and the time it was known. Without it, only outcomes that stand in `current` are used."""
    rejected: Path | None = None
    """``rejected.parquet`` beside a collected log: rows that broke the contract."""
    history: Path | None = None
    """``history.json`` of the run before."""


@writes
def monitor(spec: str, seen: Seen, out: Path, *, start: str, end: str, as_of: str, link: str, version: str | None = None) -> dict[str, Any]:
    """Judge a window; write ``report.json``, ``alerts.json``, ``retrain.json`` and ``history.json`` into `out`; return the report.

    Parameters
    ----------
    spec
        Name of a model, or path of its file.
    start, end, as_of
        ISO 8601, UTC. Outcomes known after `as_of` are not used.
    link
        Where a person acts on an alert; put into every alert.
    version
        The model's, in the registry: what another one served does not count towards its retraining.
    """
    model = load_spec(spec)
    window = Window(moment(start), moment(end))
    profile, results, known = _judge(model, seen, window, moment(as_of))
    retraining, judged = _retraining(model, window, results, seen.history, version)
    report = MonitoringReport(
        model=model.name,
        window=window,
        as_of=moment(as_of).isoformat(),
        rows=profile.rows,
        labelled_rows=known,
        results=tuple(results),
        alerts=tuple(alerts(model.name, model.owner.contact, window, results, link=link)),
        retraining=retraining,
    )
    return _write(report, judged, out)


def _write(report: MonitoringReport, judged: list[JudgedWindow], folder: Path) -> dict[str, Any]:
    """Write the four files, the report last, and return what it says."""
    content = report.to_dict()
    write_history(folder / "history.json", report.model, judged)
    write_json(folder / "alerts.json", {"alerts": content["alerts"]})
    write_json(folder / "retrain.json", content["retraining"])
    write_json(folder / "report.json", content)
    return content


def _judge(model: ModelSpec, seen: Seen, window: Window, as_of: datetime) -> tuple[Profile, list[MetricResult], int]:
    kinds = feature_kinds(model) | {"score": "numeric"}
    before = reference_profile(seen.reference, kinds)
    now = count(seen.current, before, window=window, time_column=TIME_COLUMN)
    bad = _rows(seen.rejected, window) if seen.rejected else 0
    results = list(judge_features(model, before, now))
    results.append(evaluate_bad_rows(bad, now.rows + bad, threshold=model.drift.bad_rows))
    known = labelled(
        seen.current,
        seen.labels,
        window=window,
        time_column=TIME_COLUMN,
        target=model.target.column,
        known_at=model.target.known_at,
        as_of=as_of,
    )
    results += judge_outcomes(model, reference_outcomes(model, seen.reference), known)
    results += judge_fairness(model, seen.current, window, TIME_COLUMN)
    return now, results, int(known.labels.size)


def reference_outcomes(model: ModelSpec, reference: Path) -> Labelled:
    """Return the scores and outcomes of the reference rows."""
    import numpy as np
    import pyarrow as pa

    parts = list(batches(reference, [model.target.column, "score"]))
    frame = pa.Table.from_batches(parts).to_pandas().dropna()
    target = frame[model.target.column].to_numpy(dtype=np.int64)
    return Labelled(labels=target, scores=frame["score"].to_numpy(dtype=np.float64), rows=len(frame))


def _rows(path: Path, window: Window) -> int:
    return sum(batch.num_rows for batch in batches(path, [TIME_COLUMN], window=window, time_column=TIME_COLUMN))


def _retraining(
    model: ModelSpec,
    window: Window,
    results: list[MetricResult],
    history: Path | None,
    version: str | None,
) -> tuple[RetrainDecision, list[JudgedWindow]]:
    before = read_history(history, model.name) if history else []
    first = next((judged for judged in before if judged.window == window), None)
    judged = JudgedWindow(
        window=window,
        verdict=worst([result.verdict for result in results if result.metric != "bad_rows"] + _quality(results)),
        drifted=tuple(f"{r.metric}:{r.feature}" for r in results if r.verdict is Verdict.DRIFT),
        values={f"{r.metric}:{r.feature}": r.value for r in results if r.value is not None},
        version=first.version if first else version,
        retrained=first.retrained if first else False,
    )
    rule = model.retraining
    decision = decide([*before, judged], violated=rule.violated, windows=rule.windows, version=version)
    return decision, [*before, replace(judged, retrained=judged.retrained or decision.retrain)]


def _quality(results: list[MetricResult]) -> list[Verdict]:
    """Return the verdict on bad rows only where it is drift: a window of which nothing else could be judged is not ok."""
    return [r.verdict for r in results if r.metric == "bad_rows" and r.verdict is Verdict.DRIFT]
