"""Association from 0 to 1, by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from ml.fairness.association import association


def test_cramers_v_by_hand() -> None:
    # table [[30, 10], [10, 30]]: chi2 = 20, phi2 = 20/80 - 1/79, r' = k' = 2 - 1/79
    first = pd.Series(["a"] * 40 + ["b"] * 40)
    second = pd.Series(["x"] * 30 + ["y"] * 10 + ["x"] * 10 + ["y"] * 30)
    assert association(first, second) == pytest.approx(np.sqrt((20 / 80 - 1 / 79) / (1 - 1 / 79)))


def test_a_copy_has_association_one_and_noise_none() -> None:
    random = np.random.default_rng(0)
    group = pd.Series(random.choice(["a", "b", "c"], 3000))
    noise = pd.Series(random.choice(["x", "y"], 3000))
    copy, blind = association(group, group), association(group, noise)
    assert copy is not None and copy == pytest.approx(1.0)
    assert blind is not None and blind < 0.06


def test_a_number_and_a_group_give_the_gini() -> None:
    # 40 numbers of a, 40 of b; every a is below every b but for the 10 highest: AUC of b = (30*40) / (40*40) = .75
    numbers = pd.Series([*range(30), *range(100, 110), *range(50, 90)], dtype="float64")
    groups = pd.Series(["a"] * 40 + ["b"] * 40)
    assert association(numbers, groups) == pytest.approx(0.5)
    assert association(groups, numbers) == pytest.approx(0.5)


def test_two_numbers_give_the_rank_correlation() -> None:
    first = pd.Series(np.arange(100.0))
    assert association(first, -(first**3)) == pytest.approx(1.0)


def test_missing_cells_are_left_out_and_few_rows_are_not_judged() -> None:
    first = pd.Series([1.0] * 10 + [np.nan] * 90)
    assert association(first, pd.Series(["a"] * 50 + ["b"] * 50)) is None
    assert association(pd.Series([1.0] * 100), pd.Series(np.arange(100.0))) is None


def test_a_handful_of_rows_cannot_make_a_proxy() -> None:
    groups = pd.Series(["a"] * 500 + ["rare"] * 5)
    numbers = pd.Series([*np.random.default_rng(0).normal(0, 1, 500), *([9.0] * 5)])
    assert association(numbers, groups) is None
