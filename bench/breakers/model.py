"""Breaks served models and their evidence."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ModelBreaker:
    """Breaks one served model in the settings, so that one rule must notice."""

    rule: str
    changes: tuple[tuple[str, Callable[[dict[str, Any]], bool]], ...]
    """(what, change in place; False where it does not apply)"""

    def apply(self, settings: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(model, what, changed settings) of each change that applies."""
        for name, model in settings["models"].items():
            for what, change in self.changes:
                broken = copy.deepcopy(dict(model))
                if change(broken):
                    yield name, what, {**settings, "models": {**settings["models"], name: broken}}


@dataclass(frozen=True, slots=True)
class SettingsBreaker:
    """Breaks the environment file itself, so that one rule must notice."""

    rule: str
    what: str
    change: Callable[[dict[str, Any]], bool]
    """Change in place; False where it does not apply."""

    def apply(self, settings: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """("environment", what, changed settings), where it applies."""
        broken = copy.deepcopy(dict(settings))
        if self.change(broken):
            yield "environment", self.what, broken


def _no_evidence(kind: str) -> Callable[[dict[str, Any]], bool]:
    def change(model: dict[str, Any]) -> bool:
        kept = [record for record in model["evidence"] if record["kind"] != kind]
        applies = model["version"] is not None and len(kept) < len(model["evidence"])
        model["evidence"] = kept
        return applies

    return change


def _failed_evidence(kind: str) -> Callable[[dict[str, Any]], bool]:
    def change(model: dict[str, Any]) -> bool:
        found = [record for record in model["evidence"] if record["kind"] == kind]
        model["evidence"] = [*model["evidence"], *({**record, "verdict": "fail"} for record in found)]
        return model["version"] is not None and bool(found)

    return change


def _of_other_version(kind: str) -> Callable[[dict[str, Any]], bool]:
    def change(model: dict[str, Any]) -> bool:
        found = [record for record in model["evidence"] if record["kind"] == kind]
        for record in found:
            record["version"] = 99
        return model["version"] is not None and bool(found)

    return change


def _old(model: dict[str, Any]) -> bool:
    for record in model["evidence"]:
        record["date"] = "2020-01-01"
    return any(record["kind"] == "evaluation" for record in model["evidence"])


def _set_key(key: str, value: Any) -> Callable[[dict[str, Any]], bool]:
    def change(model: dict[str, Any]) -> bool:
        model[key] = value
        return True

    return change


def _define(**values: Any) -> Callable[[dict[str, Any]], bool]:
    def change(model: dict[str, Any]) -> bool:
        model["definition"] = {**(model["definition"] or {}), **values}
        return True

    return change


def _unguarded(key: str) -> Callable[[dict[str, Any]], bool]:
    def change(model: dict[str, Any]) -> bool:
        model["definition"] = {**model["definition"], "regulated": True, key: None}
        return True

    return change


def _alone(settings: dict[str, Any]) -> bool:
    """Critical models of production on one instance."""
    found = [model for model in settings["models"].values() if model["critical"] and model["mode"] == "realtime"]
    for model in found:
        model["instances"]["minimum"] = 1
    return settings["tier"] == "production" and bool(found)


def _sleepless(settings: dict[str, Any]) -> bool:
    settings["schedules"]["off_hours"] = None
    settings["tier"] = "development"
    return True


def _without_window(settings: dict[str, Any]) -> bool:
    settings["schedules"]["training_window"] = None
    return True


def _at_noon(settings: dict[str, Any]) -> bool:
    settings["schedules"].update(training_window="22:00-06:00", training="0 12 * * 0")
    return True


def _costly_nat(settings: dict[str, Any]) -> bool:
    """The rule for development, applied to a network that has a gateway per zone."""
    applies = bool(settings["tier"] == "production")
    settings["tier"] = "development"
    return applies


_EVIDENCE = ("evaluation", "fairness", "explanation", "latency", "data_contract", "artefact")

MODELS: tuple[ModelBreaker | SettingsBreaker, ...] = (
    *(
        ModelBreaker(
            f"ml-{kind.replace('_', '-')}-evidence",
            (
                (f"no evidence of {kind}", _no_evidence(kind)),
                (f"{kind} failed later", _failed_evidence(kind)),
                (f"{kind} of another version", _of_other_version(kind)),
            ),
        )
        for kind in _EVIDENCE
    ),
    ModelBreaker("ml-approved", (("nobody approved", _no_evidence("approval")), ("approvals taken back", _failed_evidence("approval")))),
    ModelBreaker("ml-evidence-fresh", (("evidence of 2020", _old),)),
    ModelBreaker(
        "ml-protected-unused",
        (
            ("feature from a prohibited column", _define(features={"a": {"source": "age"}}, prohibited=["age"])),
            ("window over a prohibited column", _define(features={"a": {"window": {"column": "sex"}}}, prohibited=["sex"])),
        ),
    ),
    ModelBreaker(
        "ml-regulated-guarded", tuple((f"regulated without {key}", _unguarded(key)) for key in ("prohibited", "monitored", "fairness"))
    ),
    ModelBreaker("ml-definition-present", (("no definition", _set_key("definition", None)),)),
    ModelBreaker("ml-requests-captured", (("captures nothing", _set_key("data_capture_percent", 0)),)),
    ModelBreaker("ml-drift-monitored", (("no drift limits", _define(drift=None)), ("no retraining", _define(retraining=None)))),
    ModelBreaker(
        "ml-rollback-possible",
        (
            ("no way back", lambda model: model.update(version=4, previous_version=None) is None),
            ("back to itself", lambda model: model.update(version=4, previous_version=4) is None),
        ),
    ),
    SettingsBreaker("ml-critical-redundant", "one instance for critical models", _alone),
    SettingsBreaker("spend-off-hours", "no off-hours in development", _sleepless),
    SettingsBreaker("spend-training-off-peak", "no training window", _without_window),
    SettingsBreaker("spend-training-off-peak", "training at noon", _at_noon),
    SettingsBreaker("spend-nat-single", "per-zone NAT in development", _costly_nat),
)
