"""Training: every algorithm, the same twice, nothing on bad data."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml import pipeline
from ml.data.dataset import read_json
from ml.errors import InputError
from ml.features.offline import read_offline
from ml.spec import load_spec
from ml.spec_rules import Training
from ml.training.bundle import load_bundle
from ml.training.engine import Job, LocalEngine, Problem, fold_score
from ml.training.search import search
from ml.training.split import fold_numbers, split_by_time

WriteThird = Callable[..., Path]
ALGORITHM = "  algorithm: sklearn:logistic_regression\n"
SEARCH = "  search: {C: {low: 0.01, high: 10, log: true}}\n"


def run(model: Path, folder: Path, **options: Any) -> dict[str, Any]:
    if not (folder / "features").exists():
        pipeline.ingest(model, folder / "data")
        pipeline.build_features(model, folder / "data", folder / "features")
    return pipeline.train(model, folder / "features", folder / options.pop("out", "bundle"), **options)


@pytest.mark.parametrize(
    ("algorithm", "search_space"),
    [
        ("sklearn:logistic_regression", "{C: {low: 0.01, high: 10, log: true}}"),
        ("sklearn:gradient_boosting", "{max_iter: {low: 10, high: 20, integer: true}}"),
        ("sklearn:random_forest", "{max_depth: {choices: [2, 4]}, n_estimators: {low: 10, high: 20, integer: true}}"),
        ("xgboost", "{max_depth: {low: 2, high: 3, integer: true}}"),
    ],
)
def test_one_seed_gives_one_model_with_every_algorithm(algorithm: str, search_space: str, third: WriteThird, tmp_path: Path) -> None:
    model = third(replace=((ALGORITHM, f"  algorithm: {algorithm}\n"), (SEARCH, f"  search: {search_space}\n")))
    first = run(model, tmp_path, out="one")
    second = run(model, tmp_path, out="two")
    assert first == second
    assert (tmp_path / "one/model.pickle").read_bytes() == (tmp_path / "two/model.pickle").read_bytes()
    matrix = read_offline(load_spec(model), tmp_path / "features").matrix(load_spec(model))
    np.testing.assert_array_equal(load_bundle(tmp_path / "one").score(matrix), load_bundle(tmp_path / "two").score(matrix))
    assert run(model, tmp_path, out="three", seed=99)["parameters"] != first["parameters"] or "choices" in search_space


def test_an_entry_point_is_trained_judged_and_explained_like_the_rest(
    third: WriteThird, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "our_team_model.py").write_text(
        """
import numpy as np

class Nearest:
    def __init__(self, matrix, outcome, strength):
        self.mean = np.nanmean(matrix, axis=0)
        self.weights = strength * np.array([np.nanmean(c[outcome == 1]) - np.nanmean(c[outcome == 0]) for c in matrix.T])
        self.scale = np.nanstd(matrix, axis=0) + 1e-9

    def predict_proba(self, matrix):
        score = 1 / (1 + np.exp(-np.nan_to_num((matrix - self.mean) / self.scale**2 * self.weights).sum(axis=1)))
        return np.stack([1 - score, score], axis=1)

def fit(matrix, outcome, *, parameters, seed):
    return Nearest(matrix, outcome, parameters["strength"])
