"""Scoring: `python -m bench.serving`. Trains and packages both models, then measures in one run, so that the ratios mean something.

One row: the ONNX artefact with its check, decision and reasons left out; plain scikit-learn or XGBoost on the same row, with the
features made as in training; a whole request in process (check, score, reasons); the same request through MLflow's server.
"""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import requests

from ml.features.compute import features_from_request
from ml.features.encode import encode
from ml.pipeline import build_features, ingest, train
from ml.serving.artefact import ONNX
from ml.serving.batch import score_parquet
from ml.serving.latency import Latency, measure, rows_per_second
from ml.serving.package import package_model, sample_requests
from ml.serving.request_check import check_request, take
from ml.serving.scorer import load_scorer
from ml.serving.served_model import ServedModel
from ml.serving.server import serving
from ml.serving.session import Session
from ml.spec import load_spec
from ml.training.bundle import load_bundle

CALLS = 300
ROUNDS = 3
"""Of a hundred calls each; the calmest counts, in every way alike."""
BATCH_COPIES = 30
WIDTH = 46


def prepare(name: str, root: Path) -> None:
    """Train and package one model."""
    ingest(name, root / "data")
    build_features(name, root / "data", root / "features")
    train(name, root / "features", root / "bundle", trials=2)
    package_model(name, root / "bundle", root / "features", root / "packaged")


def one_row(name: str, root: Path) -> dict[str, tuple[Latency, float]]:
    """Return the latency of one row and the rows a second of a table, by way of scoring."""
    spec = load_spec(name)
    frame, _ = sample_requests(spec, root / "features", 2000)
    scorer = load_scorer(root / "packaged" / "model")
    feed = check_request(scorer.contract, frame).feed
    session, bundle = Session(scorer.artefact.folder / ONNX), load_bundle(root / "bundle")
    served = ServedModel(scorer)
    scorer.prepare()
    singles = [frame.iloc[[row]].reset_index(drop=True) for row in range(200)]
    feeds = [take(feed, slice(row, row + 1)) for row in range(200)]

    def plain(rows: pd.DataFrame) -> Any:
        return bundle.score(encode(spec, features_from_request(spec, rows)))

    matrices = [encode(spec, features_from_request(spec, rows)) for rows in singles]
    table = np.vstack(matrices * 10)
    return {
        "ONNX, features included": _both(lambda i: session.score(feeds[i % 200]), lambda: session.score(feed), 2000),
        "plain model, features made by pandas": _both(lambda i: plain(singles[i % 200]), lambda: plain(frame), 2000),
        "plain model, features given": _both(
            lambda i: bundle.model.predict_proba(matrices[i % 200]), lambda: bundle.model.predict_proba(table), 2000
        ),
        "whole request in process, with reasons": _both(lambda i: served.answer(singles[i % 200]), lambda: served.answer(frame), 2000),
        "whole request through MLflow's server": _through_server(root, frame),
    }


def batch(name: str, root: Path) -> float:
    """Return the rows a second of batch scoring, with reasons and the start of the model."""
    spec = load_spec(name)
    frame, _ = sample_requests(spec, root / "features", 6000)
    large = pd.concat([frame] * BATCH_COPIES, ignore_index=True)
    large.to_parquet(root / "large.parquet")
    model = root / "packaged" / "model"

    def run() -> object:
        with tempfile.TemporaryDirectory() as out:
            return score_parquet(model, root / "large.parquet", out, decided_at="2026-01-01")

    return rows_per_second(run, len(large), repeats=2)


def _both(single: Any, table: Any, rows: int) -> tuple[Latency, float]:
    return measure(single, calls=CALLS, rounds=ROUNDS), rows_per_second(table, rows)


def _through_server(root: Path, frame: pd.DataFrame) -> tuple[Latency, float]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    kind = {"Content-Type": "application/json"}
    singles = [_body(frame.iloc[[row]]) for row in range(200)]
    whole = _body(frame)
    with serving(root / "packaged" / "model", port, log=root / "server.log") as address, requests.Session() as client:
        client.trust_env = False

        def post(body: str) -> object:
            answer = client.post(f"{address}/invocations", data=body, headers=kind, timeout=60)
            answer.raise_for_status()
            return answer.json()

        return _both(lambda i: post(singles[i % 200]), lambda: post(whole), len(frame))


def _body(rows: pd.DataFrame) -> str:
    return f'{{"dataframe_records": {rows.to_json(orient="records")}}}'


def report(name: str, measured: dict[str, tuple[Latency, float]], batch_rows: float) -> None:
    """Print one table; ratios are to the ONNX artefact."""
    base, base_rows = measured["ONNX, features included"]
    print(f"{name:<{WIDTH}}{'p50 ms':>9}{'p99 ms':>9}{'x p50':>8}{'rows/s':>12}{'x rows/s':>10}")
    for way, (latency, rows) in measured.items():
        print(
            f"{way:<{WIDTH}}{latency.p50_ms:>9.3f}{latency.p99_ms:>9.3f}{latency.p50_ms / base.p50_ms:>8.1f}"
            f"{rows:>12,.0f}{rows / base_rows:>10.3f}"
        )
    print(f"{'batch scoring of Parquet, with reasons':<{WIDTH}}{'':>26}{batch_rows:>12,.0f}{batch_rows / base_rows:>10.3f}\n")


def main() -> None:
    """Measure and print."""
    os.environ.setdefault("DECISION_KEY", os.urandom(16).hex())
    with tempfile.TemporaryDirectory() as folder:
        for name in ("credit-risk", "churn"):
            root = Path(folder, name)
            prepare(name, root)
            report(name, one_row(name, root), batch(name, root))


if __name__ == "__main__":
    main()
