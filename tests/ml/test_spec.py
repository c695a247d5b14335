"""The model file: what is read, and what every mistake says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from ml.errors import InputError
from ml.evaluation.metrics import METRICS as COMPUTED
from ml.spec import METRICS, MODELS, load_spec, model_names

ROOT = Path(__file__).parents[2]


def test_ships_two_models_of_two_teams() -> None:
    specs = [load_spec(name) for name in model_names()]
    assert [(spec.name, spec.owner.team, spec.regulated) for spec in specs] == [
        ("churn", "retention", False),
        ("credit-risk", "lending", True),
    ]


def test_every_metric_a_file_may_name_is_computed() -> None:
    assert set(METRICS) == set(COMPUTED)


def test_no_feature_of_the_regulated_model_is_prohibited_by_regulation_b() -> None:
    spec = load_spec("credit-risk")
    used = {column for feature in spec.features.values() for column in feature.source}
    assert used.isdisjoint({"age", "sex", "race", "marital_status", "public_assistance"})
    assert set(spec.prohibited) == {"age", "sex", "race", "marital_status", "public_assistance"}


def test_reading_a_model_file_imports_no_heavy_library() -> None:
    heavy = "{'pandas', 'mlflow', 'sklearn', 'shap', 'optuna', 'ray'}"
    code = f"import sys; from ml.spec import load_spec; load_spec('churn'); print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_the_digest_ignores_layout_and_place(tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere.yaml"
    copy.write_text("# a comment\n" + (MODELS / "churn.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    assert load_spec(copy).digest == load_spec("churn").digest
    copy.write_text(copy.read_text(encoding="utf-8").replace("trials: 12", "trials: 13"), encoding="utf-8")
    assert load_spec(copy).digest != load_spec("churn").digest


MISTAKES = [
    ("trials: 12", "trails: 12", "70: training.trails", "unknown key (did you mean 'trials'?)"),
    ("owner:", "ownr:", "3: ownr", "unknown key (did you mean 'owner'?)"),
    ("threshold: 0.35", "threshold: 1.35", "81: decision.threshold", "1.35 is out of range; allowed: less than 1"),
    ("source: plan,", "source: plann,", "44: features.plan.source", "no column 'plann' (did you mean 'plan'?)"),
    ("metric: ece", "metric: ecee", "83: gates", "unknown metric 'ecee' (did you mean 'ece'?)"),
    ("name: churn", "name: churn\nname: other", "3: name", "written twice, first on line 2"),
    ("name: churn", "name: &a churn", "2", "anchors and aliases are not allowed"),
    ("  metric: roc_auc", "\tmetric: roc_auc", "69", "a tab"),
    ("violated: 2", "violated: 6", "retraining", "more violations than windows can never happen"),
    ("algorithm: xgboost", "algorithm: sklearn:svm", "training.algorithm", "sklearn:random_forest"),
    ("{low: 2, high: 5, integer: true}", "{low: 5, high: 2}", "max_depth", "low is above high"),
    ("source: discount,", "source: churned,", "features.discount", "uses the target"),
    (
        "column: minutes, where: {kind: session}}\n    reason: The",
        "column: minute, where: {kind: session}}\n    reason: The",
        "features.minutes_30d.window",
        "no such event column: 'minute'",
    ),
    ("source: plan, reason", "source: plan, transform: log1p, reason", "features.plan.transform", "log1p needs numbers"),
    ("regulated: false", "regulated: true", "", "lists its `prohibited` attributes"),
    ("{dtype: boolean}", "{dtype: boolean, minimum: 1}", "autopay", "minimum and maximum belong to"),
    (
        "  devices: {source",
        "  score: {source",
        "50: features.score",
        "the name 'score' stands for another column",
    ),
    ("  devices: {source", "  churned: {source", "features.churned", "the name 'churned' is that of the target"),
    ("  devices: {source", "  group_a: {source", "features.group_a", "stands for another column"),
    (
        "  minutes_30d:",
        "  monthly_fee_x: {source: monthly_fee, reason: x}\n  region:",
        "features.region",
        "the contract has a column 'region'",
    ),
    ("where: {kind: support_call}", "where: {kind: suport_call}", "features.support_calls_60d.window", "(did you mean 'support_call'?)"),
    ("where: {kind: support_call}", 'where: {minutes: "5"}', "features.support_calls_60d.window", "`where` compares text"),
    ("timestamp: happened_at", "timestamp: kind", "events.timestamp", "'kind' has dtype category, not timestamp"),
    ("monitored: [age_band]", "monitored: [{column: age_band, bins: [1, 2]}]", "monitored.0", "bins cut numbers"),
    ("monitored: [age_band]", "monitored: [monthly_fee]", "monitored.0", "makes a group of every value; give it `bins`"),
    ("monitored: [age_band]", "monitored: [customer_id]", "monitored.0", "makes no groups"),
    ("monitored: [age_band]", "monitored: [{column: age_band, unstated: [65]}]", "monitored.0", "65 does not fit"),
    ("monitored: [age_band]", 'monitored: [{column: age_band, unstated: ["65"]}]', "monitored.0", "(did you mean '65+'?)"),
    ("categories: [annual, monthly]", 'categories: [annual, " "]', "contract_type", "a category is blank"),
    ("high: 5, integer: true", "high: 5.5, integer: true", "max_depth", "an integer range has whole numbers"),
    ("fixed: {n_estimators: 80}", "fixed: {max_depth: 3}", "training", "'max_depth' is both fixed and searched"),
    ("fixed: {n_estimators: 80}", "fixed: {n estimators: 80}", "training.fixed.n estimators", "should match pattern"),
    ('pattern: "C[0-9]{7}"}\n    observed', 'pattern: "(?i)C[0-9]{7}"}\n    observed', "customer_id.pattern", "not a regular expression"),
    ('pattern: "C[0-9]{7}"}\n    observed', 'pattern: "C[0-9"}\n    observed', "customer_id.pattern", "not a regular expression"),
]


@pytest.mark.parametrize(("old", "new", "where", "problem"), MISTAKES, ids=[mistake[1][:30] for mistake in MISTAKES])
def test_a_mistake_is_named_with_its_line_and_key(tmp_path: Path, old: str, new: str, where: str, problem: str) -> None:
    text = (MODELS / "churn.yaml").read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "churn.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_spec(path)
    assert str(caught.value).startswith(f"{path}:{where}" if where[:1].isdigit() else f"{path}:")
    assert where in str(caught.value) and problem in str(caught.value)


def test_a_copied_file_that_kept_its_name_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the new model would be registered as versions of the old one."""
    (tmp_path / "returns.yaml").write_bytes((MODELS / "churn.yaml").read_bytes())
    monkeypatch.setattr("ml.spec.MODELS", tmp_path)
    with pytest.raises(InputError, match=r"returns.yaml:2: name: .* 'churn'; allowed: returns"):
        load_spec("returns")


def test_a_billion_laughs_is_refused_before_it_expands(tmp_path: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    lines += [f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]" for n in range(9)]
    (tmp_path / "bomb.yaml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError, match="anchors and aliases are not allowed"):
        load_spec(tmp_path / "bomb.yaml")


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "expected keys with values"),
        (b"- a\n- b\n", "expected keys with values"),
        (b"name: caf\xe9\n", "not UTF-8"),
        (b"a: " + b"[" * 100 + b"]" * 100, "nested too deeply"),
        (b"name: !!python/object/apply:os.system [ls]\n", "name"),
        (b"name: [1, 2\n", "expected"),
        (b"x" * 1_000_001, "too large"),
    ],
)
def test_a_file_that_is_no_model_file_is_an_input_error(tmp_path: Path, content: bytes, problem: str) -> None:
    (tmp_path / "bad.yaml").write_bytes(content)
    with pytest.raises(InputError, match=problem):
        load_spec(tmp_path / "bad.yaml")


def test_an_unknown_model_says_which_there_are() -> None:
    with pytest.raises(InputError, match=r"unknown model 'credit-risks' \(did you mean 'credit-risk'\?\); allowed: churn, credit-risk"):
        load_spec("credit-risks")
