"""A canary's limits, from the model's own file, ml/models/<name>.yaml, and from the environment's `promotion` settings.

`drift.prediction_psi` is how far the scores may move, `fairness.adverse_impact_ratio` and `fairness.minimum_group` how groups are
compared. What the file does not say is not judged. The groups of a model that is `regulated`, or that lists `prohibited` attributes, must
be judged before a challenger gets all requests: that nobody could see how it treats people is no reason to let it decide about all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlctl.config.gates import Promotion
from mlctl.errors import InputError
from mlctl.promotion.canary import Limits
from mlctl.promotion.watched import watched_of

_MINIMUM_GROUP = 30


def limits_of(
    definition: Mapping[str, Any],
    promotion: Promotion | None = None,
    *,
    minimum_requests: int,
    step_seconds: float,
    psi: float | None = None,
) -> Limits:
    """The limits of a model.

    Parameters
    ----------
    definition
        The model file; empty where there is none.
    promotion
        The environment's settings. None: their defaults.
    psi
        Instead of the file's: a challenger that was trained because the population changed is meant to score differently.

    Raises
    ------
    InputError
        A limit is no number.
    """
    drift, fairness, settings = _section(definition, "drift"), _section(definition, "fairness"), promotion or Promotion()
    scores = psi if psi is not None else _number(drift, "drift", "prediction_psi")
    ratio = _number(fairness, "fairness", "adverse_impact_ratio")
    watched = tuple(item.column for item in watched_of(definition))
    asked = _asked(definition, scores=scores, ratio=ratio if watched else None)
    about_people = bool(definition.get("regulated") or definition.get("prohibited"))
    return Limits(
        alpha=settings.canary_alpha,
        tolerance=settings.canary_tolerance,
        psi=scores,
        impact_ratio=ratio,
        minimum_group=int(_number(fairness, "fairness", "minimum_group") or _MINIMUM_GROUP),
        minimum_requests=minimum_requests,
        step_seconds=step_seconds,
        watched=watched,
        asked=asked,
        required=asked & {"groups"} if about_people else frozenset(),
    )


def _asked(definition: Mapping[str, Any], *, scores: float | None, ratio: float | None) -> frozenset[str]:
    """Questions that the model's file sets limits for."""
    limits = {"business": favourable_word(definition), "distribution": scores, "groups": ratio}
    return frozenset({"errors", "latency", *(name for name, limit in limits.items() if limit is not None)})


def favourable_word(definition: Mapping[str, Any]) -> str | None:
    """The decision that is good for whom it is about; None where the model's file names none."""
    word = _section(definition, "decision").get("favourable_word")
    return word if isinstance(word, str) else None


def _section(definition: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = definition.get(name)
    return value if isinstance(value, Mapping) else {}


def _number(section: Mapping[str, Any], name: str, key: str) -> float | None:
    value = section.get(key)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float) or value <= 0):
        raise InputError(f"{value!r} is no limit", key=f"{name}.{key}", allowed="a number above 0")
    return float(value) if value is not None else None
