"""Contributions, reasons and the card."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from ml import pipeline
from ml.data.dataset import read_json
from ml.errors import InputError
from ml.explanation.card import model_card
from ml.explanation.explainer import load_explainer
from ml.explanation.reasons import reasons
from ml.features.encode import encoded_owner
from ml.features.offline import read_offline
from ml.spec import ModelSpec, load_spec
from ml.training.bundle import Bundle, load_bundle
from ml.training.split import split_by_time

WriteThird = Callable[..., Path]
BOOSTING = "sklearn:gradient_boosting"


def trained(algorithm: str, third: WriteThird, folder: Path, fixed: str) -> tuple[ModelSpec, Bundle, Any]:
    model = third(
        replace=(
            ("  algorithm: sklearn:logistic_regression\n", f"  algorithm: {algorithm}\n"),
            ("  search: {C: {low: 0.01, high: 10, log: true}}\n", f"  fixed: {fixed}\n"),
        )
    )
    pipeline.ingest(model, folder / "data")
    pipeline.build_features(model, folder / "data", folder / "features")
    pipeline.train(model, folder / "features", folder / "bundle")
    spec = load_spec(model)
    learned, _ = split_by_time(spec, read_offline(spec, folder / "features"))
    return spec, load_bundle(folder / "bundle"), learned.matrix(spec)


@pytest.mark.parametrize(
    ("algorithm", "fixed", "unit"),
    [
        ("sklearn:logistic_regression", "{C: 1.0}", "log-odds"),
        ("sklearn:gradient_boosting", "{max_iter: 20}", "log-odds"),
        ("xgboost", "{n_estimators: 20}", "log-odds"),
        ("sklearn:random_forest", "{n_estimators: 20, max_depth: 4}", "probability"),
    ],
)
def test_contributions_add_up_to_the_score(algorithm: str, fixed: str, unit: str, third: WriteThird, tmp_path: Path) -> None:
    """SHAP's defining property: contributions differ between two rows by as much as the scores do, in their unit."""
    spec, bundle, matrix = trained(algorithm, third, tmp_path, fixed)
    explainer = load_explainer(spec, bundle, matrix[:100])
    assert (explainer.method, explainer.unit) == ("shap", unit)
    score = bundle.score(matrix)
    output = np.log(score / (1 - score)) if unit == "log-odds" else score
    total = explainer.contributions(matrix).sum(axis=1)
    np.testing.assert_allclose(total - total[0], output - output[0], atol=2e-4)


def test_xgboosts_own_contributions_are_those_of_the_shap_library(third: WriteThird, tmp_path: Path) -> None:
    import shap

    spec, bundle, matrix = trained("xgboost", third, tmp_path, "{n_estimators: 10}")
    independent = np.asarray(shap.TreeExplainer(bundle.model).shap_values(matrix[:20]))
    names = list(spec.features)
    summed = np.zeros((20, len(names)))
    for position, owner in enumerate(encoded_owner(spec)):
        summed[:, names.index(owner)] += independent[:, position]
    found = load_explainer(spec, bundle, matrix).contributions(matrix[:20])
    np.testing.assert_allclose(found, summed, atol=1e-5)


def test_lime_names_the_features_that_matter(third: WriteThird, tmp_path: Path) -> None:
    spec, bundle, matrix = trained("sklearn:logistic_regression", third, tmp_path, "{C: 1.0}")
    asked = spec.model_copy(update={"explanation": spec.explanation.model_copy(update={"method": "lime"})})
    explainer = load_explainer(asked, bundle, matrix[:100])
    by_lime = explainer.contributions(matrix[:10])
    by_shap = load_explainer(spec, bundle, matrix[:100]).contributions(matrix[:10])
    assert explainer.method == "lime"
    distance = list(spec.features).index("distance")
    assert np.corrcoef(by_lime[:, distance], by_shap[:, distance])[0, 1] > 0.95
    np.testing.assert_array_equal(by_lime, load_explainer(asked, bundle, matrix[:100]).contributions(matrix[:10]))


def test_shap_is_refused_where_there_is_no_fast_one(third_run: tuple[Path, Path]) -> None:
    model, folder = third_run
    spec, bundle = load_spec(model), load_bundle(folder / "bundle")
    asked = spec.model_copy(update={"explanation": spec.explanation.model_copy(update={"method": "shap"})})
    own = Bundle(**{**bundle.__dict__, "algorithm": "team.model:fit"})
    with pytest.raises(InputError, match=r"explanation\.method: team\.model:fit has no fast SHAP; allowed: auto, lime"):
        load_explainer(asked, own, np.zeros((10, 6), dtype=np.float32))


@pytest.fixture
def credit() -> ModelSpec:
    return load_spec("credit-risk")


