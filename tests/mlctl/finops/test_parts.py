"""Cutting CSV: wherever the cut falls, the rows are the same and the line numbers are right."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from mlctl.finops.read.parts import split

ROWS = [[f"a{number}", 'two\nlines, "quoted"\n', "é€"] for number in range(60)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "table.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, lineterminator="\n").writerows([["x", "header\nof two lines", "z"], *ROWS])
    return path


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 13, 21, 34, 200])
def test_every_cut_keeps_the_rows(table: Path, count: int) -> None:
    parts = split(table, count)
    assert [row for part in parts for row in csv.reader(part.lines(table), strict=True)] == ROWS
    assert parts[0].line == 2
    assert [first.end for first in parts[:-1]] == [second.begin for second in parts[1:]]
    text = table.read_bytes()
    assert [part.line for part in parts] == [text[: part.begin].count(b"\n") for part in parts]
    assert (len(parts) > 1) == (count > 1)


def test_a_header_alone(tmp_path: Path) -> None:
    path = tmp_path / "header.csv"
    path.write_text("a,b\n")
    assert [list(part.lines(path)) for part in split(path, 2)] == [[]]
    path.write_text("a,b")
    assert [list(part.lines(path)) for part in split(path, 2)] == [[]]
