"""Gates, segments and the champion: three verdicts, on the estimate or on the worse end of the interval."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml.evaluation.bootstrap import Interval, draws, interval
from ml.evaluation.calibration import calibration_bins
from ml.evaluation.gates import judge_champion, judge_gates, judge_segments, worst
from ml.spec import ModelSpec, load_spec
from ml.spec_rules import Gate


def spec_with(*gates: dict[str, Any]) -> ModelSpec:
    return load_spec("churn").model_copy(update={"gates": tuple(Gate.model_validate(gate) for gate in gates)})


def rows(count: int, seed: int = 0) -> tuple[Any, Any]:
    random = np.random.default_rng(seed)
    outcome = (random.random(count) < 0.4).astype(np.int64)
    return outcome, np.clip(random.normal(0.35 + 0.2 * outcome, 0.2), 0, 1)


def test_the_interval_of_a_mean_is_the_textbook_one() -> None:
    values = np.random.default_rng(1).normal(10, 2, 400)
    found = interval(lambda chosen: float(values[chosen].mean()), draws(400, resamples=2000, seed=1))
    half = 1.96 * values.std() / 20
    assert found.estimate == pytest.approx(values.mean())
    assert (found.low, found.high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.03)


def test_a_figure_that_is_rarely_defined_has_no_interval() -> None:
    outcome = np.array([1] + [0] * 9)
    found = interval(lambda chosen: 1.0 if outcome[chosen].any() else float("nan"), draws(10))
    assert found == Interval(estimate=1.0, low=None, high=None)


def test_a_gate_on_the_bound_is_stricter_than_on_the_estimate() -> None:
    outcome, score = rows(300)
    auc = judge_gates(spec_with({"metric": "roc_auc", "threshold": 0.5, "direction": "at_least"}), outcome, score)[0]
    assert auc.interval.estimate is not None and auc.interval.low is not None
    between = (auc.interval.estimate + auc.interval.low) / 2
    gate = {"metric": "roc_auc", "threshold": between, "direction": "at_least"}
    both = judge_gates(spec_with(gate, {**gate, "judged_on": "bound"}), outcome, score)
    assert [item.verdict for item in both] == ["pass", "fail"]


def test_at_most_is_judged_on_the_upper_end() -> None:
    outcome, score = rows(300)
    gate = {"metric": "brier", "threshold": 0.0, "direction": "at_most"}
    found = judge_gates(spec_with(gate), outcome, score)[0].interval
    assert found.high is not None and found.estimate is not None
    limit = (found.estimate + found.high) / 2
    verdicts = [
        item.verdict
        for item in judge_gates(spec_with({**gate, "threshold": limit}, {**gate, "threshold": limit, "judged_on": "bound"}), outcome, score)
    ]
    assert verdicts == ["pass", "fail"]


def test_one_class_is_not_evaluated_and_never_passes() -> None:
    gate = {"metric": "roc_auc", "threshold": 0.1, "direction": "at_least"}
    found = judge_gates(spec_with(gate), np.ones(500), np.linspace(0, 1, 500))
    assert [item.verdict for item in found] == ["not_evaluated"]
    assert worst(["pass", "not_evaluated"]) == "not_evaluated"
    assert worst(["fail", "not_evaluated", "pass"]) == "fail"
    assert worst(["pass", "pass"]) == "pass"
    assert worst([]) == "not_evaluated"


def test_fewer_rows_than_a_group_needs_pass_no_gate() -> None:
    gate = {"metric": "roc_auc", "threshold": 0.1, "direction": "at_least"}
    spec = spec_with(gate)
    outcome, score = rows(spec.fairness.minimum_group)
    assert [item.verdict for item in judge_gates(spec, outcome, score)] == ["pass"]
    found = judge_gates(spec, outcome[1:], score[1:])
    assert [item.verdict for item in found] == ["not_evaluated"]
    assert f"{spec.fairness.minimum_group - 1} rows, or they are too few" in found[0].detail


def test_a_segment_that_is_surely_worse_fails_and_a_small_one_is_not_evaluated() -> None:
    outcome, score = rows(600)
    table = pd.DataFrame({"plan": ["basic"] * 300 + ["premium"] * 290 + ["family"] * 10, "region": "coastal"})
    score[:300] = 1 - score[:300]
    spec = spec_with({"metric": "roc_auc", "threshold": 0.7, "direction": "at_least"})
    found = {item.scope: item.verdict for item in judge_segments(spec, table, outcome, score)}
    assert found == {
        "plan=basic": "fail",
        "plan=premium": "pass",
        "plan=family": "not_evaluated",
        "region=coastal": "fail",
    }


def test_a_candidate_may_be_worse_by_the_tolerance_only() -> None:
    outcome, score = rows(500)
    noise = np.clip(score + np.random.default_rng(4).normal(0, 0.3, 500), 0, 1)
    spec = load_spec("churn")
    assert judge_champion(spec, outcome, score, None).detail == "there is no champion yet"
    assert judge_champion(spec, outcome, score, score).interval == Interval(estimate=0.0, low=0.0, high=0.0)
    assert judge_champion(spec, outcome, score, noise).verdict == "pass"
    assert judge_champion(spec, outcome, noise, score).verdict == "fail"


def test_calibration_bins_by_hand() -> None:
    bins = calibration_bins(np.array([1, 0, 1, 1]), np.array([0.11, 0.19, 0.95, 1.0]))
    found = [(item.low, item.high, item.rows, round(item.mean_score, 3), item.share_of_ones) for item in bins]
    assert found == [(0.1, 0.2, 2, 0.15, 0.5), (0.9, 1.0, 2, 0.975, 1.0)]