def test_reasons_are_ranked_plain_and_at_most_four(credit: ModelSpec) -> None:
    pushes = np.array([[0.5, 0.1, -0.3, 0.0, 0.9, 0.2, 0.05, 0.0, 0.3, -1.0, 0.0]] * 2)
    declined, approved = reasons(credit, pushes, np.array([0.25, 0.2499]))
    assert approved == ()
    assert [(reason.feature, reason.contribution) for reason in declined] == [
        ("loan_purpose", 0.9),
        ("income", 0.5),
        ("late_payments_365d", 0.3),
        ("employment_years", 0.2),
    ]
    assert declined[2].text == "You paid late in the last twelve months."


def test_what_helped_is_no_reason_but_a_decline_always_has_one(credit: ModelSpec) -> None:
    pushes = np.full((2, 11), -0.5)
    pushes[0, 3] = 0.1
    pushes[1, 7] = -0.2
    first, second = reasons(credit, pushes, np.array([0.9, 0.9]))
    assert [reason.feature for reason in first] == ["loan_term"]
    assert [reason.feature for reason in second] == ["credit_lines"]


def test_where_the_event_is_favourable_the_reasons_are_what_pushed_it_away() -> None:
    churn = load_spec("churn")
    pushes = np.zeros((1, 11))
    pushes[0, 2], pushes[0, 7] = -0.8, 0.9
    found = reasons(churn, pushes, np.array([0.1]))[0]
    assert [(reason.feature, reason.contribution) for reason in found] == [("tenure_months", 0.8)]


def test_every_decline_of_the_regulated_model_has_reasons(credit_run: Path, tmp_path: Path, credit: ModelSpec) -> None:
    told = pipeline.explain("credit-risk", credit_run / "features", credit_run / "bundle", tmp_path)
    reference = pd.read_parquet(credit_run / "bundle/reference.parquet")
    declined = set(np.flatnonzero(reference["score"] >= 0.25))
    lines = [json.loads(line) for line in (tmp_path / "reasons.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {line["row"] for line in lines} == declined and len(declined) > 100
    assert told["adverse_decisions"] == told["adverse_explained"] == len(declined)
    sentences = {feature.reason for feature in credit.features.values()}
    for line in lines:
        assert 1 <= len(line["reasons"]) <= 4
        assert {reason["text"] for reason in line["reasons"]} <= sentences
        pushes = [reason["contribution"] for reason in line["reasons"]]
        assert pushes == sorted(pushes, reverse=True)


def test_the_most_important_features_are_those_the_data_was_made_with(credit_run: Path, tmp_path: Path) -> None:
    told = pipeline.explain("credit-risk", credit_run / "features", credit_run / "bundle", tmp_path)
    ranked = [item["feature"] for item in told["importance"]]
    assert set(ranked[:3]) == {"income", "debt_to_income", "late_payments_365d"}


def test_the_card_tells_what_was_found_and_what_was_not(credit_run: Path, tmp_path: Path, credit: ModelSpec) -> None:
    evaluation = pipeline.evaluate("credit-risk", credit_run / "features", credit_run / "bundle", tmp_path)
    bundle = read_json(credit_run / "bundle/bundle.json")
    card = model_card(credit, {"evaluation": evaluation, "bundle": bundle})
    auc = next(gate for gate in evaluation["gates"] if gate["metric"] == "roc_auc")
    assert card.startswith("# credit-risk\n")
    assert f"| roc_auc | {auc['estimate']:.4g} | {auc['low']:.3f} to {auc['high']:.3f} | at least 0.72 | pass |" in card
    assert "- Decision: declined at a score of 0.25 and above, approved below" in card
    assert "Against the champion: there is no champion yet." in card
    online = {item["metric"]: item for item in evaluation["segments"] if item["scope"] == "channel=online"}
    cells = " | ".join(f"{online[metric]['estimate']:.4g} {online[metric]['verdict']}" for metric in ("roc_auc", "brier", "ece"))
    assert f"| channel: online | {online['ece']['rows']} | {cells} |" in card
    assert "- Never used: age, sex, race, marital_status, public_assistance" in card
    assert bundle["model_sha256"][:12] in card
    assert "## Fairness\n\nNot evaluated." in card and "## Decision\n\nNot decided." in card


def test_words_of_the_file_and_the_data_are_no_markup_in_the_card(credit: ModelSpec) -> None:
    """The card is shown as Markdown, which takes HTML."""
    named = credit.model_copy(update={"description": "<script>alert(1)</script>"})
    gate = {"metric": "ece", "rows": 9, "estimate": None, "verdict": "not_evaluated", "scope": "channel=<b>a|b</b>\n# c"}
    evaluation = {"rows": 9, "gates": [], "segments": [gate], "champion": {"estimate": None, "detail": "<i>"}}
    card = model_card(named, {"evaluation": evaluation})
    assert "<" not in card and "&lt;script&gt;alert(1)" in card
    assert "| channel: &lt;b&gt;a\\|b&lt;/b&gt; # c | 9 | not evaluated |" in card
