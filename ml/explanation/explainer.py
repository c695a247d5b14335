"""How much each feature moves a score: SHAP where it is fast, else LIME.

Contributions are summed over the matrix columns of a category, so there is one number per feature of the model file.
They point toward the target being 1. Their unit is the method's: log-odds for boosting and logistic regression,
probability for forests and LIME.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from ml.errors import InputError
from ml.features.encode import encoded_columns, encoded_owner
from ml.spec import ModelSpec
from ml.training.bundle import Bundle

Array = np.ndarray[Any, np.dtype[Any]]
LIME_SAMPLES = 500


@dataclass(frozen=True, kw_only=True)
class Explainer:
    """Explains the scores of one model.

    Attributes
    ----------
    method
        `shap` or `lime`.
    unit
        `log-odds` or `probability`.
    """

    method: str
    unit: str
    spec: ModelSpec
    by_column: Callable[[Array], Array]

    def contributions(self, matrix: Array) -> Array:
        """Return one number per row and feature, in the model file's order of features."""
        features = list(self.spec.features)
        summed = np.zeros((len(matrix), len(features)))
        if len(matrix):
            by_column = self.by_column(matrix)
            for position, owner in enumerate(encoded_owner(self.spec)):
                summed[:, features.index(owner)] += by_column[:, position]
        return summed


def load_explainer(spec: ModelSpec, bundle: Bundle, background: Array) -> Explainer:
    """Return the explainer that the model file asks for.

    Parameters
    ----------
    background
        Encoded rows that the explanation compares with.

    Raises
    ------
    InputError
        The file asks for SHAP, and the model has no fast one.
    """
    wanted = spec.explanation.method
    fast = None if wanted == "lime" else _fast_shap(spec, bundle, background)
    if fast is not None:
        return Explainer(method="shap", unit=fast[1], spec=spec, by_column=fast[0])
    if wanted == "shap":
        problem = f"{bundle.algorithm} has no fast SHAP"
        raise InputError(problem, file=spec.file, key="explanation.method", allowed="auto, lime")
    return Explainer(method="lime", unit="probability", spec=spec, by_column=_lime(spec, bundle, background))


def _fast_shap(spec: ModelSpec, bundle: Bundle, background: Array) -> tuple[Callable[[Array], Array], str] | None:
    model: Any = bundle.model
    if bundle.algorithm == "xgboost":
        return _xgboost_shap(model), "log-odds"
    if bundle.algorithm == "sklearn:gradient_boosting":
        import shap

        trees = shap.TreeExplainer(model)
        return lambda matrix: np.asarray(trees.shap_values(matrix, check_additivity=False)), "log-odds"
    if bundle.algorithm == "sklearn:random_forest":
        import shap

        forest = shap.TreeExplainer(model.named_steps["model"])
        before = model.named_steps["impute"]
        return lambda matrix: np.asarray(forest.shap_values(before.transform(matrix)))[:, :, 1], "probability"
    if bundle.algorithm == "sklearn:logistic_regression":
        import shap

        line = shap.LinearExplainer(model.named_steps["model"], model[:-1].transform(background))
        return lambda matrix: np.asarray(line.shap_values(model[:-1].transform(matrix))), "log-odds"
    return None


def _xgboost_shap(model: Any) -> Callable[[Array], Array]:
    """Return XGBoost's own TreeSHAP; the last column is the base value."""
    import xgboost

    booster = model.get_booster()

    def by_column(matrix: Array) -> Array:
        return np.asarray(booster.predict(xgboost.DMatrix(matrix), pred_contribs=True))[:, :-1]

    return by_column


def _lime(spec: ModelSpec, bundle: Bundle, background: Array) -> Callable[[Array], Array]:
    from lime.lime_tabular import LimeTabularExplainer

    filled = np.where(np.isnan(background), np.nanmedian(np.append(background, 0 * background[:1], 0), axis=0), background)
    medians = np.median(filled, axis=0)
    columns = encoded_columns(spec)
    explainer = LimeTabularExplainer(
        filled, feature_names=list(columns), discretize_continuous=False, random_state=bundle.seed, mode="classification"
    )

    def chances(matrix: Array) -> Array:
        score = bundle.score(matrix.astype(np.float32))
        return np.stack([1 - score, score], axis=1)

    def by_column(matrix: Array) -> Array:
        found = np.zeros(matrix.shape)
        for row, values in enumerate(np.where(np.isnan(matrix), medians, matrix).astype("float64")):
            told = explainer.explain_instance(values, chances, num_features=len(columns), num_samples=LIME_SAMPLES)
            scaled = (values - explainer.scaler.mean_) / explainer.scaler.scale_
            for position, weight in told.as_map()[1]:
                found[row, position] = weight * scaled[position]
        return found

    return by_column
