"""The steps of the machine-learning pipeline. Each reads folders and writes a folder, so each can be its own pod.

Every step returns a plain dictionary, and writes the same as JSON as its last act: a folder with that file is complete.
A step that finds something bad writes its verdict; only `screen` and `train` refuse by raising, since nothing may be
trained on a prohibited basis. `decide` is where the verdicts become one answer.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from ml.data.dataset import MANIFEST, make_dataset, read_json, write_json
from ml.errors import BlockedError, InputError
from ml.spec import ModelSpec, load_spec

FEATURES = "features.json"
SCREENING = "screening.json"
TRAINING = "training.json"
EVALUATION = "evaluation.json"
FAIRNESS = "fairness.json"
EXPLANATION = "explanation.json"
PACKAGE = "package.json"
DECISION = "decision.json"
REGISTRATION = "registration.json"
MOST_SHOWN = 300  # rows whose contributions are kept for pictures
MOST_LIME = 20  # rows explained where explaining is slow


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

    The options replace the generator's knobs in the model file. Writes rows.parquet, events.parquet, quarantine.jsonl
    and manifest.json.
    """
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
    knobs = type(spec.data.knobs).model_validate({**spec.data.knobs.model_dump(), **changes})
    return make_dataset(spec, knobs, out)


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
    manifest = read_json(data / MANIFEST)
    rows = read_parquet(data / "rows.parquet")
    events = read_parquet(data / "events.parquet") if spec.events is not None else None
    moment = _moment(as_of) if as_of else rows[spec.timestamp].max() + pd.Timedelta(microseconds=1)
    if as_of:
        later = rows[spec.target.known_at].isna() | (rows[spec.target.known_at] > moment)
        rows[spec.target.column] = rows[spec.target.column].mask(later)
    table = FeatureTable(features=compute_features(spec, rows, events), rows=rows)
    digest = write_offline(spec, table, out)
    entities = OnlineStore(out / "online.sqlite").materialise(spec, rows, events, moment)
    result = {
        "model": spec.name,
        "data_hash": digest,
        "contract_version": manifest["contract"],
        "parents": [item["content_hash"] for item in manifest["tables"].values()],
        "as_of": moment.isoformat(),
        "rows": len(rows),
        "rows_labelled": int(rows[spec.target.column].notna().sum()),
        "entities_online": entities,
    }
    write_json(out / FEATURES, result)
    return result


def screen(model: str | Path, features: Path, out: Path) -> dict[str, Any]:
    """Measure how far features stand in for prohibited columns, and refuse where one does.

    Raises
    ------
    BlockedError
        A feature is prohibited or a proxy. screening.json is written all the same.
    """
    from ml.evaluation.gates import worst
    from ml.fairness.screening import screen_features
    from ml.features.offline import read_offline
    from ml.training.train import refuse_unfair_features

    spec = load_spec(model)
    table = read_offline(spec, features)
    found = screen_features(spec, table)
    verdict = worst([item.verdict for item in found]) if found else "pass"
    result = {"model": spec.name, "verdict": verdict, "screened": [asdict(item) for item in found]}
    write_json(out / SCREENING, result)
    refuse_unfair_features(spec, table)
    return result


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
        A feature is prohibited or a proxy: `screen` runs here again, so it cannot be left out.
    """
    from ml.features.offline import read_offline
    from ml.training.train import train_model

    spec = load_spec(model)
    (out / TRAINING).unlink(missing_ok=True)
    result = train_model(
        spec,
        read_offline(spec, features),
        read_json(features / FEATURES),
        out,
        engine_name=engine or spec.training.engine,
        trials=trials,
        seed=spec.training.seed if seed is None else seed,
        tracking_uri=tracking_uri,
    )
    write_json(out / TRAINING, result)
    return result


def evaluate(model: str | Path, features: Path, bundle: Path, out: Path, *, champion: Path | None = None) -> dict[str, Any]:
    """Judge a trained model on the latest rows: gates, segments, calibration, and against the champion's bundle."""
    from ml.evaluation.calibration import calibration_bins
    from ml.evaluation.gates import judge_champion, judge_gates, judge_segments, worst

    spec, held_out, score = _scored(model, features, bundle)
    outcome = held_out.outcome(spec)
    champion_score = None if champion is None else _champion_score(spec, champion, held_out)
    gates = judge_gates(spec, outcome, score, seed=spec.training.seed)
    segments = judge_segments(spec, held_out.rows, outcome, score, seed=spec.training.seed)
    against = judge_champion(spec, outcome, score, champion_score, seed=spec.training.seed)
    blocking = [*(item.verdict for item in gates), against.verdict]
    failed_segments = [item.verdict for item in segments if item.verdict == "fail"]
    result = {
        "model": spec.name,
        "rows": len(outcome),
        "share_of_ones": float(outcome.mean()),
        "verdict": worst([*blocking, *failed_segments]),
        "gates": [_flat(asdict(item)) for item in gates],
        "segments": [_flat(asdict(item)) for item in segments],
        "champion": _flat(asdict(against)),
        "calibration": [asdict(item) for item in calibration_bins(outcome, score)],
    }
    write_json(out / EVALUATION, result)
    return result


