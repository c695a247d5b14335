"""The quick look at a request accepts nothing that the contract refuses, and reads it the same way."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.contracts.check import check_rows
from ml.contracts.table import TableContract
from ml.errors import InputError
from ml.serving.request_check import check_request, quick_feed, typed_feed
from ml.spec_data import Column

pytestmark = pytest.mark.ml
CONTRACT = TableContract(
    name="test request",
    version="1.0",
    columns={
        "whole": Column(dtype="integer", minimum=-5, maximum=10),
        "part": Column(dtype="number", nullable=True, minimum=0),
        "word": Column(dtype="category", categories=("a", "b")),
        "flag": Column(dtype="boolean"),
    },
)
CELLS = st.sampled_from(
    [0, 1, -1, 3.5, 10, 11, -6, 1e17, float("nan"), float("inf"), None, True, False, "a", "b", "c", "", " ", "1", "x", "true"]
)


@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=4), st.booleans())
@settings(max_examples=600, deadline=None)
def test_what_the_quick_look_accepts_the_contract_accepts(rows: list[tuple[Any, ...]], plain: bool) -> None:
    frame = pd.DataFrame(rows, columns=list(CONTRACT.columns), dtype=None if plain else object)
    quick = quick_feed(CONTRACT, frame)
    if quick is None:
        return
    checked = check_rows(CONTRACT, frame)
    assert len(checked.bad) == 0
    slow = typed_feed(CONTRACT, checked.good)
    for name, values in quick.items():
        if values.dtype == object:
            assert values.tolist() == slow[name].tolist()
        else:
            np.testing.assert_array_equal(values, slow[name])


def good(rows: int = 3) -> pd.DataFrame:
    return pd.DataFrame({"whole": range(rows), "part": [0.5] * rows, "word": ["a"] * rows, "flag": [True] * rows})


def test_good_rows_take_the_quick_way() -> None:
    frame = good()
    frame.loc[1, "part"] = np.nan
    assert quick_feed(CONTRACT, frame) is not None
    assert quick_feed(CONTRACT, frame[["flag", "word", "part", "whole"]]) is not None


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("whole", 11, "whole: '11' is above 10"),
        ("whole", 1.5, "whole: '1.5' is not a whole number"),
        ("part", -1.0, "part: '-1.0' is below 0"),
        ("part", float("inf"), "part: 'inf' is not a number"),
        ("word", "c", "word: 'c' is not one of a, b"),
        ("word", None, "word: is missing"),
        ("flag", "maybe", "flag: 'maybe' is not true or false"),
    ],
)
def test_a_bad_row_is_told_apart(column: str, value: Any, reason: str) -> None:
    frame = good().astype({column: object})
    frame.loc[1, column] = value
    checked = check_request(CONTRACT, frame)
    assert checked.errors == {1: reason}
    assert checked.good.tolist() == [0, 2]
    assert checked.feed["whole"].tolist() == [[0.0], [2.0]]


def test_missing_and_unknown_columns_are_errors() -> None:
    with pytest.raises(InputError, match="the column\\(s\\) word are missing"):
        check_request(CONTRACT, good().drop(columns="word"))
    with pytest.raises(InputError, match="unknown column\\(s\\) height"):
        check_request(CONTRACT, good().assign(height=1))
