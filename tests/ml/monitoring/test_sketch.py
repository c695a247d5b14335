"""Sketches count every value once, however they are cut up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from ml.monitoring import ks, psi
from ml.monitoring.sketch import MAX_CATEGORIES, OTHER, CategoricalSketch, numeric_reference
from ml.monitoring.verdict import Verdict

pytestmark = pytest.mark.ml
VALUES = st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=200)


@given(reference=VALUES, current=VALUES)
@settings(max_examples=200, deadline=None)
def test_counts_agree_with_a_plain_loop(reference: list[float], current: list[float]) -> None:
    sketch = numeric_reference(reference, bins=8).empty().add(current)
    expected = [0] * (sketch.edges.size + 1)
    finite = [value for value in current if np.isfinite(value)]
    for value in finite:
        expected[sum(value > edge for edge in sketch.edges)] += 1
    assert sketch.counts.tolist() == expected
    assert sketch.missing == len(current) - len(finite)


def test_parts_add_up_to_the_whole() -> None:
    values = np.random.default_rng(0).normal(size=200_001)
    empty = numeric_reference(values[:5000])
    whole, parts = empty.add(values), empty
    for part in np.array_split(values, 17):
        parts = parts.add(part)
    assert whole.rows == 200_001
    assert whole.counts.tolist() == parts.counts.tolist()


def test_a_constant_and_an_empty_column() -> None:
    assert numeric_reference([3.0] * 50).add([3.0, 4.0, 2.0]).counts.tolist() == [1, 1, 1]
    empty = numeric_reference([np.nan])
    assert empty.add([1.0, np.nan]).counts.tolist() == [1]


def test_categories_beyond_the_limit_are_counted_together() -> None:
    sketch = CategoricalSketch().add_counts({f"c{index}": 1 for index in range(MAX_CATEGORIES + 5)})
    assert len(sketch.counts) == MAX_CATEGORIES + 1
    assert sketch.counts[OTHER] == 5
    assert sketch.rows == MAX_CATEGORIES + 5


@pytest.mark.parametrize(
    ("reference", "current"),
    [
        (np.ones(1000), np.zeros(1000)),
        (np.ones(1000), np.full(1000, 2.0)),
        (np.append(np.zeros(900), np.arange(100) + 1.0), np.full(1000, -5.0)),
        (np.repeat([0.0, 1.0], 500), np.repeat([-1.0, 1.0], 500)),
        (np.repeat([0.0, 1.0, 2.0], 500), np.repeat([0.0, 0.5, 2.0], 500)),
    ],
)
def test_a_shift_away_from_a_value_that_comes_often_is_seen(reference: NDArray[np.float64], current: NDArray[np.float64]) -> None:
    """Downwards as well as upwards; a feature that was constant and became another constant has drifted as far as can be."""
    sketch = numeric_reference(reference)
    old, new = sketch.add(reference), sketch.add(current)
    assert ks.evaluate("x", old, new).value == pytest.approx(ks_2samp(reference, current).statistic)
    assert ks.evaluate("x", old, new).verdict is Verdict.DRIFT
    assert psi.evaluate("x", old, new).verdict is Verdict.DRIFT


@given(seed=st.integers(0, 10_000))
@settings(max_examples=60, deadline=None)
def test_ks_falls_short_of_the_exact_statistic_by_less_than_a_cell(seed: int) -> None:
    random = np.random.default_rng(seed)
    reference, current = random.normal(size=3000), random.normal(random.random() / 2, 1 + random.random(), 2000)
    decimals = random.choice([0, 1, 2, 8])
    reference, current = reference.round(decimals), current.round(decimals)
    sketch = numeric_reference(reference)
    value = ks.evaluate("x", sketch.add(reference), sketch.add(current)).value
    exact = ks_2samp(reference, current).statistic
    assert value is not None and exact - 2 / 500 - 1e-9 <= value <= exact + 1e-9
