"""Package a trained model: ONNX, its fastest form that keeps the scores, measured, as an MLflow model ready to serve."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ml.contracts.table import request_contract
from ml.data.arrow import file_hash
from ml.data.dataset import write_json
from ml.errors import InputError
from ml.features.encode import encode
from ml.features.offline import read_offline
from ml.serving.artefact import ONNX, find_artefact, load_artefact, write_artefact
from ml.serving.export import export
from ml.serving.latency import Latency, measure
from ml.serving.request_check import Feed, check_request
from ml.serving.scorer import Scorer
from ml.serving.served_model import ServedModel
from ml.serving.variants import EQUAL, Variant, build_variants, choose
from ml.spec import ModelSpec, load_spec
from ml.training.bundle import load_bundle

PARITY_ROWS = 2000
REQUIREMENTS = (
    "lime",
    "mlflow",
    "onnxruntime",
    "pandas",
    "pandera",
    "pyarrow",
    "pydantic",
    "pyyaml",
    "scikit-learn",
    "shap",
    "xgboost-cpu",
)
"""What a server of the packaged model installs, at the versions it was packaged with."""
CALLS = 300
ROUNDS = 5


def package_model(spec: str | Path | ModelSpec, bundle_folder: str | Path, features_folder: str | Path, out: str | Path) -> dict[str, Any]:
    """Export, compare, measure and package a trained model.

    Parameters
    ----------
    features_folder
        An offline store (`ml.features.offline`); up to 2,000 evenly spread rows are compared.
    out
        Gets ``package.json`` and, unless the ONNX model differs from the trained one, ``model/``: the MLflow model.

    Returns
    -------
    dict
        As in ``package.json``: ``verdict`` pass or fail, ``reason``, ``chosen``, ``p50_ms`` and ``p99_ms`` (milliseconds for a request
        of one row, from the check to the answer, without HTTP), ``largest_difference``, ``model_sha256``, ``variants``.
    """
    model = spec if isinstance(spec, ModelSpec) else load_spec(spec)
    folder, target = Path(bundle_folder), Path(out)
    bundle = load_bundle(folder)
    requests, features = sample_requests(model, Path(features_folder), PARITY_ROWS)
    feed = _checked(model, requests)
    expected = bundle.score(encode(model, features))
    limits = model.serving
    (target / "package.json").unlink(missing_ok=True)
    variants = build_variants(
        export(model, bundle.model, len(bundle.columns)),
        feed,
        expected,
        tolerance=limits.optimised_tolerance,
        threshold=model.decision.threshold,
        calls=CALLS,
    )
    plain = variants[0]
    if plain.largest_difference > EQUAL:
        reason = f"a score of the ONNX model differs by {plain.largest_difference:.3g}; allowed: {EQUAL:g}"
        return _finish(target, variants, plain, "fail", reason, None, None)
    chosen = choose(variants, tolerance=limits.optimised_tolerance, latency_p99_ms=limits.latency_p99_ms)
    artefact = write_artefact(_fresh(target / "artefact"), model, folder, chosen.model, chosen.name)
    latency = whole_request_latency(Scorer(load_artefact(artefact.folder)), requests)
    _save_mlflow(artefact.folder, _fresh(target / "model"), [*_own_code(model)])
    shutil.rmtree(artefact.folder)
    met = latency.p99_ms <= limits.latency_p99_ms
    reason = f"p99 {latency.p99_ms:.2f} ms for one row; the objective is {limits.latency_p99_ms:g} ms"
    digest = file_hash(find_artefact(target / "model") / ONNX)
    return _finish(target, variants, chosen, "pass" if met else "fail", reason, latency, digest)


def sample_requests(spec: ModelSpec, features_folder: Path, rows: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return (requests, features) of evenly spread rows of a features folder, row by row."""
    table = read_offline(spec, features_folder)
    count = len(table.rows)
    if not count:
        raise InputError("no rows to compare the exported model with", file=features_folder)
    picked = table.take(np.unique(np.linspace(0, count - 1, min(rows, count)).astype(np.int64)))
    columns = {name: picked.rows[name] if name in picked.rows.columns else picked.features[name] for name in request_contract(spec).columns}
    return pd.DataFrame(columns), picked.features


def whole_request_latency(scorer: Scorer, requests: pd.DataFrame) -> Latency:
    """Measure requests of one row from the check to the answer, in time this process worked.

    Such a request waits for nothing, so on a calm machine that is the time it takes; on a build machine that does other things too, the
    wall clock would tell of those. What callers see, waiting included, is measured where the model serves (alarms on its latency).
    """
    scorer.prepare()
    served = ServedModel(scorer)
    singles = [requests.iloc[[row]].reset_index(drop=True) for row in range(min(len(requests), 200))]
    return measure(lambda index: served.answer(singles[index % len(singles)]), calls=CALLS, rounds=ROUNDS, clock=time.process_time)


def _checked(spec: ModelSpec, requests: pd.DataFrame) -> Feed:
    checked = check_request(request_contract(spec), requests)
    if checked.errors:
        row, error = next(iter(checked.errors.items()))
        raise InputError(f"{len(checked.errors)} rows break the request contract; row {row}: {error}")
    return checked.feed


def _fresh(folder: Path) -> Path:
    if folder.exists():
        shutil.rmtree(folder)
    return folder


def _own_code(spec: ModelSpec) -> Iterator[str]:
    """Return the file or package that a team's own entry point is in, where that is not this package: the server needs it too."""
    algorithm = spec.training.algorithm
    top = algorithm.partition(":")[0].partition(".")[0]
    if algorithm.startswith("sklearn:") or ":" not in algorithm or top == "ml":
        return
    found = importlib.util.find_spec(top)
    if found is None or found.origin is None:
        raise InputError(f"cannot find the module {top!r}", key="training.algorithm", file=spec.file)
    yield str(Path(found.origin).parent if found.submodule_search_locations else found.origin)


def _save_mlflow(artefact: Path, target: Path, own_code: list[str]) -> None:
    """Save as an MLflow model that carries this package's code, so that a server needs nothing of this repository.

    Only the code: what else lies beside the model files, as the rows a model is trained on, is nobody's to serve.
    """
    import mlflow.pyfunc

    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder, "ml")
        shutil.copytree(Path(__file__).parents[1], code, ignore=_all_but_code)
        mlflow.pyfunc.save_model(
            path=str(target),
            loader_module="ml.serving.served_model",
            data_path=str(artefact),
            code_paths=[str(code), *own_code],
            pip_requirements=[f"{name}=={metadata.version(name)}" for name in REQUIREMENTS],
        )


def _all_but_code(folder: str, names: list[str]) -> set[str]:
    return {name for name in names if name == "__pycache__" or not (name.endswith(".py") or Path(folder, name).is_dir())}


def _finish(
    out: Path,
    variants: list[Variant],
    chosen: Variant,
    verdict: str,
    reason: str,
    latency: Latency | None,
    digest: str | None,
) -> dict[str, Any]:
    content = {
        "verdict": verdict,
        "reason": reason,
        "chosen": chosen.name,
        "largest_difference": chosen.largest_difference,
        "p50_ms": latency.p50_ms if latency else None,
        "p99_ms": latency.p99_ms if latency else None,
        "model_sha256": digest,
        "variants": [variant.to_dict() for variant in variants],
    }
    out.mkdir(parents=True, exist_ok=True)
    write_json(out / "package.json", content)
    return content