def check_fairness(model: str | Path, features: Path, bundle: Path, out: Path) -> dict[str, Any]:
    """Judge how groups are treated on the latest rows."""
    from ml.fairness.report import judge_fairness

    spec, held_out, score = _scored(model, features, bundle)
    report = judge_fairness(spec, held_out.rows, held_out.outcome(spec), score)
    result = {"model": spec.name, **asdict(report)}
    result["attributes"] = list(result["attributes"])
    write_json(out / FAIRNESS, result)
    return result


def explain(model: str | Path, features: Path, bundle: Path, out: Path) -> dict[str, Any]:
    """Explain the model as a whole and every adverse decision on the latest rows.

    Writes reasons.jsonl: one line per adverse decision, with its row number, score and ranked reasons. The verdict is
    `pass` when every adverse decision that was explained has a reason.
    """
    import json

    import numpy as np

    from ml.data.arrow import read_parquet
    from ml.explanation.explainer import load_explainer
    from ml.explanation.reasons import is_adverse, reasons
    from ml.features.encode import encode
    from ml.training.bundle import BACKGROUND, load_bundle

    spec, held_out, score = _scored(model, features, bundle)
    trained = load_bundle(bundle)
    background = encode(spec, read_parquet(bundle / BACKGROUND))
    explainer = load_explainer(spec, trained, background)
    chosen = np.arange(len(score))
    if explainer.method == "lime":
        adverse = np.flatnonzero(is_adverse(spec, score))
        chosen = np.union1d(adverse[:MOST_LIME], np.arange(min(MOST_LIME, len(score))))
    contributions = explainer.contributions(held_out.matrix(spec)[chosen])
    found = reasons(spec, contributions, score[chosen])
    lines = [
        {"row": int(row), "score": float(score[row]), "reasons": [asdict(reason) for reason in given]}
        for row, given in zip(chosen, found, strict=True)
        if given
    ]
    out.mkdir(parents=True, exist_ok=True)
    (out / "reasons.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    importance = np.abs(contributions).mean(axis=0)
    names = list(spec.features)
    explained = int(is_adverse(spec, score[chosen]).sum())
    result = {
        "model": spec.name,
        "method": explainer.method,
        "unit": explainer.unit,
        "verdict": "pass" if explained == len(lines) else "fail",
        "adverse_decisions": int(is_adverse(spec, score).sum()),
        "adverse_explained": len(lines),
        "importance": [
            {"feature": names[position], "importance": float(importance[position])} for position in np.argsort(-importance, kind="stable")
        ],
        "sample": _sample(spec, held_out.features.iloc[chosen[:MOST_SHOWN]], contributions[:MOST_SHOWN]),
        "examples": lines[:5],
    }
    write_json(out / EXPLANATION, result)
    return result


def package(model: str | Path, bundle: Path, features: Path, out: Path) -> dict[str, Any]:
    """Export the model for serving, and measure its latency and how far its scores move. Writes package.json."""
    from ml.serving.package import package_model

    return package_model(load_spec(model), bundle, features, out)


def decide(model: str | Path, evidence: Mapping[str, Path], out: Path) -> dict[str, Any]:
    """Turn the verdicts into one answer: promote or not.

    Parameters
    ----------
    evidence
        The folders of `evaluation`, `fairness`, `explanation` and `package`. A missing one is not evaluated. What is
        not evaluated blocks a regulated model, except that fairness is asked of no model without monitored attributes.
    """
    spec = load_spec(model)
    files = {"evaluation": EVALUATION, "fairness": FAIRNESS, "explanation": EXPLANATION, "package": PACKAGE}
    checks = []
    for name, file in files.items():
        if name == "fairness" and not spec.monitored:
            continue
        found = read_json(evidence[name] / file) if name in evidence else None
        verdict = found["verdict"] if found else "not_evaluated"
        checks.append({"name": name, "verdict": verdict, "detail": _why(name, found)})
    needed = ("pass",) if spec.regulated else ("pass", "not_evaluated")
    always = {"evaluation", "package"}
    refused = [check for check in checks if check["verdict"] not in (("pass",) if check["name"] in always else needed)]
    result = {"model": spec.name, "promote": not refused, "checks": checks, "refused": [item["name"] for item in refused]}
    write_json(out / DECISION, result)
    return result


def register(
    model: str | Path,
    bundle: Path,
    packaged: Path,
    evidence: Mapping[str, Path],
    out: Path,
    *,
    tracking_uri: str,
) -> dict[str, Any]:
    """Store the served model, its bundle, its evidence and its card, and make them a version: the challenger.

    Parameters
    ----------
    evidence
        Folders of the steps before, by name: screening, evaluation, fairness, explanation, package, decision.

    Raises
    ------
    ServiceError
        MLflow failed; no version is left behind.
    """
    import json

    from ml.explanation.card import model_card
    from ml.registry.registry import Registry
    from ml.training.bundle import BUNDLE, load_bundle
    from ml.training.commit import current_commit

    spec = load_spec(model)
    trained = load_bundle(bundle)
    known = {name: read_json(folder / f"{name}.json") for name, folder in evidence.items()}
    card = model_card(spec, {**known, "bundle": read_json(bundle / BUNDLE)})
    out.mkdir(parents=True, exist_ok=True)
    (out / "model_card.md").write_text(card, encoding="utf-8")
    staged = out / "staged"
    _stage(staged, bundle, packaged, evidence, card)
    verdicts = {name: found["verdict"] for name, found in known.items() if "verdict" in found}
    tags = {
        "data_hash": trained.data_hash,
        "contract_version": trained.contract_version,
        "spec_digest": trained.spec_digest,
        "model_sha256": trained.model_sha256,
        "commit": current_commit(),
        "team": spec.owner.team,
        "verdicts": json.dumps(verdicts, sort_keys=True),
        "promote": str(known.get("decision", {}).get("promote", "not decided")).lower(),
    }
    version = Registry(tracking_uri).register(spec.name, staged, run_id=trained.run_id, tags=tags, description=card)
    shutil.rmtree(staged)
    result = {"model": spec.name, "version": version, "run_id": trained.run_id, "tags": tags}
    write_json(out / REGISTRATION, result)
    return result


def promote(model: str | Path, decision: Path, registration: Path, *, tracking_uri: str, alias: str = "champion") -> dict[str, Any]:
    """Make the registered version the champion, if the decision says so.

    Raises
    ------
    BlockedError
        The decision refuses; nothing was changed.
    """
    from ml.registry.registry import Registry

    spec = load_spec(model)
    decided = read_json(decision / DECISION)
    if not decided["promote"]:
        raise BlockedError(f"{spec.name} is not promoted: {', '.join(decided['refused'])} did not pass", file=decision)
    version = read_json(registration / REGISTRATION)["version"]
    before = Registry(tracking_uri).promote(spec.name, version, alias=alias)
    return {"model": spec.name, "alias": alias, "version": version, "before": before}


def fetch_champion(model: str | Path, out: Path, *, tracking_uri: str) -> dict[str, Any]:
    """Download the champion and check its bytes; `bundle` is its folder for `evaluate`, or None without a champion."""
    from ml.registry.registry import CHAMPION, Registry

    spec = load_spec(model)
    registry = Registry(tracking_uri)
    version = registry.version_of(spec.name, CHAMPION)
    stored = registry.fetch(spec.name, version, out) if version is not None else None
    return {
        "model": spec.name,
        "version": version,
        "folder": str(stored) if stored else None,
        "bundle": str(stored / "bundle") if stored else None,
    }


def _moment(text: str) -> Any:
    import pandas as pd

    try:
        moment = pd.Timestamp(text)
    except ValueError:
        raise InputError(f"{text!r} is not a time", key="as_of", allowed="for example 2025-06-30T00:00:00Z") from None
    return moment.tz_localize("UTC") if moment.tzinfo is None else moment.tz_convert("UTC")


def _scored(model: str | Path, features: Path, bundle: Path) -> tuple[ModelSpec, Any, Any]:
    """Return the specification, the held-out rows, and the model's scores of them."""
    from ml.features.encode import encoded_columns
    from ml.features.offline import read_offline
    from ml.training.bundle import load_bundle
    from ml.training.split import split_by_time

    spec = load_spec(model)
    trained = load_bundle(bundle)
    if trained.columns != encoded_columns(spec):
        problem = "the model was trained with other features than the model file names"
        raise InputError(problem, file=bundle, remedy="train it again")
    _, held_out = split_by_time(spec, read_offline(spec, features))
    return spec, held_out, trained.score(held_out.matrix(spec))


def _champion_score(spec: ModelSpec, champion: Path, held_out: Any) -> Any:
    """Return the champion's scores, with its own features: they may differ from the candidate's."""
    from ml.features.encode import encode, encoded_columns
    from ml.training.bundle import SPEC, load_bundle

    old = load_bundle(champion)
    old_spec = load_spec(champion / SPEC)
    missing = [name for name in old_spec.features if old_spec.features[name] != spec.features.get(name)]
    if missing or old.columns != encoded_columns(old_spec):
        problem = f"the champion needs features this model file changed: {', '.join(missing)}"
        raise InputError(problem, file=champion, remedy="keep the old definition under its name until the champion is replaced")
    return old.score(encode(old_spec, held_out.features))


def _flat(judged: dict[str, Any]) -> dict[str, Any]:
    return {**{key: value for key, value in judged.items() if key != "interval"}, **judged["interval"]}


def _sample(spec: ModelSpec, features: Any, contributions: Any) -> dict[str, Any]:
    """Return values and contributions of some rows, for pictures; a category is shown by its text."""
    shown = features.astype(object).where(features.notna(), None)
    return {
        "features": list(spec.features),
        "values": shown.to_numpy().tolist(),
        "contributions": [[round(float(value), 5) for value in line] for line in contributions],
    }


def _why(name: str, found: dict[str, Any] | None) -> str:
    if found is None:
        return "there is no evidence"
    if name == "evaluation":
        judged = [*found["gates"], found["champion"], *found["segments"]]
        return "; ".join(item["detail"] for item in judged if item["verdict"] == "fail") or "every gate holds"
    if name == "fairness":
        judged = [item for item in found["attributes"] if item["verdict"] == "fail"]
        return "; ".join(item["detail"] for item in judged) or f"no group is below its limit ({found['verdict']})"
    if name == "explanation":
        return f"{found['adverse_explained']} adverse decisions have reasons ({found['method']})"
    return str(found.get("detail") or f"chosen: {found.get('chosen')}, p99 {found.get('p99_ms')} ms")


def _stage(staged: Path, bundle: Path, packaged: Path, evidence: Mapping[str, Path], card: str) -> None:
    """Put together what is registered: the served model at the top, and bundle/, evidence/ and the card beside it."""
    if staged.exists():
        shutil.rmtree(staged)
    if (packaged / "model").is_dir():
        shutil.copytree(packaged / "model", staged)
    else:
        raise InputError("there is no packaged model", file=packaged / "model", remedy="run the step package")
    shutil.copytree(bundle, staged / "bundle")
    (staged / "evidence").mkdir()
    for name, folder in evidence.items():
        shutil.copyfile(folder / f"{name}.json", staged / "evidence" / f"{name}.json")
    (staged / "model_card.md").write_text(card, encoding="utf-8")
