"""Reason codes: the features that counted most against a person, in plain words, most important first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ml.spec import ModelSpec

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, kw_only=True)
class Reason:
    """One reason for an adverse decision.

    Attributes
    ----------
    text
        The plain sentence of the model file.
    contribution
        How much the feature pushed toward the adverse decision, in the explainer's unit.
    """

    feature: str
    text: str
    contribution: float


def is_adverse(spec: ModelSpec, score: Array) -> Array:
    """Say for each score whether the decision is adverse."""
    above = score >= spec.decision.threshold
    return above if spec.decision.expected_event == "adverse" else ~above


def reasons(spec: ModelSpec, contributions: Array, score: Array) -> list[tuple[Reason, ...]]:
    """Return the ranked reasons of every row; a favourable decision has none.

    Only features that pushed toward the adverse decision are named, at most `explanation.reason_codes`. An adverse
    decision always has one: where nothing pushed, the feature that held back least is named.
    """
    names = list(spec.features)
    toward = contributions if spec.decision.expected_event == "adverse" else -contributions
    found: list[tuple[Reason, ...]] = []
    for pushes, adverse in zip(toward, is_adverse(spec, score), strict=True):
        if not adverse:
            found.append(())
            continue
        ranked = np.argsort(-pushes, kind="stable")[: spec.explanation.reason_codes]
        kept = [int(position) for position in ranked if pushes[position] > 0] or [int(ranked[0])]
        found.append(
            tuple(
                Reason(
                    feature=names[position],
                    text=spec.features[names[position]].reason,
                    contribution=float(pushes[position]),
                )
                for position in kept
            )
        )
    return found
