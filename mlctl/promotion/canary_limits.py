"""A canary's limits, from the model's own file: ml/models/<name>.yaml.

`drift.prediction_psi` is how far the scores may move, `fairness.adverse_impact_ratio` and `fairness.minimum_group` how groups are
compared. What the file does not say is not judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlctl.errors import InputError
from mlctl.promotion.canary import Limits

_MINIMUM_GROUP = 30


def limits_of(definition: Mapping[str, Any], *, minimum_requests: int, step_seconds: float, psi: float | None = None) -> Limits:
    """The limits of a model.

    Parameters
    ----------
    definition
        The model file; empty where there is none.
    psi
        Instead of the file's: a challenger that was trained because the population changed is meant to score differently.

    Raises
    ------
    InputError
        A limit is no number.
    """
    drift, fairness = _section(definition, "drift"), _section(definition, "fairness")
    return Limits(
        psi=psi if psi is not None else _number(drift, "drift", "prediction_psi"),
        impact_ratio=_number(fairness, "fairness", "adverse_impact_ratio"),
        minimum_group=int(_number(fairness, "fairness", "minimum_group") or _MINIMUM_GROUP),
        minimum_requests=minimum_requests,
        step_seconds=step_seconds,
    )


def _section(definition: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = definition.get(name)
    return value if isinstance(value, Mapping) else {}


def _number(section: Mapping[str, Any], name: str, key: str) -> float | None:
    value = section.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value <= 0):
        raise InputError(f"{value!r} is no limit", key=f"{name}.{key}", allowed="a number above 0")
    return float(value) if value is not None else None
