"""A small third model that exists only here, and one pipeline run of a shipped model, made once per session."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

THIRD = """\
name: parcel-delay
owner: {team: logistics, contact: logistics-oncall}
description: Probability that a parcel arrives late.
regulated: false
data: {csv: parcels.csv, events: scans.csv}
entity: parcel
timestamp: sent_at
target: {column: late, known_at: arrived_at}
contract:
  version: "1.0"
  columns:
    parcel: {dtype: string, unique: true, pattern: "K[0-9]+"}
    sent_at: {dtype: timestamp}
    weight: {dtype: number, minimum: 0, maximum: 100}
    distance: {dtype: integer, minimum: 1, maximum: 5000}
    service: {dtype: category, categories: [express, standard]}
    insured: {dtype: boolean}
    depot: {dtype: category, nullable: true, categories: [east, west]}
    late: {dtype: boolean, nullable: true}
    arrived_at: {dtype: timestamp, nullable: true}
events:
  timestamp: scanned_at
  columns:
    parcel: {dtype: string}
    scanned_at: {dtype: timestamp}
    minutes: {dtype: number, minimum: 0}
features:
  weight: {source: weight, transform: log1p, reason: The parcel is heavy.}
  distance: {source: distance, reason: The way is long.}
  service: {source: service, reason: The service is slow.}
  scans_7d: {window: {aggregate: count, days: 7}, reason: The parcel was scanned often.}
  slowest_7d: {window: {aggregate: max, days: 7, column: minutes}, reason: A scan took long.}
monitored: [depot]
segments: [service]
training:
  algorithm: sklearn:logistic_regression
  trials: 3
  folds: 2
  search: {C: {low: 0.01, high: 10, log: true}}
decision: {threshold: 0.5, expected_event: adverse, adverse_word: late, favourable_word: on time}
gates: [{metric: roc_auc, threshold: 0.6, direction: at_least}]
serving: {latency_p99_ms: 60000}
fairness: {minimum_group: 20, adverse_impact_ratio: 0.5, equalised_odds_difference: 0.5}
explanation: {background_rows: 20}
"""
WriteThird = Callable[..., Path]


def write_third(folder: Path, *, rows: int = 400, replace: tuple[tuple[str, str], ...] = ()) -> Path:
    """Write the model file and its data; `replace` changes pieces of the file's text."""
    random = np.random.default_rng(3)
    weight = random.gamma(2, 4, rows).round(2)
    distance = random.integers(1, 1000, rows)
    service = random.choice(["express", "standard"], rows)
    chance = 1 / (1 + np.exp(-(0.006 * (distance - 500) + 1.2 * (service == "standard") - 0.6)))
    sent = pd.date_range("2025-01-01", periods=rows, freq="h", tz="UTC")
    parcels = pd.DataFrame(
        {
            "parcel": [f"K{number}" for number in range(rows)],
            "sent_at": sent.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "weight": weight,
            "distance": distance,
            "service": service,
            "insured": random.choice(["true", "false"], rows),
            "depot": random.choice(["east", "west"], rows),
            "late": np.where(random.random(rows) < chance, "true", "false"),
            "arrived_at": (sent + pd.Timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
    )
    who = random.integers(0, rows, 2 * rows)
    when = sent[who] - pd.to_timedelta(random.random(2 * rows) * 10, unit="D")
    scans = pd.DataFrame({"parcel": parcels["parcel"].to_numpy()[who], "scanned_at": when.strftime("%Y-%m-%dT%H:%M:%SZ")})
    scans["minutes"] = random.gamma(2, 5, 2 * rows).round(1)
    folder.mkdir(parents=True, exist_ok=True)
    parcels.to_csv(folder / "parcels.csv", index=False)
    scans.to_csv(folder / "scans.csv", index=False)
    text = THIRD
    for old, new in replace:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    (folder / "parcel-delay.yaml").write_text(text, encoding="utf-8")
    return folder / "parcel-delay.yaml"


@pytest.fixture
def third(tmp_path: Path) -> WriteThird:
    """Write the third model below the test's folder."""

    def write(**changes: object) -> Path:
        return write_third(tmp_path / "models", **changes)  # type: ignore[arg-type]

    return write


@pytest.fixture(scope="session")
def third_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The third model's file, and a folder with its data, features and bundle."""
    from ml import pipeline

    folder = tmp_path_factory.mktemp("third")
    model = write_third(folder / "models")
    pipeline.ingest(model, folder / "data")
    pipeline.build_features(model, folder / "data", folder / "features")
    pipeline.train(model, folder / "features", folder / "bundle")
    return model, folder


@pytest.fixture(scope="session")
def credit_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data, features and bundle of credit-risk, from few rows and trials."""
    from ml import pipeline

    folder = tmp_path_factory.mktemp("credit")
    pipeline.ingest("credit-risk", folder / "data", rows=3000)
    pipeline.build_features("credit-risk", folder / "data", folder / "features")
    pipeline.train("credit-risk", folder / "features", folder / "bundle", trials=4)
    return folder
