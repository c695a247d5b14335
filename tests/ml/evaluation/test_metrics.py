"""Metrics against values worked out by hand, and against scikit-learn on random rows."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from ml.evaluation.metrics import METRICS, average_ranks

OUTCOME = np.array([1, 0, 1, 0])
SCORE = np.array([0.9, 0.8, 0.4, 0.2])

BY_HAND = {
    # pairs (1, 0): .9>.8, .9>.2, .4<.8, .4>.2 -> 3 of 4
    "roc_auc": 0.75,
    # ones at rank 1 (precision 1) and rank 3 (precision 2/3), recall gained 1/2 each
    "average_precision": 0.5 * 1 + 0.5 * 2 / 3,
    "log_loss": -(math.log(0.9) + math.log(0.2) + math.log(0.4) + math.log(0.8)) / 4,
    # .01 + .64 + .36 + .04
    "brier": 1.05 / 4,
    # bins 9, 8, 4, 2 with one row each: |.9-1| + |.8-0| + |.4-1| + |.2-0|
    "ece": (0.1 + 0.8 + 0.6 + 0.2) / 4,
    # at .5: predicted 1 1 0 0
    "accuracy": 0.5,
    "precision": 0.5,
    "recall": 0.5,
    "f1": 0.5,
    # shares at or below .2: ones 0, zeros 1/2
    "ks": 0.5,
}


@pytest.mark.parametrize("name", sorted(METRICS))
def test_a_metric_by_hand(name: str) -> None:
    assert METRICS[name].compute(OUTCOME, SCORE, 0.5) == pytest.approx(BY_HAND[name])


@pytest.mark.parametrize("ties", [False, True])
def test_metrics_agree_with_scikit_learn(ties: bool) -> None:
    random = np.random.default_rng(0)
    outcome = (random.random(500) < 0.3).astype(np.int64)
    score = np.clip(random.normal(0.3 + 0.2 * outcome, 0.2), 0.01, 0.99)
    score = score.round(1) if ties else score
    decided = score >= 0.4
    expected = {
        "roc_auc": sklearn_metrics.roc_auc_score(outcome, score),
        "average_precision": sklearn_metrics.average_precision_score(outcome, score),
        "log_loss": sklearn_metrics.log_loss(outcome, np.clip(score, 1e-15, 1 - 1e-15)),
        "brier": sklearn_metrics.brier_score_loss(outcome, score),
        "accuracy": sklearn_metrics.accuracy_score(outcome, decided),
        "precision": sklearn_metrics.precision_score(outcome, decided),
        "recall": sklearn_metrics.recall_score(outcome, decided),
        "f1": sklearn_metrics.f1_score(outcome, decided),
    }
    found = {name: METRICS[name].compute(outcome, score, 0.4) for name in expected}
    assert found == pytest.approx(expected)


@pytest.mark.parametrize("name", ["roc_auc", "ks"])
def test_one_class_only_is_not_a_number(name: str) -> None:
    assert math.isnan(METRICS[name].compute(np.ones(3), np.array([0.1, 0.2, 0.3]), 0.5))


@pytest.mark.parametrize("name", sorted(METRICS))
def test_no_rows_is_not_a_number(name: str) -> None:
    assert math.isnan(METRICS[name].compute(np.array([]), np.array([]), 0.5))


def test_equal_values_share_their_rank() -> None:
    assert average_ranks(np.array([3.0, 1.0, 3.0, 2.0])).tolist() == [3.5, 1.0, 3.5, 2.0]


def test_a_perfect_score_is_well_calibrated_and_separated() -> None:
    outcome = np.array([0, 0, 1, 1])
    assert METRICS["ks"].compute(outcome, outcome.astype(float), 0.5) == 1.0
    assert METRICS["ece"].compute(outcome, outcome.astype(float), 0.5) == 0.0
