"""Where boxes stand: columns by hand, lines without shortcuts, few crossings."""

from __future__ import annotations

import pytest

from mlctl.workflow.view.layers import layers_of


def test_a_diamond() -> None:
    layers = layers_of({"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]})
    assert layers.places == {"a": (0, 0.0), "b": (1, -0.5), "c": (1, 0.5), "d": (2, 0.0)}
    assert layers.lines == [
        [(0, 0.0), (1, -0.5)],
        [(0, 0.0), (1, 0.5)],
        [(1, -0.5), (2, 0.0)],
        [(1, 0.5), (2, 0.0)],
    ]


def test_a_wait_that_follows_from_others_is_not_drawn() -> None:
    layers = layers_of({"a": [], "b": ["a"], "c": ["a", "b"]})
    assert layers.lines == [[(0, 0.0), (1, 0.0)], [(1, 0.0), (2, 0.0)]]


def test_a_long_line_has_a_row_of_its_own_in_every_column_it_crosses() -> None:
    layers = layers_of({"a": [], "b": ["a"], "c": ["b"], "far": [], "end": ["c", "far"]})
    [long] = [line for line in layers.lines if len(line) > 2]
    assert [column for column, _ in long] == [0, 1, 2, 3]
    assert not set(long[1:-1]) & set(layers.places.values())


def test_lines_do_not_cross_where_they_need_not() -> None:
    layers = layers_of({"a": [], "b": [], "x": ["b"], "y": ["a"]})
    rows = {name: row for name, (_, row) in layers.places.items()}
    assert (rows["a"] < rows["b"]) == (rows["y"] < rows["x"])


def test_what_is_not_there_is_not_waited_for() -> None:
    assert layers_of({"a": ["gone"]}).lines == []
    assert layers_of({}).places == {}


@pytest.mark.parametrize("length", [2000])
def test_a_long_chain_is_laid_out(length: int) -> None:
    waits = {f"s{number}": [f"s{number - 1}"] if number else [] for number in range(length)}
    assert layers_of(waits).places["s1999"] == (1999, 0.0)
