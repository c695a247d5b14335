"""The streamed drift agrees with scipy on whole columns, and sees the column that moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import drift

pytestmark = [pytest.mark.ml]


def test_streamed_and_whole_agree(tmp_path: Path) -> None:
    drift.write(tmp_path / "reference.parquet", 20_000, seed=1, shift=0.0)
    drift.write(tmp_path / "current.parquet", 30_000, seed=2, shift=0.5)
    ours = drift.streamed(tmp_path / "reference.parquet", tmp_path / "current.parquet")
    exact = drift.sorted_whole(tmp_path / "reference.parquet", tmp_path / "current.parquet")
    assert max(abs(ours[name] - value) for name, value in exact.items()) < 0.003
    assert max(exact, key=lambda name: exact[name]) == "ks:number_0" and ours["psi:number_0"] > 0.2
    assert {name.partition(":")[0] for name in ours} == {"psi", "ks", "chi"}
