"""The feature groups of all models as plain data, for the part of the repository that makes them in the cloud."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ml.features.compute import is_category
from ml.spec import ModelSpec, load_spec, model_names

GROUPS = Path(__file__).parent / "groups.json"


def feature_group(spec: ModelSpec) -> dict[str, Any]:
    """Return the name, the key columns and the (name, type) of each feature, in SageMaker Feature Store's types."""
    features = [{"name": name, "type": "String" if is_category(spec, name) else "Fractional"} for name in spec.features]
    return {
        "model": spec.name,
        "team": spec.owner.team,
        "record_identifier": spec.entity,
        "event_time": spec.timestamp,
        "features": [
            {"name": spec.entity, "type": "String"},
            {"name": spec.timestamp, "type": "String"},
            *features,
        ],
    }


def groups_text() -> str:
    """Return what groups.json holds when it is fresh."""
    groups = [feature_group(load_spec(name)) for name in model_names()]
    return json.dumps({"generated_by": "python -m ml.features.groups", "groups": groups}, indent=2) + "\n"


if __name__ == "__main__":
    GROUPS.write_text(groups_text(), encoding="utf-8")
