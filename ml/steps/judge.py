"""Steps that judge a trained model: evaluate, check_fairness, explain, decide."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ml.data.dataset import read_json, write_json
from ml.disk import writes
from ml.errors import InputError
from ml.spec import ModelSpec, load_spec
from ml.steps.files import DECISION, EVALUATION, EXPLANATION, FAIRNESS, PACKAGE

MOST_SHOWN = 300  # rows whose contributions are kept for pictures
MOST_LIME = 20  # rows explained where explaining is slow and no law asks for all


@writes
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


@writes
def check_fairness(model: str | Path, features: Path, bundle: Path, out: Path) -> dict[str, Any]:
    """Judge how groups are treated on the latest rows."""
    from ml.fairness.report import judge_fairness

    spec, held_out, score = _scored(model, features, bundle)
    report = judge_fairness(spec, held_out.rows, held_out.outcome(spec), score)
    result = {"model": spec.name, **asdict(report)}
    result["attributes"] = list(result["attributes"])
    write_json(out / FAIRNESS, result)
    return result


@writes
def explain(model: str | Path, features: Path, bundle: Path, out: Path) -> dict[str, Any]:
    """Explain the model as a whole and every adverse decision on the latest rows.

    Writes reasons.jsonl: one line per adverse decision, with its row number, score and ranked reasons. The verdict is
    `pass` when every adverse decision that was explained has a reason; of a regulated model, every adverse decision there is.
    """
    from ml.data.arrow import read_parquet
    from ml.explanation.explainer import load_explainer
    from ml.explanation.reasons import is_adverse
    from ml.features.encode import encode
    from ml.training.bundle import BACKGROUND, load_bundle

    spec, held_out, score = _scored(model, features, bundle)
    explainer = load_explainer(spec, load_bundle(bundle), encode(spec, read_parquet(bundle / BACKGROUND)))
    chosen = _explained_rows(spec, explainer.method, score)
    contributions = explainer.contributions(held_out.matrix(spec)[chosen])
    lines = _write_reasons(spec, contributions, chosen, score, out)
    asked = score if spec.regulated else score[chosen]
    result = {
        "model": spec.name,
        "method": explainer.method,
        "unit": explainer.unit,
        "verdict": "pass" if int(is_adverse(spec, asked).sum()) == len(lines) else "fail",
        "adverse_decisions": int(is_adverse(spec, score).sum()),
        "adverse_explained": len(lines),
        "importance": _importance(spec, contributions),
        "sample": _sample(spec, held_out.features.iloc[chosen[:MOST_SHOWN]], contributions[:MOST_SHOWN]),
        "examples": lines[:5],
    }
    write_json(out / EXPLANATION, result)
    return result


def _explained_rows(spec: ModelSpec, method: str, score: Any) -> Any:
    """Return the positions of the rows to explain: all, or some where explaining one is slow."""
    import numpy as np

    from ml.explanation.reasons import is_adverse

    if method != "lime":
        return np.arange(len(score))
    adverse = np.flatnonzero(is_adverse(spec, score))
    explained_at_most = None if spec.regulated else MOST_LIME  # the law asks for the reasons of every decline
    return np.union1d(adverse[:explained_at_most], np.arange(min(MOST_LIME, len(score))))


def _write_reasons(spec: ModelSpec, contributions: Any, chosen: Any, score: Any, out: Path) -> list[dict[str, Any]]:
    """Write and return a line per adverse decision among the chosen rows."""
    import json

    from ml.explanation.reasons import reasons

    found = reasons(spec, contributions, score[chosen])
    lines = [
        {"row": int(row), "score": float(score[row]), "reasons": [asdict(reason) for reason in given]}
        for row, given in zip(chosen, found, strict=True)
        if given
    ]
    out.mkdir(parents=True, exist_ok=True)
    (out / "reasons.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return lines


def _importance(spec: ModelSpec, contributions: Any) -> list[dict[str, Any]]:
    """Return the mean absolute contribution of each feature, largest first."""
    import numpy as np

    mean, names = np.abs(contributions).mean(axis=0), list(spec.features)
    return [{"feature": names[position], "importance": float(mean[position])} for position in np.argsort(-mean, kind="stable")]


@writes
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


def _why_fair(found: dict[str, Any]) -> str:
    failed = [item["detail"] for item in found["attributes"] if item["verdict"] == "fail"]
    open_ = [item["detail"] for item in found["attributes"] if item["verdict"] == "not_evaluated" and not item["intersection"]]
    small = sorted({group for item in found["attributes"] if not item["intersection"] for group in item["not_evaluated"]})
    left_out = f"; not evaluated: {', '.join(small)}" if small else ""
    return "; ".join(failed or open_) or f"no group is below its limit{left_out}"


def _why(name: str, found: dict[str, Any] | None) -> str:
    if found is None:
        return "there is no evidence"
    if name == "evaluation":
        judged = [*found["gates"], found["champion"], *found["segments"]]
        return "; ".join(item["detail"] for item in judged if item["verdict"] == "fail") or "every gate holds"
    if name == "fairness":
        return _why_fair(found)
    if name == "explanation":
        return f"{found['adverse_explained']} adverse decisions have reasons ({found['method']})"
    return f"chosen: {found['chosen']}; {found['reason']}"
