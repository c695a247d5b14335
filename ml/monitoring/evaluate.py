"""Judge one window of scored rows: every metric the model file asks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.errors import InputError
from ml.fairness.rates import Rate
from ml.monitoring import (
    chi_squared,
    concept_drift,
    data_quality,
    fairness_over_time,
    ks,
    performance,
    prediction_drift,
    psi,
)
from ml.monitoring.labels import Labelled
from ml.monitoring.metric import MetricResult
from ml.monitoring.profile import Kind, Profile
from ml.monitoring.sketch import CategoricalSketch, NumericSketch
from ml.monitoring.source import batches, open_table
from ml.monitoring.window import Window
from ml.spec import ModelSpec
from ml.spec_fit import GROUP_PREFIX


def feature_kinds(spec: ModelSpec) -> dict[str, Kind]:
    """Return how each feature of a model is compared: a category by its counts, everything else as numbers."""
    kinds: dict[str, Kind] = {}
    for name, feature in spec.features.items():
        plain = feature.window is None and feature.transform == "identity"
        category = plain and spec.contract.columns[feature.source[0]].dtype == "category"
        kinds[name] = "categorical" if category else "numeric"
    return kinds


def judge_features(spec: ModelSpec, reference: Profile, current: Profile) -> Iterator[MetricResult]:
    """Judge data drift and missing values of every feature, and the drift of the scores."""
    limits = spec.drift
    least = limits.minimum_rows
    for name in spec.features:
        old, new = reference.sketches[name], current.sketches[name]
        yield psi.evaluate(name, old, new, threshold=limits.psi, minimum_rows=least)
        if isinstance(old, NumericSketch) and isinstance(new, NumericSketch):
            yield ks.evaluate(name, old, new, threshold=limits.ks, minimum_rows=least)
        if isinstance(old, CategoricalSketch) and isinstance(new, CategoricalSketch):
            yield chi_squared.evaluate(name, old, new, threshold=limits.chi_squared, minimum_rows=least)
        yield data_quality.evaluate_missing(name, old, new, threshold=limits.bad_rows, minimum_rows=least)
    before, now = reference.sketches["score"], current.sketches["score"]
    assert isinstance(before, NumericSketch)
    assert isinstance(now, NumericSketch)
    yield prediction_drift.evaluate(before, now, threshold=limits.prediction_psi, minimum_rows=least)


def judge_outcomes(spec: ModelSpec, reference: Labelled, current: Labelled) -> Iterator[MetricResult]:
    """Judge the training metric and the calibration on the rows whose outcome is known."""
    from ml.evaluation.metrics import METRICS

    metric = METRICS[spec.training.metric]
    threshold = spec.decision.threshold

    def compute(labels: NDArray[np.int64], scores: NDArray[np.float64]) -> float:
        return float(metric.compute(labels, scores, threshold))

    rows = reference.labels.size
    if not rows or reference.labels.min() == reference.labels.max():
        raise InputError("the reference has no outcomes of both classes", remedy="use the reference.parquet of the bundle")
    yield performance.evaluate(
        spec.training.metric,
        compute,
        current.labels,
        current.scores,
        reference_value=compute(reference.labels, reference.scores),
        reference_rows=rows,
        higher_is_better=metric.direction == "at_least",
        threshold=spec.drift.performance_drop,
        minimum_rows=spec.drift.minimum_rows,
        seed=spec.training.seed,
    )
    yield concept_drift.evaluate(
        current.labels,
        current.scores,
        reference_rows=rows,
        threshold=spec.drift.calibration,
        minimum_rows=spec.drift.minimum_rows,
    )


def judge_fairness(spec: ModelSpec, current: Path, window: Window, time_column: str) -> Iterator[MetricResult]:
    """Judge the decisions of the window by every monitored attribute the decisions carry."""
    names = set(open_table(current).schema.names)
    for attribute in spec.monitored:
        column = GROUP_PREFIX + attribute.column
        if column not in names:
            yield fairness_over_time.METRIC.not_evaluated(
                feature=attribute.column,
                threshold=spec.fairness.adverse_impact_ratio,
                reference_rows=0,
                current_rows=0,
                reason=f"the decisions carry no column {column}",
            )
            continue
        yield fairness_over_time.evaluate(
            attribute.column,
            _rates(spec, current, column, window, time_column),
            minimum_group=spec.fairness.minimum_group,
            threshold=spec.fairness.adverse_impact_ratio,
            unstated=frozenset(attribute.unstated),
        )


def _rates(spec: ModelSpec, current: Path, column: str, window: Window, time_column: str) -> list[Rate]:
    """Count the decisions of each group, and the favourable ones among them."""
    rows: Counter[str] = Counter()
    favourable: Counter[str] = Counter()
    for batch in batches(current, [column, "score"], window=window, time_column=time_column):
        frame = batch.to_pandas().dropna()
        groups = frame[column].astype(str)
        at_or_above = frame["score"].to_numpy(dtype=float) >= spec.decision.threshold
        rows.update(groups.value_counts().to_dict())
        favourable.update(groups[at_or_above == (spec.decision.expected_event == "favourable")].value_counts().to_dict())
    return [Rate(group=group, count=favourable[group], of=of) for group, of in sorted(rows.items())]
