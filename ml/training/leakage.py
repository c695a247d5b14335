"""Refuse features that all but say the outcome: such a column is filled in afterwards, and will not be there when it is needed."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ml.errors import BlockedError
from ml.fairness.association import association
from ml.features.offline import FeatureTable
from ml.spec import ModelSpec


@dataclass(frozen=True, kw_only=True)
class Leak:
    """A feature that says more about the outcome than one known beforehand can.

    Attributes
    ----------
    association
        With the outcome, from 0 to 1; of the value, or of whether there is one.
    """

    feature: str
    association: float
    detail: str


def leaks(spec: ModelSpec, table: FeatureTable) -> list[Leak]:
    """Return the features whose association with the outcome is above `training.leakage`, on the rows whose outcome is known."""
    known = table.labelled(spec)
    outcome = pd.Series(known.outcome(spec)).map(str)
    limit = spec.training.leakage
    found = []
    for name in spec.features:
        values = known.features[name]
        for what, measured in (("", association(values, outcome)), (", by being missing,", association(values.isna().map(str), outcome))):
            if measured is not None and min(measured, 1.0) > limit:
                detail = f"{name}{what} all but says {spec.target.column}: association {measured:.2f}, allowed up to {limit:g}"
                found.append(Leak(feature=name, association=measured, detail=detail))
                break
    return found


def refuse_leaks(spec: ModelSpec, table: FeatureTable) -> None:
    """Raise BlockedError where a feature says the outcome."""
    found = leaks(spec, table)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        remedy = "take the feature out, or take its value from before the decision; if it is right as it is, raise training.leakage"
        raise BlockedError(found[0].detail + more, file=spec.file, key=f"features.{found[0].feature}", remedy=remedy)
