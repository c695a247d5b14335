"""The evidence of a model's versions, as the governance rules read it.

A record is a mapping with kind (evaluation, fairness, …, approval), version, verdict (pass, fail), date (ISO) and actor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from policies.settings import Settings

KINDS = ("evaluation", "fairness", "explanation", "latency", "data_contract", "artefact")

SERVED: Mapping[str, Any] = {
    "team": "lending",
    "mode": "realtime",
    "version": 4,
    "previous_version": 3,
    "critical": True,
    "data_capture_percent": 100,
    "instances": {"minimum": 2, "maximum": 4},
    "definition": {
        "regulated": True,
        "features": {"debt_to_income": {"source": ["monthly_debt", "income"], "reason": "Debt is high."}},
        "prohibited": ["age", "sex"],
        "monitored": ["sex"],
        "fairness": {"adverse_impact_ratio": 0.8},
        "drift": {"psi": 0.2},
        "retraining": {"violated": 2, "windows": 5},
    },
    "evidence": [
        *({"kind": kind, "version": 4, "verdict": "pass", "date": "2026-01-20"} for kind in KINDS),
        {"kind": "approval", "version": 4, "verdict": "pass", "date": "2026-01-21", "actor": "ana@acme.example"},
        {"kind": "approval", "version": 4, "verdict": "pass", "date": "2026-01-21", "actor": "ben@acme.example"},
    ],
}
"""A model that may serve in production."""


def spoiled(kind: str) -> Mapping[str, Any]:
    """The same model without its evidence of one kind."""
    return {**SERVED, "evidence": [record for record in SERVED["evidence"] if record["kind"] != kind]}


def records(model: Mapping[str, Any], kind: str) -> list[Mapping[str, Any]]:
    """Evidence of one kind about the version that serves, oldest first."""
    return [record for record in model["evidence"] if record["kind"] == kind and str(record["version"]) == str(model["version"])]


def unproven(model: Mapping[str, Any], settings: Settings, kind: str) -> Iterator[str]:
    """One message where the environment asks for this kind of evidence and the latest record does not pass."""
    if model["version"] is None or kind not in settings.promotion["require"]:
        return
    found = records(model, kind)
    if not found:
        yield f"version {model['version']} has no evidence of {kind.replace('_', ' ')}"
    elif found[-1]["verdict"] != "pass":
        yield f"version {model['version']}: the latest {kind.replace('_', ' ')} says {found[-1]['verdict']}"


def approvers(model: Mapping[str, Any]) -> set[str]:
    """Different people who approved the version that serves, and did not take it back."""
    said = {str(record["actor"]).strip().lower(): record["verdict"] for record in records(model, "approval") if record.get("actor")}
    return {person for person, verdict in said.items() if verdict == "pass"}


def evaluation_age(model: Mapping[str, Any], today: str) -> int | None:
    """Days since the latest evaluation of the version that serves; None where there is none."""
    found = records(model, "evaluation")
    if model["version"] is None or not found:
        return None
    return (date.fromisoformat(today) - date.fromisoformat(str(found[-1]["date"])[:10])).days
