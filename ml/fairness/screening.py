"""Refuse features before training: those that use a prohibited column, and those that stand in for one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ml.fairness.association import association
from ml.features.offline import FeatureTable
from ml.spec import ModelSpec

Verdict = Literal["pass", "fail", "not_evaluated"]


@dataclass(frozen=True, kw_only=True)
class Screened:
    """One feature beside one attribute.

    Attributes
    ----------
    association
        From 0 to 1; None where there were too few rows to say.
    """

    feature: str
    attribute: str
    association: float | None
    verdict: Verdict
    detail: str


def forbidden_features(spec: ModelSpec) -> list[Screened]:
    """Return the features that use a prohibited or monitored column, which needs no data to see."""
    monitored = [attribute.column for attribute in spec.monitored]
    found = []
    for name, feature in spec.features.items():
        for column in feature.source:
            if column in spec.prohibited or column in monitored:
                kind = "prohibited" if column in spec.prohibited else "monitored"
                detail = f"the feature {name} uses the {kind} column {column}"
                found.append(Screened(feature=name, attribute=column, association=1.0, verdict="fail", detail=detail))
    return found


def screen_features(spec: ModelSpec, table: FeatureTable) -> list[Screened]:
    """Return the verdict of every feature against every prohibited column, by name."""
    found = forbidden_features(spec)
    refused = {(item.feature, item.attribute) for item in found}
    for attribute in spec.prohibited:
        for name in spec.features:
            if (name, attribute) not in refused:
                found.append(_judge(spec, name, attribute, association(table.features[name], table.rows[attribute])))
    return found


def _judge(spec: ModelSpec, name: str, attribute: str, measured: float | None) -> Screened:
    if measured is None:
        detail = "too few rows, or one value only"
        return Screened(feature=name, attribute=attribute, association=None, verdict="not_evaluated", detail=detail)
    limit = spec.proxy.threshold
    verdict: Verdict = "fail" if measured > limit else "pass"
    stands = "stands in for" if verdict == "fail" else "does not stand in for"
    detail = f"{name} {stands} {attribute}: association {measured:.2f}, allowed up to {limit:g}"
    return Screened(feature=name, attribute=attribute, association=measured, verdict=verdict, detail=detail)