""",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    model = third(
        replace=(
            (ALGORITHM, "  algorithm: our_team_model:fit\n"),
            (SEARCH, "  search: {strength: {low: 0.5, high: 2}}\n"),
        )
    )
    trained = run(model, tmp_path)
    assert set(trained["parameters"]) == {"strength"}
    judged = pipeline.evaluate(model, tmp_path / "features", tmp_path / "bundle", tmp_path / "evaluation")
    assert judged["verdict"] == "pass"
    told = pipeline.explain(model, tmp_path / "features", tmp_path / "bundle", tmp_path / "explanation")
    assert (told["method"], told["verdict"]) == ("lime", "pass")
    assert told["importance"][0]["feature"] in ("distance", "service")
    sys.modules.pop("our_team_model")


def test_a_failing_entry_point_is_named(third: WriteThird, tmp_path: Path) -> None:
    model = third(replace=((ALGORITHM, "  algorithm: json:dumps\n"), (SEARCH, "")))
    with pytest.raises(InputError, match=r"json:dumps failed: TypeError"):
        run(model, tmp_path)
    missing = third(replace=((ALGORITHM, "  algorithm: no_such_module:fit\n"), (SEARCH, "")))
    with pytest.raises(InputError, match=r"cannot import 'no_such_module'"):
        run(missing, tmp_path)


@pytest.mark.parametrize(
    ("algorithm", "parameter"),
    [("sklearn:random_forest", "trees"), ("xgboost", "max_dept"), ("sklearn:gradient_boosting", "depth")],
)
def test_an_unknown_parameter_is_an_input_error(algorithm: str, parameter: str, third: WriteThird, tmp_path: Path) -> None:
    model = third(replace=((ALGORITHM, f"  algorithm: {algorithm}\n"), (SEARCH, f"  fixed: {{{parameter}: 3}}\n")))
    with pytest.raises(InputError, match=parameter):
        run(model, tmp_path)


def test_one_class_only_is_an_input_error(third: WriteThird, tmp_path: Path) -> None:
    model = third()
    csv = model.parent / "parcels.csv"
    lines = csv.read_text(encoding="utf-8").replace(",true,2025", ",false,2025")
    csv.write_text(lines, encoding="utf-8")
    with pytest.raises(InputError, match=r"all 280 earlier rows have the outcome 0; a model needs both"):
        run(model, tmp_path)
    assert not (tmp_path / "bundle" / "bundle.json").exists()


def test_too_few_rows_are_an_input_error(third: WriteThird, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="5 rows with a known outcome are too few"):
        run(third(rows=5), tmp_path)


def test_a_class_smaller_than_the_folds_is_an_input_error() -> None:
    with pytest.raises(InputError, match="2 rows have the outcome 1; allowed: at least 3, one per fold"):
        fold_numbers(np.array([0] * 10 + [1] * 2), 3, 0)


def test_the_latest_rows_are_kept_for_evaluation(third_run: tuple[Path, Path]) -> None:
    model, folder = third_run
    spec = load_spec(model)
    learned, held_out = split_by_time(spec, read_offline(spec, folder / "features"))
    assert (len(learned.rows), len(held_out.rows)) == (280, 120)
    assert learned.rows["sent_at"].max() < held_out.rows["sent_at"].min()


def test_folds_have_the_same_share_of_ones() -> None:
    outcome = np.array([0] * 60 + [1] * 30)
    folds = fold_numbers(outcome, 3, seed=5)
    assert [(int((folds == fold).sum()), int(outcome[folds == fold].sum())) for fold in range(3)] == [(30, 10)] * 3


class CountingEngine(LocalEngine):
    """Gives each trial the score its parameter says, and counts the fits."""

    def __init__(self) -> None:
        self.fits = 0

    def scores(self, problem: Problem, jobs: Any) -> list[float]:
        self.fits += len(jobs)
        return [1 - abs(float(job.parameters["x"]) - 0.7) for job in jobs]


def problem() -> Problem:
    nothing = np.zeros(0)
    return Problem(algorithm="xgboost", metric="roc_auc", threshold=0.5, seed=1, matrix=nothing, outcome=nothing, folds=nothing)


def test_the_search_keeps_its_budget_prunes_and_finds_the_top() -> None:
    training = Training.model_validate(
        {"algorithm": "xgboost", "trials": 30, "folds": 3, "search": {"x": {"low": 0, "high": 1}}, "fixed": {"y": 3}}
    )
    engine = CountingEngine()
    found = search(training, problem(), engine)
    states = [trial["state"] for trial in found.trials]
    assert len(states) == 30 and states.count("pruned") > 5 and states[:4] == ["complete"] * 4
    assert engine.fits < 90, "a pruned trial saves its remaining folds"
    assert abs(float(found.parameters["x"]) - 0.7) < 0.1 and found.parameters["y"] == 3
    assert found.value == max(trial["value"] for trial in found.trials if trial["state"] == "complete")


def test_a_metric_where_less_is_better_is_lowered() -> None:
    training = Training.model_validate({"algorithm": "xgboost", "trials": 8, "search": {"x": {"low": 0, "high": 1}}})
    lowered = Problem(**{**problem().__dict__, "metric": "brier"})
    found = search(training, lowered, CountingEngine())
    assert found.value == min(trial["value"] for trial in found.trials if trial["state"] == "complete")


def test_an_empty_search_space_judges_the_fixed_parameters_once() -> None:
    training = Training.model_validate({"algorithm": "xgboost", "trials": 9, "folds": 2, "fixed": {"x": 0.5}})
    engine = CountingEngine()
    assert search(training, problem(), engine).parameters == {"x": 0.5}
    assert engine.fits == 2


def test_a_changed_byte_of_the_model_is_noticed(third_run: tuple[Path, Path], tmp_path: Path) -> None:
    _, folder = third_run
    copy = tmp_path / "bundle"
    copy.mkdir()
    for file in (folder / "bundle").iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    raw = bytearray((copy / "model.pickle").read_bytes())
    raw[len(raw) // 2] ^= 1
    (copy / "model.pickle").write_bytes(raw)
    with pytest.raises(InputError, match=r"model\.pickle: the file is corrupted"):
        load_bundle(copy)


def test_a_model_of_other_features_is_not_judged_by_the_new_file(third_run: tuple[Path, Path], third: WriteThird, tmp_path: Path) -> None:
    _, folder = third_run
    fewer = third(replace=(("  weight: {source: weight, transform: log1p, reason: The parcel is heavy.}\n", ""),))
    with pytest.raises(InputError, match="trained with other features than the model file names"):
        pipeline.evaluate(fewer, folder / "features", folder / "bundle", tmp_path)


def test_the_reference_is_of_rows_the_model_has_not_seen(third_run: tuple[Path, Path]) -> None:
    import pandas as pd

    _, folder = third_run
    reference = pd.read_parquet(folder / "bundle/reference.parquet")
    assert len(reference) == 120
    assert list(reference.columns) == ["weight", "distance", "service", "scans_7d", "slowest_7d", "score", "late", "group_depot"]


def test_the_bundle_says_where_it_comes_from(third_run: tuple[Path, Path]) -> None:
    model, folder = third_run
    bundle, features = load_bundle(folder / "bundle"), read_json(folder / "features/features.json")
    assert (bundle.data_hash, bundle.spec_digest) == (features["data_hash"], load_spec(model).digest)
    assert load_spec(folder / "bundle/spec.yaml").digest == bundle.spec_digest


def with_a_bad_half(third: WriteThird) -> Path:
    """The third model with trees whose leaf may ask for more rows than there are: such a model says the same of every parcel."""
    space = "{min_samples_leaf: {choices: [10, 1000]}, learning_rate: {low: 0.05, high: 0.2}}"
    trees = "  algorithm: sklearn:gradient_boosting\n  fixed: {max_iter: 10}\n"
    return third(replace=((ALGORITHM, trees), (SEARCH, f"  search: {space}\n"), ("  trials: 3\n", "  trials: 12\n")))


def test_real_training_ends_bad_trials_early_within_its_budget(third: WriteThird, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fits: list[tuple[int, float]] = []

    def counted(problem: Problem, job: Job) -> float:
        fits.append((int(job.parameters["min_samples_leaf"]), found := fold_score(problem, job)))
        return found

    monkeypatch.setattr("ml.training.engine.fold_score", counted)
    trained = run(with_a_bad_half(third), tmp_path)
    trials = trained["trials"]
    pruned = [trial["parameters"]["min_samples_leaf"] for trial in trials if trial["state"] == "pruned"]
    assert len(trials) == 12
    assert pruned and set(pruned) <= {10, 1000} and 1000 in pruned
    assert [trial["state"] for trial in trials[:4]] == ["complete"] * 4
    assert {score for leaf, score in fits if leaf == 1000} == {0.5}, "a model that says the same of everybody"
    assert len(fits) == 2 * len(trials) - len(pruned), "a pruned trial ran one of its two folds"
    assert trained["parameters"]["min_samples_leaf"] == 10
    counted_before = list(fits)
    fits.clear()
    assert run(tmp_path / "models/parcel-delay.yaml", tmp_path, out="again") == trained
    assert fits == counted_before, "one seed walks one path"


@pytest.mark.slow
def test_a_ray_cluster_gives_the_same_model(third: WriteThird, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real Ray on this machine: same search, same trials pruned, same parameters, same bytes."""
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    model = with_a_bad_half(third)
    local = run(model, tmp_path, out="local")
    distributed = run(model, tmp_path, out="ray", engine="ray")
    assert "pruned" in {trial["state"] for trial in distributed["trials"]}
    assert local == distributed
    assert (tmp_path / "local/model.pickle").read_bytes() == (tmp_path / "ray/model.pickle").read_bytes()


