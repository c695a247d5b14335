"""Options of a step that cannot be: one sentence with the option, its value and what is allowed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml import pipeline
from ml.errors import InputError

WriteThird = Callable[..., Path]


@pytest.mark.parametrize(
    ("knob", "value", "message"),
    [
        ("rows", -1, "knobs.rows: -1 is out of range; allowed: at least 1"),
        ("rows", 10**12, "knobs.rows: 1000000000000 is out of range; allowed: at most 5000000"),
        ("rows", "abc", "knobs.rows: 'abc' does not fit; allowed: a whole number"),
        ("rows", 1.5, "knobs.rows: 1.5 does not fit; allowed: a whole number"),
        ("rows", True, "knobs.rows: True does not fit; allowed: a whole number"),
        ("rows", [1], "knobs.rows: a list does not fit; allowed: a whole number"),
        ("seed", -1, "knobs.seed: -1 is out of range; allowed: at least 0"),
        ("bias", 2, "knobs.bias: 2 is out of range; allowed: at most 1"),
        ("bias", "nan", "knobs.bias: 'nan' does not fit; allowed: a finite number"),
        ("start", "2025-02-30", "knobs.start: '2025-02-30' does not fit; allowed: a date such as 2025-01-31"),
        ("start", "9999-01-01", "knobs.start: '9999-01-01' is out of range; allowed: less than 2200-01-01"),
        ("days", 10**9, "knobs.days: 1000000000 is out of range; allowed: at most 3660"),
        ("label_delay_days", 10**9, "knobs.label_delay_days: 1000000000 is out of range; allowed: at most 3660"),
    ],
)
def test_a_wrong_knob_is_named(knob: str, value: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        pipeline.ingest("credit-risk", tmp_path / "data", **{knob: value})
    assert str(caught.value) == message
    assert not (tmp_path / "data").exists(), "nothing was begun"


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("trials", 0, "training.trials: 0 is out of range; allowed: at least 1"),
        ("trials", "x", "training.trials: 'x' does not fit; allowed: a whole number"),
        ("seed", -1, "training.seed: -1 is out of range; allowed: at least 0"),
        ("engine", "spark", "training.engine: 'spark' is not one of the choices; allowed: 'local' or 'ray'"),
    ],
)
def test_a_wrong_training_option_is_named(option: str, value: Any, message: str, third_run: tuple[Path, Path], tmp_path: Path) -> None:
    model, folder = third_run
    with pytest.raises(InputError) as caught:
        pipeline.train(model, folder / "features", tmp_path / "bundle", **{option: value})
    assert str(caught.value) == message
    assert not (tmp_path / "bundle").exists()


@pytest.mark.parametrize("body", ["return 3", "raise RuntimeError('no rows today')", "1 / 0"])
def test_a_team_generator_that_fails_is_named(body: str, third: WriteThird, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "team_data.py").write_text(f"def generate(knobs):\n    {body}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "team_data", raising=False)
    model = third(replace=(("data: {csv: parcels.csv, events: scans.csv}", "data: {generator: 'team_data:generate'}"),))
    with pytest.raises(
        InputError, match=r"parcel-delay\.yaml: data\.generator: (team_data:generate failed|the generator returned no Tables)"
    ):
        pipeline.ingest(model, tmp_path / "data")
