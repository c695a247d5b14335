"""Sketches count every value once, however they are cut up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.monitoring.sketch import MAX_CATEGORIES, OTHER, CategoricalSketch, numeric_reference

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
    assert sketch.below == sum(value < sketch.minimum for value in finite)
    assert sketch.above == sum(value > sketch.maximum for value in finite)


def test_parts_add_up_to_the_whole() -> None:
    values = np.random.default_rng(0).normal(size=200_001)
    empty = numeric_reference(values[:5000])
    whole, parts = empty.add(values), empty
    for part in np.array_split(values, 17):
        parts = parts.add(part)
    assert whole.rows == 200_001
    assert whole.counts.tolist() == parts.counts.tolist()


def test_a_constant_and_an_empty_column() -> None:
    assert numeric_reference([3.0] * 50).add([3.0, 4.0, 2.0]).counts.tolist() == [2, 1]
    empty = numeric_reference([np.nan])
    assert empty.add([1.0, np.nan]).counts.tolist() == [1]


def test_categories_beyond_the_limit_are_counted_together() -> None:
    sketch = CategoricalSketch().add_counts({f"c{index}": 1 for index in range(MAX_CATEGORIES + 5)})
    assert len(sketch.counts) == MAX_CATEGORIES + 1
    assert sketch.counts[OTHER] == 5
    assert sketch.rows == MAX_CATEGORIES + 5
