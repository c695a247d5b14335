"""Rates by group, by hand; small groups; and a model of biased data is blocked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml import pipeline
from ml.fairness.groups import group_labels
from ml.fairness.report import judge_fairness
from ml.spec import ModelSpec, load_spec
from ml.spec_data import Attribute
from ml.spec_rules import Fairness


def people(*groups: tuple[str, int, int, int, int]) -> tuple[pd.DataFrame, Any, Any]:
    """Make rows from (sex, repaid and approved, repaid and declined, defaulted and approved, defaulted and declined)."""
    sex: list[str] = []
    outcome: list[int] = []
    score: list[float] = []
    for name, *counts in groups:
        for count, defaulted, given in zip(counts, (0, 0, 1, 1), (0.1, 0.9, 0.1, 0.9), strict=True):
            sex += [name] * count
            outcome += [defaulted] * count
            score += [given] * count
    return pd.DataFrame({"sex": sex, "race": "white"}), np.array(outcome), np.array(score)


@pytest.fixture
def spec() -> ModelSpec:
    return load_spec("credit-risk").model_copy(
        update={
            "monitored": (Attribute(column="sex"),),
            "fairness": Fairness(adverse_impact_ratio=0.8, equalised_odds_difference=0.2, minimum_group=10),
        }
    )


def test_rates_by_hand(spec: ModelSpec) -> None:
    # male: 600 of 1000 approved; female: 450 of 1000. Hit rates 500/600 and 400/700; false rates 100/400 and 50/300.
    rows, outcome, score = people(("male", 500, 100, 100, 300), ("female", 400, 300, 50, 250))
    found = judge_fairness(spec, rows, outcome, score).attributes[0]
    rates = {group.name: (group.rows, group.selection_rate, group.true_positive_rate, group.false_positive_rate) for group in found.groups}
    assert rates["male"] == (1000, 0.6, pytest.approx(50 / 60), pytest.approx(0.25))
    assert rates["female"] == (1000, 0.45, pytest.approx(40 / 70), pytest.approx(5 / 30))
    assert found.adverse_impact_ratio == pytest.approx(0.75)
    assert found.equalised_odds_difference == pytest.approx(50 / 60 - 40 / 70)
    assert found.verdict == "fail"
    chosen, hit, *more = found.detail.removeprefix("sex: ").split("; ")
    assert chosen.startswith("adverse-impact ratio 0.75 (95 % between 0.69 and 0.82) of female beside male is below 0.8, and not by chance")
    assert hit.startswith("equalised-odds difference 0.26 between female and male is above 0.2, and not by chance") and not more


def test_a_gap_within_chance_is_said_and_does_not_fail(spec: ModelSpec) -> None:
    rows, outcome, score = people(("male", 12, 0, 0, 8), ("female", 9, 0, 0, 11))
    found = judge_fairness(spec, rows, outcome, score).attributes[0]
    assert found.adverse_impact_ratio == pytest.approx(0.75) and found.verdict == "pass"
    assert "female is below the limit, but within chance (p = 1)" in found.detail
    assert found.ratio_low is not None and found.ratio_low < 0.5


def test_four_fifths_exactly_passes(spec: ModelSpec) -> None:
    rows, outcome, score = people(("male", 50, 0, 0, 50), ("female", 40, 10, 0, 50))
    found = judge_fairness(spec, rows, outcome, score).attributes[0]
    assert found.adverse_impact_ratio == pytest.approx(0.8) and found.verdict == "pass"


def test_a_favourable_event_selects_those_above_the_threshold(spec: ModelSpec) -> None:
    offers = spec.model_copy(update={"decision": spec.decision.model_copy(update={"expected_event": "favourable"})})
    rows, outcome, score = people(("male", 50, 10, 10, 30), ("female", 40, 30, 5, 25))
    found = judge_fairness(offers, rows, outcome, score).attributes[0]
    assert [group.selection_rate for group in found.groups] == [0.55, 0.4]


def test_a_small_group_is_not_evaluated_and_said_so(spec: ModelSpec) -> None:
    rows, outcome, score = people(("male", 50, 0, 0, 50), ("female", 50, 0, 0, 50), ("undisclosed", 0, 4, 0, 5))
    report = judge_fairness(spec, rows, outcome, score)
    small = next(group for group in report.attributes[0].groups if group.name == "undisclosed")
    assert (small.rows, small.selection_rate, small.true_positive_rate) == (9, None, None)
    assert report.verdict == "pass" and report.attributes[0].adverse_impact_ratio == 1.0
    assert report.attributes[0].not_evaluated == ("undisclosed",)
    assert report.attributes[0].detail.endswith("not evaluated, under 10 rows: undisclosed (9 rows)")


def test_too_many_people_in_small_groups_is_no_pass(spec: ModelSpec) -> None:
    small = [(f"group {number}", 2, 2, 0, 2) for number in range(3)]
    rows, outcome, score = people(("male", 50, 0, 0, 50), ("female", 50, 0, 0, 50), *small)
    assert judge_fairness(spec, rows, outcome, score).verdict == "not_evaluated", "18 of 218 rows are more than 5 %"


def test_who_did_not_say_is_shown_and_compared_with_nobody(spec: ModelSpec) -> None:
    told = spec.model_copy(update={"monitored": (Attribute(column="sex", unstated=("undisclosed",)),)})
    rows, outcome, score = people(("male", 50, 0, 0, 50), ("female", 50, 0, 0, 50), ("undisclosed", 0, 40, 0, 50))
    found = judge_fairness(told, rows, outcome, score).attributes[0]
    assert (found.verdict, found.adverse_impact_ratio, found.not_evaluated) == ("pass", 1.0, ("undisclosed",))
    assert next(group.selection_rate for group in found.groups if group.name == "undisclosed") == 0.0
    assert judge_fairness(spec, rows, outcome, score).verdict == "fail", "unless the file says that the word names nobody"


def test_one_large_group_alone_cannot_be_judged(spec: ModelSpec) -> None:
    rows, outcome, score = people(("male", 50, 0, 0, 50), ("female", 0, 4, 0, 5))
    report = judge_fairness(spec, rows, outcome, score)
    assert report.verdict == "not_evaluated"
    assert report.attributes[0].detail == "sex: fewer than two groups have 10 rows; not evaluated, under 10 rows: female (9 rows)"


def test_an_intersection_is_judged_where_each_attribute_alone_is_fair(spec: ModelSpec) -> None:
    both = spec.model_copy(update={"monitored": (Attribute(column="sex"), Attribute(column="race"))})
    parts = []
    for sex, race, approved in (("m", "x", 90), ("m", "y", 150), ("f", "x", 150), ("f", "y", 90)):
        rows, outcome, score = people((sex, approved, 300 - approved, 0, 0))
        parts.append((rows.assign(race=race), outcome, score))
    rows = pd.concat([part[0] for part in parts], ignore_index=True)
    report = judge_fairness(both, rows, np.concatenate([p[1] for p in parts]), np.concatenate([p[2] for p in parts]))
    assert {item.attribute: item.verdict for item in report.attributes} == {
        "sex": "pass",
        "race": "pass",
        "sex and race": "fail",
    }
    assert report.verdict == "fail"


def test_nobody_selected_is_equal_treatment(spec: ModelSpec) -> None:
    rows, outcome, score = people(("male", 0, 50, 0, 50), ("female", 0, 50, 0, 50))
    assert judge_fairness(spec, rows, outcome, score).attributes[0].adverse_impact_ratio == 1.0


def test_numbers_are_cut_at_the_bins() -> None:
    labels = group_labels(Attribute(column="age", bins=(18, 30, 45)), pd.Series([18, 29, 30, 45, None], dtype="Int64"))
    assert labels.tolist() == ["18 to <30", "18 to <30", "30 to <45", "other", "missing"]


@pytest.mark.parametrize(("bias", "verdict"), [(0.0, "pass"), (0.8, "fail")])
def test_a_model_of_biased_data_is_blocked(bias: float, verdict: str, tmp_path: Path) -> None:
    """The same model file and code: only the data differs, and with it whether the model may serve."""
    pipeline.ingest("credit-risk", tmp_path / "data", bias=bias)
    pipeline.build_features("credit-risk", tmp_path / "data", tmp_path / "features")
    pipeline.screen("credit-risk", tmp_path / "features", tmp_path / "screening")
    pipeline.train("credit-risk", tmp_path / "features", tmp_path / "bundle", trials=1)
    found = pipeline.check_fairness("credit-risk", tmp_path / "features", tmp_path / "bundle", tmp_path / "fairness")
    assert found["verdict"] == verdict
    race = next(item for item in found["attributes"] if item["attribute"] == "race")
    assert race["verdict"] == verdict
    decision = pipeline.decide("credit-risk", {"fairness": tmp_path / "fairness"}, tmp_path / "decision")
    assert ("fairness" in decision["refused"]) == (verdict == "fail")
    assert not decision["promote"], "without the other evidence nothing is promoted"
