"""Fit one model: scikit-learn, XGBoost, or the team's own function. Each runs on one thread, so runs repeat exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import numpy as np

from ml.entry_point import entry_point
from ml.errors import InputError
from ml.spec import ModelSpec
from ml.spec_fit import nearest

Array = np.ndarray[Any, np.dtype[Any]]


class Classifier(Protocol):
    """What every fitted model can do.

    A team's own function has the signature `fit(matrix, outcome, *, parameters, seed) -> Classifier`; its model may also
    have `to_onnx(columns: int) -> bytes` for packaging.
    """

    def predict_proba(self, matrix: Array) -> Array:
        """Return one row of (chance of 0, chance of 1) per row of the matrix."""


def fit(algorithm: str, parameters: Mapping[str, Any], seed: int, matrix: Array, outcome: Array) -> Classifier:
    """Return a model fitted on these rows.

    Raises
    ------
    InputError
        The algorithm refuses its parameters, or the team's function failed.
    """
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        if algorithm in _BUILDERS:
            return _fit_known(algorithm, parameters, seed, matrix, outcome)
        function = entry_point(algorithm, key="training.algorithm")
        try:
            model = function(matrix, outcome, parameters=dict(parameters), seed=seed)
        except Exception as error:
            problem = f"{algorithm} failed: {type(error).__name__}: {error}"
            raise InputError(problem, key="training.algorithm") from error
        if not hasattr(model, "predict_proba"):
            raise InputError(f"{algorithm} returned a model without predict_proba", key="training.algorithm")
        return model  # type: ignore[no-any-return]


def score(model: Classifier, matrix: Array) -> Array:
    """Return the chance of 1 for every row, as float64.

    Raises
    ------
    InputError
        A team's own model failed, or gave something else than two chances per row.
    """
    from threadpoolctl import threadpool_limits

    name = type(model).__name__
    with threadpool_limits(limits=1):
        try:
            given = np.asarray(model.predict_proba(matrix), dtype="float64")
        except Exception as error:
            raise InputError(f"{name}.predict_proba failed: {type(error).__name__}: {error}", key="training.algorithm") from error
    if given.shape != (len(matrix), 2):
        problem = f"{name}.predict_proba gave the shape {given.shape} for {len(matrix)} rows"
        raise InputError(problem, key="training.algorithm", allowed=f"({len(matrix)}, 2): the chance of 0 and of 1 of each row")
    chances = given[:, 1]
    if not ((chances >= 0) & (chances <= 1)).all():
        wrong = chances[~((chances >= 0) & (chances <= 1))][0]
        raise InputError(f"{name}.predict_proba gave {wrong} as a chance", key="training.algorithm", allowed="0 to 1")
    return chances


def check_algorithm(spec: ModelSpec) -> None:
    """Look whether the algorithm is there and has the parameters of the model file, before hours go into its data.

    Raises
    ------
    InputError
        Names the entry point that cannot be found, or the parameter.
    """
    algorithm = spec.training.algorithm
    if algorithm not in _BUILDERS:
        entry_point(algorithm, key="training.algorithm")
        return
    known = _BUILDERS[algorithm]({}, 0)
    known = known.steps[-1][1] if hasattr(known, "steps") else known
    for section in ("fixed", "search"):
        for name in getattr(spec.training, section):
            if name not in known.get_params():
                problem = f"{algorithm} has no such parameter{nearest(name, known.get_params())}"
                raise InputError(problem, file=spec.file, key=f"training.{section}.{name}", allowed=", ".join(known.get_params()))


def _fit_known(algorithm: str, parameters: Mapping[str, Any], seed: int, matrix: Array, outcome: Array) -> Classifier:
    try:
        model = _BUILDERS[algorithm](dict(parameters), seed)
        return model.fit(matrix, outcome)  # type: ignore[no-any-return]
    except (TypeError, ValueError) as error:
        raise InputError(f"{algorithm}: {str(error).splitlines()[0]}", key="training") from error


def _logistic_regression(parameters: dict[str, Any], seed: int) -> Any:
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    model = LogisticRegression(**{"max_iter": 500, "random_state": seed, **parameters})
    steps = [("impute", SimpleImputer(keep_empty_features=True)), ("scale", StandardScaler()), ("model", model)]
    return Pipeline(steps)


def _gradient_boosting(parameters: dict[str, Any], seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(**{"random_state": seed, "early_stopping": False, **parameters})


def _random_forest(parameters: dict[str, Any], seed: int) -> Any:
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline

    model = RandomForestClassifier(**{"random_state": seed, "n_jobs": 1, **parameters})
    return Pipeline([("impute", SimpleImputer(keep_empty_features=True)), ("model", model)])


def _xgboost(parameters: dict[str, Any], seed: int) -> Any:
    import xgboost

    defaults = {"tree_method": "hist", "n_jobs": 1, "random_state": seed, "objective": "binary:logistic"}
    return xgboost.XGBClassifier(**{**defaults, **parameters})


_BUILDERS: dict[str, Callable[[dict[str, Any], int], Any]] = {
    "sklearn:logistic_regression": _logistic_regression,
    "sklearn:gradient_boosting": _gradient_boosting,
    "sklearn:random_forest": _random_forest,
    "xgboost": _xgboost,
}
