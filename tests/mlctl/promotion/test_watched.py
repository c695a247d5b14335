"""The groups a canary counts: those of the shipped model files, and the same labels as the fairness report and monitoring."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ml.fairness.groups import group_labels
from ml.spec import load_spec
from mlctl.config.yaml_file import read_yaml
from mlctl.errors import InputError
from mlctl.promotion.watched import Watched, groups_of, watched_of

MODELS = Path(__file__).parents[3] / "ml" / "models"
AGES = [17.9, 18, 29.999, 30, 44, 45, 61, 62, 110.5, 111, 1e9, float("inf"), float("nan"), None]
WORDS = ["female", "male", "undisclosed", "white", "black", "asian", "hispanic", None]


def watched(model: str) -> dict[str, Watched]:
    return {item.column: item for item in watched_of(read_yaml(MODELS / f"{model}.yaml").value)}


def test_the_shipped_regulated_model_is_watched_by_words_and_bands() -> None:
    found = watched("credit-risk")
    assert list(found) == ["sex", "race", "age"]
    assert groups_of({"sex": "female", "race": "undisclosed", "age": 45, "income": 1}, list(found.values())) == (
        "sex: female",
        "age: 45 to <62",
    )
    assert groups_of({"sex": "call me maybe", "age": "old", "race": ["white"]}, list(found.values())) == (), "no free text in evidence"
    assert groups_of({"age": "61.5"}, list(found.values())) == ("age: 45 to <62",), "as CSV has it"
    assert groups_of({"age": True, "sex": None}, list(found.values())) == ()
    assert watched("churn")["age_band"].group("65+") == "65+"


@pytest.mark.parametrize("model", ["credit-risk", "churn"])
def test_labels_are_those_of_the_fairness_report(model: str) -> None:
    found = watched(model)
    spec = load_spec(model)
    assert list(found) == [item.column for item in spec.monitored]
    for attribute in spec.monitored:
        words = list(spec.contract.columns[attribute.column].categories)
        values: list[Any] = AGES if attribute.bins else [*words, None]
        labels = group_labels(attribute, pd.Series(values, dtype="Float64" if attribute.bins else "object"))
        wanted = [None if label == "missing" or label in attribute.unstated else label for label in labels]
        assert [found[attribute.column].group(value) for value in values] == wanted
        assert len({label for label in wanted if label}) >= 2, "a comparison of nothing would pass"


def test_a_boolean_has_two_groups() -> None:
    [item] = watched_of({"monitored": ["helped"], "contract": {"columns": {"helped": {"dtype": "boolean"}}}})
    assert [item.group(value) for value in (True, False, "maybe", None)] == ["True", "False", None, None]


@pytest.mark.parametrize("item", [7, {"bins": [1, 2]}, "unknown", {"column": "age", "bins": ["a"]}, ["age"]])
def test_an_item_that_is_no_attribute_is_named(item: object) -> None:
    with pytest.raises(InputError, match=r"monitored\[0\]: .* is no attribute to watch; allowed: a column of the contract"):
        watched_of({"monitored": [item], "contract": {"columns": {"age": {"dtype": "integer"}}}})
