"""Gathers what the governance rules judge: how a model serves, its definition, and the evidence of its versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from mlctl.config import Environment
from mlctl.config.yaml_file import read_yaml

_SERVING = ("team", "mode", "version", "previous_version", "critical", "data_capture_percent", "instances", "kserve")
_DEFINITION = ("regulated", "features", "prohibited", "monitored", "fairness", "drift", "retraining")


def model_subjects(environment: Environment, *, definitions: Path, evidence: Iterable[Mapping[str, Any]] = ()) -> dict[str, dict[str, Any]]:
    """Model name → subject.

    Parameters
    ----------
    definitions
        The folder ml/models.
    evidence
        Records with model, version, kind, verdict, date (ISO) and actor, oldest first.

    Raises
    ------
    InputError
        A definition is no readable YAML.
    """
    records = list(evidence)
    subjects = {}
    for name, model in environment.models.items():
        serving = model.model_dump(mode="json")
        path = definitions / f"{name}.yaml"
        definition = read_yaml(path).value if path.exists() else None
        subjects[name] = {
            **{key: serving[key] for key in _SERVING},
            "definition": {key: _plain(definition[key]) for key in _DEFINITION if key in definition} if definition else None,
            "evidence": [dict(record) for record in records if record.get("model") == name],
        }
    return subjects


def _plain(value: Any) -> Any:
    """JSON values only: YAML knows dates."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)