def test_an_unknown_engine_is_an_input_error(third: WriteThird, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"training\.engine: 'spark' is not one of the choices; allowed: 'local' or 'ray'"):
        run(third(), tmp_path, engine="spark")


def test_a_job_is_judged_on_the_rows_left_out_of_its_fit() -> None:
    matrix = np.array([[0.0], [1.0]] * 20, dtype=np.float32)
    outcome = np.array([0, 1] * 20)
    whole = Problem(
        algorithm="sklearn:logistic_regression",
        metric="roc_auc",
        threshold=0.5,
        seed=0,
        matrix=matrix,
        outcome=np.where(np.arange(40) < 20, outcome, 1 - outcome),
        folds=np.repeat([0, 1], 20),
    )
    assert LocalEngine().scores(whole, [Job(parameters={}, fold=0), Job(parameters={}, fold=1)]) == [0.0, 0.0]


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ("np.full(len(matrix), 0.5)", r"Odd.predict_proba gave the shape \(\d+,\) for"),
        ("np.full((len(matrix), 2), np.nan)", "Odd.predict_proba gave nan as a chance"),
        ("np.full((len(matrix), 2), 1.5)", "Odd.predict_proba gave 1.5 as a chance; allowed: 0 to 1"),
        ("np.full((3, 2), 0.5)", r"gave the shape \(3, 2\) for"),
        ("matrix['x']", "Odd.predict_proba failed: IndexError"),
    ],
)
def test_a_model_of_the_team_that_gives_no_chances_is_refused(
    answer: str, problem: str, third: WriteThird, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else NaN and 1.5 would be counted by the metrics as if they were chances."""
    text = f"import numpy as np\nclass Odd:\n    def predict_proba(self, matrix):\n        return {answer}\n"
    (tmp_path / "odd_model.py").write_text(text + "def fit(matrix, outcome, *, parameters, seed):\n    return Odd()\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "odd_model", raising=False)
    model = third(rows=60, replace=((ALGORITHM, "  algorithm: odd_model:fit\n"), (SEARCH, "")))
    with pytest.raises(InputError, match=problem):
        run(model, tmp_path)
    assert not (tmp_path / "bundle" / "training.json").exists()


def test_what_the_algorithm_does_not_know_is_told_before_data_is_read(third: WriteThird, tmp_path: Path) -> None:
    model = third(replace=((ALGORITHM, "  algorithm: xgboost\n"), (SEARCH, "  fixed: {max_dept: 3}\n")))
    with pytest.raises(InputError, match=r"training\.fixed\.max_dept: xgboost has no such parameter \(did you mean 'max_depth'\?\)"):
        pipeline.ingest(model, tmp_path / "data")
    other = third(replace=((ALGORITHM, "  algorithm: no_such_module:fit\n"), (SEARCH, "")))
    with pytest.raises(InputError, match=r"training\.algorithm: cannot import 'no_such_module'"):
        pipeline.ingest(other, tmp_path / "data")
    assert not (tmp_path / "data").exists()
