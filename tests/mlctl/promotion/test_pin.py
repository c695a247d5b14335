"""Only the two lines of the pin change, whatever the rest of the file looks like."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from mlctl.errors import InputError
from mlctl.promotion.pin import Pin, pin_in, with_pin
from tests.mlctl.promotion.conftest import SOURCE

FILE = Path("dev.yaml")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "models:\n  m:\n    version: # set by x\n    mode: a\n",
            "models:\n  m:\n    version: 3 # set by x\n    previous_version: 2\n    mode: a\n",
        ),
        ("models:\n  m:\n    version:\n", "models:\n  m:\n    version: 3\n    previous_version: 2\n"),
        ("models:\n  m:\n    version: 2", "models:\n  m:\n    version: 3\n    previous_version: 2\n"),
        ("models:\n  m:\n    mode: 'a'  # why\n", "models:\n  m:\n    version: 3\n    previous_version: 2\n    mode: 'a'  # why\n"),
        ("models: {m: {version: 2, mode: a}}\n", "models: {m: {version: 3, previous_version: 2, mode: a}}\n"),
        ("models: {m: {mode: a}}\n", "models: {m: {version: 3, previous_version: 2, mode: a}}\n"),
        ("models:\n  m: {version: , mode: a}\n", "models:\n  m: {version: 3, previous_version: 2 , mode: a}\n"),
        ("models:\r\n  m:\r\n    version: 2\r\n", "models:\r\n  m:\r\n    version: 3\r\n    previous_version: 2\r\n"),
        ("models:\n  m:\n    previous_version: 1\n    version: 2\n", "models:\n  m:\n    previous_version: 2\n    version: 3\n"),
    ],
)
def test_the_text_around_stays(before: str, after: str) -> None:
    changed = with_pin(before, FILE, "m", Pin(version=3, previous=2))
    assert yaml.safe_load(changed) == yaml.safe_load(after)
    if before != "models:\n  m: {version: , mode: a}\n":
        assert changed == after


@pytest.mark.parametrize("name", ["dev", "staging", "prod"])
@pytest.mark.parametrize("model", ["churn", "credit-risk"])
def test_shipped_environments_change_in_two_lines(name: str, model: str) -> None:
    path = SOURCE / "environments" / f"{name}.yaml"
    before = path.read_text()
    after = with_pin(before, path, model, Pin(version=3, previous=2))
    old, new = before.splitlines(), after.splitlines()
    assert len([line for line in old if line not in new]) <= 2
    assert [line for line in new if line not in old][-1].strip() == "previous_version: 2"
    assert len(new) - len(old) in (0, 1)
    assert pin_in(after, path, model) == Pin(version=3, previous=2)
    assert pin_in(with_pin(after, path, model, Pin(version=2, previous=None)), path, model) == Pin(version=2, previous=None)


def test_a_merge_conflict_is_named_with_its_line() -> None:
    text = "models:\n  m:\n<<<<<<< ours\n    version: 2\n=======\n    version: 3\n>>>>>>> theirs\n"
    with pytest.raises(InputError, match=r"dev\.yaml:3: a merge conflict stands here"):
        with_pin(text, FILE, "m", Pin(version=3, previous=2))


def test_an_unknown_model_names_the_known_ones() -> None:
    with pytest.raises(InputError, match="there is no model 'x' here; allowed: m"):
        with_pin("models:\n  m:\n    version: 1\n", FILE, "x", Pin(version=3, previous=2))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "models:\n  m:\n    version: 2\n    challenger: # on trial\n      version: 3\n      weight_percent: 10\n    mode: a\n",
            "models:\n  m:\n    version: 2\n    mode: a\n",
        ),
        ("models:\n  m:\n    version: 2\n    challenger:\n      version: 3\n", "models:\n  m:\n    version: 2\n"),
        (
            "models:\n  m:\n    version: 2\n    challenger: {version: 3}\n  n:\n    version: 1\n",
            "models:\n  m:\n    version: 2\n  n:\n    version: 1\n",
        ),
        (
            "models:\n  m:\n    version: 2\n    challenger:\n      version: 3\n\n# the others\nbudgets: 1\n",
            "models:\n  m:\n    version: 2\n\n# the others\nbudgets: 1\n",
        ),
        ("models: {m: {version: 2, challenger: {version: 3}, mode: a}}\n", "models: {m: {version: 2, mode: a}}\n"),
        ("models: {m: {challenger: {version: 3}, version: 2}}\n", "models: {m: {version: 2}}\n"),
    ],
)
def test_a_challenger_is_withdrawn(before: str, after: str) -> None:
    assert pin_in(before, FILE, "m") == Pin(version=2, previous=None, challenger=3)
    assert with_pin(before, FILE, "m", Pin(version=2, previous=None, challenger=3)) == before
    assert with_pin(before, FILE, "m", Pin(version=2, previous=None)) == after
