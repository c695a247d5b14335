"""Steps up to a trained model: ingest, build_features, screen, train."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from ml.data.dataset import check_tables, make_dataset, read_json, write_json
from ml.disk import writes
from ml.errors import InputError
from ml.mistake import checked
from ml.spec import load_spec
from ml.spec_data import Knobs
from ml.spec_rules import Training
from ml.steps.files import FEATURES, SCREENING, TRAINING


@writes
def ingest(
    model: str | Path,
    out: Path,
    *,
    rows: int | None = None,
    seed: int | None = None,
    start: date | None = None,
    days: int | None = None,
    bias: float | None = None,
    feature_drift: float | None = None,
    concept_drift: float | None = None,
    label_delay_days: int | None = None,
) -> dict[str, Any]:
    """Read the model's data, check it against the contract, and write it with its manifest.

    Whether the model's algorithm can be found, and has its parameters, is looked at first. The options replace the generator's
    knobs in the model file. Writes rows.parquet, events.parquet, quarantine.jsonl and manifest.json.
    """
    from ml.training.algorithms import check_algorithm

    spec = load_spec(model)
    asked = {
        "rows": rows,
        "seed": seed,
        "start": start,
        "days": days,
        "bias": bias,
        "feature_drift": feature_drift,
        "concept_drift": concept_drift,
        "label_delay_days": label_delay_days,
    }
    changes = {name: value for name, value in asked.items() if value is not None}
    if changes and spec.data.generator is None:
        raise InputError("only generated data has knobs", key=", ".join(changes), file=spec.file)
    knobs = checked(Knobs, {**spec.data.knobs.model_dump(), **changes}, file=None, key="knobs")
    check_algorithm(spec)
    return make_dataset(spec, knobs, out)


@writes
def build_features(model: str | Path, data: Path, out: Path, *, as_of: str | None = None) -> dict[str, Any]:
    """Compute the features of every row, as known at its time, and fill the offline and the online store.

    Parameters
    ----------
    data
        The folder `ingest` wrote.
    as_of
        A time in ISO 8601. Outcomes known only after it are left out, and the online store is filled as of it.
        Without it, every outcome counts, and the store is filled as of just after the last row.
    """
    import pandas as pd

    from ml.data.arrow import read_parquet
    from ml.features.compute import compute_features
    from ml.features.offline import FeatureTable, write_offline
    from ml.features.online import OnlineStore

    spec = load_spec(model)
    (out / FEATURES).unlink(missing_ok=True)
    manifest = check_tables(data)
    rows = read_parquet(data / "rows.parquet")
    events = read_parquet(data / "events.parquet") if spec.events is not None else None
    moment = _moment(as_of) if as_of else rows[spec.timestamp].max() + pd.Timedelta(microseconds=1)
    if as_of:
        later = rows[spec.target.known_at].isna() | (rows[spec.target.known_at] > moment)
        rows[spec.target.column] = rows[spec.target.column].mask(later)
    table = FeatureTable(features=compute_features(spec, rows, events), rows=rows)
    stored = write_offline(spec, table, out)
    entities = OnlineStore(out / "online.sqlite").materialise(spec, rows, events, moment)
    result = {
        "model": spec.name,
        **stored,
        "contract_version": manifest["contract"],
        "parents": [item["content_hash"] for item in manifest["tables"].values()],
        "as_of": moment.isoformat(),
        "rows": len(rows),
        "rows_labelled": int(rows[spec.target.column].notna().sum()),
        "entities_online": entities,
    }
    write_json(out / FEATURES, result)
    return result


@writes
def screen(model: str | Path, features: Path, out: Path) -> dict[str, Any]:
    """Measure how far features stand in for prohibited columns or say the outcome, and refuse where one does.

    Raises
    ------
    BlockedError
        A feature is prohibited, a proxy, or known only afterwards. screening.json is written all the same.
    """
    from ml.evaluation.gates import worst
    from ml.fairness.screening import screen_features
    from ml.features.offline import read_offline
    from ml.training.leakage import leaks, refuse_leaks
    from ml.training.train import refuse_unfair_features

    spec = load_spec(model)
    table = read_offline(spec, features)
    found = screen_features(spec, table)
    late = leaks(spec, table)
    verdict = "fail" if late else worst([item.verdict for item in found]) if found else "pass"
    screened, leaking = [asdict(item) for item in found], [asdict(item) for item in late]
    result = {"model": spec.name, "verdict": verdict, "screened": screened, "leaking": leaking}
    write_json(out / SCREENING, result)
    refuse_unfair_features(spec, table)
    refuse_leaks(spec, table)
    return result


@writes
def train(
    model: str | Path,
    features: Path,
    out: Path,
    *,
    tracking_uri: str | None = None,
    engine: str | None = None,
    trials: int | None = None,
    seed: int | None = None,
) -> dict[str, Any]:
    """Search, fit and save a model; the options replace the model file's values. Writes a bundle and training.json.

    Raises
    ------
    BlockedError
        A feature is prohibited, a proxy or known only afterwards: `screen` runs here again, so it cannot be left out.
    """
    from ml.features.offline import read_offline
    from ml.training.train import train_model

    spec = load_spec(model)
    asked = {"engine": engine, "trials": trials, "seed": seed}
    changes = {name: value for name, value in asked.items() if value is not None}
    training = checked(Training, {**spec.training.model_dump(), **changes}, file=None, key="training")
    (out / TRAINING).unlink(missing_ok=True)
    result = train_model(
        spec,
        read_offline(spec, features),
        read_json(features / FEATURES, needed=("data_hash", "contract_version")),
        out,
        engine_name=training.engine,
        trials=training.trials,
        seed=training.seed,
        tracking_uri=tracking_uri,
    )
    write_json(out / TRAINING, result)
    return result


def _moment(text: str) -> Any:
    import pandas as pd

    try:
        moment = pd.Timestamp(text)
    except ValueError:
        raise InputError(f"{text!r} is not a time", key="as_of", allowed="for example 2025-06-30T00:00:00Z") from None
    return moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")
