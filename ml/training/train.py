"""Train one model: screen, split, search, fit, track, save."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ml.contracts.table import TableContract
from ml.data.arrow import arrow_schema, write_parquet
from ml.errors import BlockedError
from ml.fairness.screening import screen_features
from ml.features.encode import encoded_columns
from ml.features.offline import FeatureTable, feature_contract
from ml.spec import ModelSpec
from ml.spec_data import Column
from ml.spec_fit import GROUP_PREFIX
from ml.training.bundle import BACKGROUND, BUNDLE, MODEL, REFERENCE, SPEC, Bundle, load_bundle, save_bundle
from ml.training.commit import current_commit
from ml.training.engine import Problem, engine
from ml.training.leakage import refuse_leaks
from ml.training.search import SearchResult, search
from ml.training.split import fold_numbers, split_by_time
from ml.training.tracking import log_run


def refuse_unfair_features(spec: ModelSpec, table: FeatureTable) -> None:
    """Raise BlockedError where a feature is prohibited, or stands in for a prohibited column in these rows."""
    refused = [item.detail for item in screen_features(spec, table) if item.verdict == "fail"]
    if refused:
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        raise BlockedError(refused[0] + more, file=spec.file, key="features", remedy="take the feature out")


def train_model(
    spec: ModelSpec,
    table: FeatureTable,
    about: dict[str, Any],
    out: Path,
    *,
    engine_name: str,
    trials: int | None,
    seed: int,
    tracking_uri: str | None,
) -> dict[str, Any]:
    """Train and save a bundle; return what bundle.json says and how the search went.

    Parameters
    ----------
    about
        `data_hash` and `contract_version` of the features.
    tracking_uri
        Where to log the run; None logs nothing.
    """
    refuse_unfair_features(spec, table)
    refuse_leaks(spec, table)
    learned, held_out = split_by_time(spec, table)
    problem = _problem(spec, learned, seed)
    with engine(engine_name) as chosen:
        result = search(spec.training, problem, chosen, trials=trials)
        model = chosen.fit(problem, result.parameters)
    facts = {
        "algorithm": spec.training.algorithm,
        "parameters": result.parameters,
        "columns": list(encoded_columns(spec)),
        "seed": seed,
        "data_hash": about["data_hash"],
        "contract_version": about["contract_version"],
        "run_id": None,
    }
    out.mkdir(parents=True, exist_ok=True)
    (out / BUNDLE).unlink(missing_ok=True)
    saved = save_bundle(spec, out, model, **facts)
    _write_reference(spec, load_bundle(out), learned, held_out, out)
    if tracking_uri is not None:
        run_id = _track(spec, saved, result, len(learned.rows), engine_name, tracking_uri, out)
        saved = save_bundle(spec, out, model, **{**facts, "run_id": run_id})
    return {**saved, "search_value": result.value, "trials": list(result.trials), "rows_learned": len(learned.rows)}


def _problem(spec: ModelSpec, learned: FeatureTable, seed: int) -> Problem:
    outcome = learned.outcome(spec)
    return Problem(
        algorithm=spec.training.algorithm,
        metric=spec.training.metric,
        threshold=spec.decision.threshold,
        seed=seed,
        matrix=learned.matrix(spec),
        outcome=outcome,
        folds=fold_numbers(outcome, spec.training.folds, seed),
    )


def _write_reference(spec: ModelSpec, bundle: Bundle, learned: FeatureTable, held_out: FeatureTable, out: Path) -> None:
    """Write the held-out rows with their scores (what later windows are compared with), and rows for explanations.

    The held-out rows, since the scores of rows the model was fitted on are better than any later one can be.
    """
    columns = {name.removeprefix("feature_"): column for name, column in feature_contract(spec).columns.items()}
    for key in (spec.entity, spec.timestamp):
        columns.pop(key)
    reference = held_out.features.copy()
    background = learned.features.sample(min(spec.explanation.background_rows, len(learned.rows)), random_state=bundle.seed)
    _write(out / BACKGROUND, columns, background)
    reference["score"] = bundle.score(held_out.matrix(spec))
    reference[spec.target.column] = held_out.outcome(spec)
    columns |= {"score": Column(dtype="number"), spec.target.column: Column(dtype="integer")}
    for attribute in spec.monitored:
        reference[GROUP_PREFIX + attribute.column] = _group(spec, attribute.column, held_out.rows)
        columns[GROUP_PREFIX + attribute.column] = Column(dtype="string")
    _write(out / REFERENCE, columns, reference)


def _group(spec: ModelSpec, column: str, rows: pd.DataFrame) -> pd.Series:
    from ml.fairness.groups import group_labels

    attribute = next(item for item in spec.monitored if item.column == column)
    return group_labels(attribute, rows[column])


def _write(path: Path, columns: dict[str, Column], frame: pd.DataFrame) -> None:
    contract = TableContract(name=path.stem, version="1.0", columns=columns)
    write_parquet(path, arrow_schema(contract), [frame])


def _track(spec: ModelSpec, saved: dict[str, Any], result: SearchResult, rows: int, engine_name: str, uri: str, out: Path) -> str:
    tags = {
        "model": spec.name,
        "team": spec.owner.team,
        "data_hash": saved["data_hash"],
        "contract_version": saved["contract_version"],
        "spec_digest": saved["spec_digest"],
        "model_sha256": saved["model_sha256"],
        "commit": current_commit(),
        "engine": engine_name,
        "python": platform.python_version(),
        **{f"library.{name}": version for name, version in saved["versions"].items()},
    }
    parameters = {"algorithm": saved["algorithm"], "seed": saved["seed"], **saved["parameters"]}
    metrics = {f"search_{spec.training.metric}": float(np.float64(result.value)), "rows_learned": float(rows)}
    files = tuple(out / name for name in (MODEL, SPEC, BUNDLE) if (out / name).is_file())
    return log_run(uri, name=spec.name, parameters=parameters, metrics=metrics, tags=tags, trials=result.trials, files=files)
