"""Every drift metric against values computed by hand or by scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from ml.fairness.rates import Rate
from ml.monitoring import chi_squared, concept_drift, data_quality, fairness_over_time, ks, performance, prediction_drift, psi
from ml.monitoring.metric import Direction
from ml.monitoring.sketch import CategoricalSketch, NumericSketch, numeric_reference
from ml.monitoring.verdict import Verdict

pytestmark = pytest.mark.ml


def sketches(reference: np.ndarray, current: np.ndarray) -> tuple[NumericSketch, NumericSketch]:
    old = numeric_reference(reference).add(reference)
    return old, old.empty().add(current)


def test_psi_by_hand() -> None:
    # shares 0.5/0.5 against 0.25/0.75: (0.25-0.5)ln(0.5) + (0.75-0.5)ln(1.5)
    value = psi.psi(np.array([50, 50]), np.array([25, 75]))
    assert value == pytest.approx(0.25 * math.log(2) + 0.25 * math.log(1.5), abs=1e-12)


def test_psi_of_an_empty_bucket_uses_the_floor() -> None:
    value = psi.psi(np.array([50, 50]), np.array([100, 0]))
    assert value == pytest.approx(0.5 * math.log(2) + (1e-4 - 0.5) * math.log(1e-4 / 0.5), abs=1e-12)


def test_psi_cuts_a_number_at_the_deciles_of_the_reference() -> None:
    reference = np.arange(1000.0)
    current = np.arange(1000.0) * 0.499  # the five lower deciles hold everything
    result = psi.evaluate("income", *sketches(reference, current))
    expected = 5 * (0.2 - 0.1) * math.log(2) + 5 * (1e-4 - 0.1) * math.log(1e-4 / 0.1)
    assert result.value == pytest.approx(expected, rel=0.01)
    assert result.verdict is Verdict.DRIFT


def test_psi_sees_a_column_that_stopped_arriving() -> None:
    reference = np.arange(1000.0)
    current = np.where(np.arange(1000) % 2 == 0, np.nan, reference)
    result = psi.evaluate("savings", *sketches(reference, current))
    assert result.value is not None
    assert result.value > 0.5 * math.log(0.5 / 1e-4) * 0.99
    assert result.verdict is Verdict.DRIFT


def test_psi_of_a_flag_with_two_values() -> None:
    reference, current = np.repeat([0.0, 1.0], [80, 20]), np.repeat([0.0, 1.0], [50, 50])
    expected = psi.psi(np.array([80, 20]), np.array([50, 50]))
    assert psi.evaluate("flag", *sketches(reference, current)).value == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("shift", [0.0, 0.1, 0.7])
def test_ks_agrees_with_scipy(shift: float) -> None:
    random = np.random.default_rng(3)
    reference, current = random.normal(size=20_000), random.normal(shift, 1.2, size=7_000)
    exact = stats.ks_2samp(reference, current, method="asymp")
    result = ks.evaluate("x", *sketches(reference, current))
    assert result.value is not None
    assert exact.statistic - 1 / 500 - 1 / 7000 <= result.value <= exact.statistic
    # scipy's asymptotic p-value is of the effective size rounded to a whole number
    assert ks.ks_p_value(exact.statistic, 20_000, 7_000) == pytest.approx(exact.pvalue, rel=0.1, abs=1e-12)


def test_ks_with_ties_is_exact() -> None:
    reference, current = np.repeat([1.0, 2, 3], [50, 30, 20]), np.repeat([1.0, 2, 3], [20, 30, 50])
    assert ks.evaluate("n", *sketches(reference, current)).value == pytest.approx(0.3, abs=1e-12)


def test_ks_p_value_of_a_tiny_statistic_is_one() -> None:
    assert ks.ks_p_value(0.0, 100, 100) == 1.0
    assert ks.ks_p_value(0.2 * math.sqrt(2 / 100) * 1.01, 100, 100) == pytest.approx(1.0, abs=1e-9)


def test_chi_squared_agrees_with_scipy() -> None:
    left, right = np.array([120, 90, 40]), np.array([60, 80, 55])
    expected = stats.chi2_contingency(np.vstack([left, right]), correction=False)
    assert chi_squared.chi_squared(left, right) == pytest.approx(expected.statistic, rel=1e-12)
    old = CategoricalSketch(counts={"a": 120, "b": 90, "c": 40})
    new = CategoricalSketch(counts={"a": 60, "b": 80, "c": 55})
    result = chi_squared.evaluate("purpose", old, new)
    assert result.value == pytest.approx(expected.pvalue, rel=1e-9)
    assert result.verdict is Verdict.DRIFT


def test_difference_of_categories_by_hand() -> None:
    assert chi_squared.difference(np.array([10, 0]), np.array([0, 3])) == pytest.approx(1.0)
    assert chi_squared.difference(np.array([10, 10]), np.array([400, 400])) == 0.0
    # shares 0.5/0.5 and 0.25/0.75: sqrt((0.0625/0.75 + 0.0625/1.25) / 2)
    assert chi_squared.difference(np.array([1, 1]), np.array([1, 3])) == pytest.approx(math.sqrt((1 / 12 + 0.05) / 2))


def test_chi_squared_ignores_a_significant_but_tiny_difference() -> None:
    old = CategoricalSketch(counts={"a": 5_000_000, "b": 5_000_000})
    new = CategoricalSketch(counts={"a": 5_020_000, "b": 4_980_000})
    result = chi_squared.evaluate("channel", old, new)
    assert result.value is not None
    assert result.value < 1e-6
    assert result.verdict is Verdict.OK
    assert "too small to count" in result.reason


def test_chi_squared_pools_rare_categories() -> None:
    left, right = chi_squared.pooled(np.array([100, 2, 1]), np.array([100, 0, 3]))
    assert left.tolist() == [100, 3]
    assert right.tolist() == [100, 3]


def test_chi_squared_sees_a_new_category() -> None:
    old = CategoricalSketch(counts={"a": 500, "b": 500})
    new = CategoricalSketch(counts={"a": 400, "b": 400, "c": 200})
    assert chi_squared.evaluate("plan", old, new).verdict is Verdict.DRIFT


def test_prediction_drift_is_the_psi_of_the_scores() -> None:
    random = np.random.default_rng(0)
    old, new = sketches(random.beta(2, 5, 5000), random.beta(5, 2, 5000))
    result = prediction_drift.evaluate(old, new)
    assert result.value == psi.psi(*psi.coarse(old, new))
    assert result.verdict is Verdict.DRIFT
    assert prediction_drift.evaluate(old, old).value == 0.0


def accuracy(labels: np.ndarray, scores: np.ndarray) -> float:
    return float(np.mean((scores >= 0.5) == labels))


def outcomes(right: int, wrong: int) -> tuple[np.ndarray, np.ndarray]:
    labels = np.tile([0, 1], (right + wrong) // 2)
    scores = np.where(np.arange(labels.size) < right, labels, 1 - labels).astype(float)
    return labels, scores


def test_performance_is_the_fall_of_the_metric() -> None:
    labels, scores = outcomes(700, 300)
    result = performance.evaluate("accuracy", accuracy, labels, scores, reference_value=0.9, reference_rows=1000, higher_is_better=True)
    assert result.value == pytest.approx(0.2)
    assert result.verdict is Verdict.DRIFT
    lower = performance.evaluate("loss", accuracy, labels, scores, reference_value=0.9, reference_rows=1000, higher_is_better=False)
    assert lower.value == pytest.approx(-0.2)
    assert lower.verdict is Verdict.OK


def test_performance_within_chance_is_not_drift() -> None:
    labels, scores = outcomes(172, 28)  # 0.86 of 200 with a standard error of 0.025
    result = performance.evaluate(
        "accuracy", accuracy, labels, scores, reference_value=0.88, reference_rows=1000, higher_is_better=True, threshold=0.01
    )
    assert result.value == pytest.approx(0.02)
    assert result.verdict is Verdict.OK
    assert "within chance" in result.reason


def test_performance_without_outcomes_or_of_one_class_is_not_evaluated() -> None:
    for labels in (np.empty(0, np.int64), np.zeros(300, np.int64)):
        result = performance.evaluate(
            "accuracy", accuracy, labels, labels * 1.0, reference_value=0.9, reference_rows=10_000, higher_is_better=True
        )
        assert result.verdict is Verdict.NOT_EVALUATED


def test_calibration_error_by_hand() -> None:
    # twenty rows, ten bands of two: ten rows score 0.2 with event rate 0.5, ten score 0.8 with event rate 1.0
    scores = np.repeat([0.2, 0.8], 10)
    labels = np.concatenate([np.tile([0, 1], 5), np.ones(10)]).astype(np.int64)
    assert concept_drift.calibration_error(labels, scores) == pytest.approx(0.5 * 0.3 + 0.5 * 0.2)


def test_hosmer_lemeshow_by_hand() -> None:
    scores = np.full(100, 0.5)
    labels = np.concatenate([np.ones(60), np.zeros(40)]).astype(np.int64)
    # bands in stable order: six of all ones, four of all zeros; each (10-5)^2 / (5 * 0.5) = 10
    statistic, p_value = concept_drift.hosmer_lemeshow(labels, scores)
    assert statistic == pytest.approx(100.0)
    assert p_value == pytest.approx(stats.chi2.sf(100.0, 10))


def test_concept_drift_is_seen_and_a_calibrated_window_is_ok() -> None:
    random = np.random.default_rng(5)
    scores = random.uniform(0.05, 0.6, 3000)
    good = (random.uniform(size=3000) < scores).astype(np.int64)
    bad = (random.uniform(size=3000) < np.minimum(1, scores + 0.25)).astype(np.int64)
    assert concept_drift.evaluate(good, scores, reference_rows=3000).verdict is Verdict.OK
    assert concept_drift.evaluate(bad, scores, reference_rows=3000).verdict is Verdict.DRIFT


def test_bad_rows() -> None:
    assert data_quality.evaluate_bad_rows(5, 100).verdict is Verdict.OK  # exactly at the threshold
    result = data_quality.evaluate_bad_rows(6, 100)
    assert (result.value, result.verdict) == (0.06, Verdict.DRIFT)
    assert data_quality.evaluate_bad_rows(0, 0).verdict is Verdict.NOT_EVALUATED


def test_missing_is_the_rise_of_the_share() -> None:
    reference = np.where(np.arange(1000) < 100, np.nan, 1.0)
    current = np.where(np.arange(1000) < 250, np.nan, 1.0)
    result = data_quality.evaluate_missing("savings", *sketches(reference, current))
    assert result.value == pytest.approx(0.15)
    assert result.verdict is Verdict.DRIFT


def test_adverse_impact_ratio_by_hand() -> None:
    groups = np.repeat(["a", "b", "c"], [100, 100, 10])
    favourable = np.concatenate([np.arange(100) < 50, np.arange(100) < 30, np.zeros(10, bool)])
    result = fairness_over_time.evaluate("sex", rates_of(groups, favourable), minimum_group=50)
    assert result.value == pytest.approx(0.6)
    assert result.verdict is Verdict.DRIFT
    assert "too small to judge: c" in result.reason


def test_chance_of_a_gap_agrees_with_scipy() -> None:
    """Adjusted for the three pairs of three groups, as in training."""
    rates = [Rate(group="a", count=30, of=80), Rate(group="b", count=60, of=120), Rate(group="c", count=45, of=100)]
    result = fairness_over_time.evaluate("sex", rates, minimum_group=10)
    assert result.value == pytest.approx(0.375 / 0.5)
    assert result.p_value == pytest.approx(3 * stats.fisher_exact([[30, 50], [60, 60]]).pvalue, rel=1e-9)


def test_a_group_that_is_surely_worse_off_is_not_hidden_by_a_small_one_below_it() -> None:
    rates = [Rate(group="a", count=500, of=1000), Rate(group="b", count=300, of=1000), Rate(group="small", count=2, of=10)]
    result = fairness_over_time.evaluate("sex", rates, minimum_group=10)
    assert (result.value, result.verdict) == (pytest.approx(0.6), Verdict.DRIFT)


def rates_of(groups: np.ndarray, favourable: np.ndarray) -> list[Rate]:
    names = sorted(set(groups.tolist()))
    return [Rate(group=name, count=int(favourable[groups == name].sum()), of=int((groups == name).sum())) for name in names]


def test_a_gap_within_chance_is_not_drift() -> None:
    groups = np.repeat(["a", "b"], 20)
    favourable = np.concatenate([np.arange(20) < 10, np.arange(20) < 7])
    result = fairness_over_time.evaluate("sex", rates_of(groups, favourable), minimum_group=10)
    assert result.value == pytest.approx(0.7)
    assert result.verdict is Verdict.OK


def test_fairness_with_one_large_group_or_no_selection_is_not_evaluated() -> None:
    groups = np.repeat(["a", "b"], [100, 10])
    one = fairness_over_time.evaluate("sex", rates_of(groups, np.ones(110, bool)), minimum_group=50)
    assert one.verdict is Verdict.NOT_EVALUATED
    none = fairness_over_time.evaluate("sex", rates_of(groups, np.zeros(110, bool)), minimum_group=5)
    assert none.verdict is Verdict.NOT_EVALUATED


@pytest.mark.parametrize(
    ("metric", "direction", "threshold"),
    [
        (psi.METRIC, Direction.ABOVE, 0.2),
        (ks.METRIC, Direction.ABOVE, 0.15),
        (chi_squared.METRIC, Direction.BELOW, 0.001),
        (prediction_drift.METRIC, Direction.ABOVE, 0.2),
        (performance.METRIC, Direction.ABOVE, 0.05),
        (concept_drift.METRIC, Direction.ABOVE, 0.1),
        (data_quality.BAD_ROWS, Direction.ABOVE, 0.05),
        (data_quality.MISSING, Direction.ABOVE, 0.05),
        (fairness_over_time.METRIC, Direction.BELOW, 0.8),
    ],
)
def test_declarations(metric: psi.Metric, direction: Direction, threshold: float) -> None:
    assert (metric.direction, metric.default_threshold) == (direction, threshold)
    assert metric.inputs
    few = metric.judge(5.0, feature="x", reference_rows=metric.minimum_rows - 1, current_rows=10**6)
    assert few.verdict is Verdict.NOT_EVALUATED
    assert few.value is None


def test_too_few_rows_is_not_ok() -> None:
    result = ks.evaluate("x", *sketches(np.arange(1000.0), np.arange(50.0)), minimum_rows=200)
    assert result.verdict is Verdict.NOT_EVALUATED
    assert result.reason == "50 rows; ks needs at least 200 on each side"
