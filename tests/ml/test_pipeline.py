"""The whole way, one step after the other, as the workflow walks it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ml import pipeline
from ml.data.dataset import read_json, write_json
from ml.errors import BlockedError, InputError
from ml.registry.registry import Registry

WriteThird = Callable[..., Path]


def judge(model: Path, folder: Path, out: Path, champion: Path | None = None) -> dict[str, Path]:
    features, bundle = folder / "features", folder / "bundle"
    pipeline.screen(model, features, out / "screening")
    pipeline.evaluate(model, features, bundle, out / "evaluation", champion=champion)
    pipeline.check_fairness(model, features, bundle, out / "fairness")
    pipeline.explain(model, features, bundle, out / "explanation")
    pipeline.package(model, bundle, features, out / "package")
    return {name: out / name for name in ("evaluation", "fairness", "explanation", "package")}


def test_a_third_model_is_one_file_and_goes_all_the_way(third_run: tuple[Path, Path], tmp_path: Path) -> None:
    model, folder = third_run
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    evidence = judge(model, folder, tmp_path)
    decision = pipeline.decide(model, evidence, tmp_path / "decision")
    assert [(check["name"], check["verdict"]) for check in decision["checks"]] == [
        ("evaluation", "pass"),
        ("fairness", "pass"),
        ("explanation", "pass"),
        ("package", "pass"),
    ]
    everything = {**evidence, "screening": tmp_path / "screening", "decision": tmp_path / "decision"}
    made = pipeline.register(model, folder / "bundle", tmp_path / "package", everything, tmp_path / "registration", tracking_uri=uri)
    assert made["tags"]["promote"] == "true" and not (tmp_path / "registration/staged").exists()
    promoted = pipeline.promote(model, tmp_path / "decision", tmp_path / "registration", tracking_uri=uri)
    assert promoted == {"model": "parcel-delay", "alias": "champion", "version": "1", "before": None}
    champion = pipeline.fetch_champion(model, tmp_path / "champion", tracking_uri=uri)
    stored = Path(champion["folder"])
    assert {path.name for path in stored.iterdir()} >= {"MLmodel", "bundle", "evidence", "model_card.md", "sha256.json"}
    again = pipeline.evaluate(model, folder / "features", folder / "bundle", tmp_path / "again", champion=Path(champion["bundle"]))
    assert (again["champion"]["verdict"], again["champion"]["estimate"]) == ("pass", 0.0)


def evidence_with(folder: Path, **verdicts: str) -> dict[str, Path]:
    empty: dict[str, Any] = {
        "evaluation": {"gates": [], "segments": [], "champion": {"verdict": "pass"}},
        "fairness": {"attributes": []},
        "explanation": {"adverse_explained": 1, "method": "shap"},
        "package": {"chosen": "plain", "reason": "p99 3.45 ms for one row"},
    }
    for name, verdict in verdicts.items():
        write_json(folder / name / f"{name}.json", {**empty[name], "verdict": verdict})
    return {name: folder / name for name in verdicts}


ALL = {"evaluation": "pass", "fairness": "pass", "explanation": "pass", "package": "pass"}


@pytest.mark.parametrize(
    ("changes", "regulated", "unregulated"),
    [
        ({}, [], []),
        ({"evaluation": "fail"}, ["evaluation"], ["evaluation"]),
        ({"evaluation": "not_evaluated"}, ["evaluation"], ["evaluation"]),
        ({"fairness": "fail"}, ["fairness"], ["fairness"]),
        ({"fairness": "not_evaluated"}, ["fairness"], []),
        ({"explanation": "not_evaluated"}, ["explanation"], []),
        ({"package": "not_evaluated"}, ["package"], ["package"]),
    ],
)
def test_what_was_not_evaluated_never_counts_as_passed(
    changes: dict[str, str], regulated: list[str], unregulated: list[str], tmp_path: Path
) -> None:
    evidence = evidence_with(tmp_path, **{**ALL, **changes})
    for model, refused in (("credit-risk", regulated), ("churn", unregulated)):
        decision = pipeline.decide(model, evidence, tmp_path / model)
        assert (decision["refused"], decision["promote"]) == (refused, not refused)


def test_missing_evidence_is_not_evaluated(tmp_path: Path) -> None:
    decision = pipeline.decide("credit-risk", {}, tmp_path)
    assert {check["verdict"] for check in decision["checks"]} == {"not_evaluated"}
    assert decision["refused"] == ["evaluation", "fairness", "explanation", "package"]


def test_a_refused_model_is_not_promoted(tmp_path: Path) -> None:
    pipeline.decide("credit-risk", evidence_with(tmp_path, **{**ALL, "fairness": "fail"}), tmp_path / "decision")
    uri = f"sqlite:///{tmp_path}/never.db"
    with pytest.raises(BlockedError, match="credit-risk is not promoted: fairness did not pass"):
        pipeline.promote("credit-risk", tmp_path / "decision", tmp_path, tracking_uri=uri)
    assert not (tmp_path / "never.db").exists(), "nothing was even asked of the registry"


def test_a_worse_challenger_does_not_pass_beside_the_champion(third_run: tuple[Path, Path], third: WriteThird, tmp_path: Path) -> None:
    _, folder = third_run
    weak = third(
        replace=(
            ("  algorithm: sklearn:logistic_regression\n", "  algorithm: xgboost\n"),
            ("  search: {C: {low: 0.01, high: 10, log: true}}\n", "  fixed: {n_estimators: 1, max_depth: 1}\n"),
        )
    )
    pipeline.train(weak, folder / "features", tmp_path / "weak")
    found = pipeline.evaluate(weak, folder / "features", tmp_path / "weak", tmp_path / "evaluation", champion=folder / "bundle")
    assert found["champion"]["verdict"] == "fail" and found["verdict"] == "fail"
    assert "gain over the champion" in found["champion"]["detail"]


def test_a_champion_whose_features_were_redefined_is_named(third_run: tuple[Path, Path], third: WriteThird, tmp_path: Path) -> None:
    _, folder = third_run
    changed = third(replace=(("transform: log1p, reason: The parcel is heavy.", "reason: The parcel is heavy."),))
    pipeline.ingest(changed, tmp_path / "data")
    pipeline.build_features(changed, tmp_path / "data", tmp_path / "features")
    pipeline.train(changed, tmp_path / "features", tmp_path / "bundle")
    with pytest.raises(InputError, match="the champion needs features this model file changed: weight"):
        pipeline.evaluate(changed, tmp_path / "features", tmp_path / "bundle", tmp_path / "out", champion=folder / "bundle")


def test_a_step_without_its_input_names_the_step_to_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"manifest\.json: no such file; run the step that makes it"):
        pipeline.build_features("churn", tmp_path, tmp_path / "out")
    (tmp_path / "manifest.json").write_text("{half", encoding="utf-8")
    with pytest.raises(InputError, match="not JSON"):
        pipeline.build_features("churn", tmp_path, tmp_path / "out")


def test_a_moment_that_is_none_is_an_input_error(tmp_path: Path) -> None:
    pipeline.ingest("churn", tmp_path / "data", rows=20)
    with pytest.raises(InputError, match="as_of: 'soon' is not a time"):
        pipeline.build_features("churn", tmp_path / "data", tmp_path / "features", as_of="soon")


def test_there_may_be_no_champion_yet(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/mlflow.db"
    found = pipeline.fetch_champion("churn", tmp_path / "champion", tracking_uri=uri)
    assert (found["version"], found["bundle"]) == (None, None)
    with pytest.raises(InputError, match="churn has no champion; promote a version first"):
        pipeline.rollback("churn", tracking_uri=uri)
    assert Registry(uri).version_of("churn", "champion") is None


def test_every_step_says_the_same_in_its_file(third_run: tuple[Path, Path]) -> None:
    model, folder = third_run
    again = pipeline.train(model, folder / "features", folder / "bundle2")
    assert read_json(folder / "bundle2/training.json") == again == read_json(folder / "bundle/training.json")
