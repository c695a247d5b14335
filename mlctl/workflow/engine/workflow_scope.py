"""The variables `workflow.…` of a run."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import Any

from mlctl.workflow.catalog import Catalog
from mlctl.workflow.engine.bind import Inputs
from mlctl.workflow.engine.clock import rfc3339
from mlctl.workflow.engine.run_folder import Header
from mlctl.workflow.expression.go_text import to_json
from mlctl.workflow.scope import Scope

_STRFTIME = "aAbBcdHIjmMpSUwWxXyYZ"


def workflow_scope(header: Header, catalog: Catalog, inputs: Inputs) -> Scope:
    """All that is known of a run when it starts; `inputs` are its arguments under `inputs.…`."""
    metadata = catalog.metadata
    created = datetime.fromtimestamp(header.created, tz=UTC)
    own: dict[str, Any] = {
        "workflow.name": header.name,
        "workflow.namespace": metadata.get("namespace") or os.environ.get("ARGO_NAMESPACE") or "default",
        "workflow.serviceAccountName": catalog.spec.get("serviceAccountName") or "",
        "workflow.uid": header.uid,
        "workflow.mainEntrypoint": header.entrypoint,
        "workflow.priority": str(catalog.spec.get("priority") or 0),
        "workflow.creationTimestamp": rfc3339(header.created),
        "workflow.creationTimestamp.RFC3339": rfc3339(header.created),
        "workflow.creationTimestamp.s": str(int(header.created)),
        "workflow.scheduledTime": rfc3339(header.created),
        "workflow.duration": lambda: f"{time.time() - header.created:.6f}",
    }
    own.update({f"workflow.creationTimestamp.{char}": created.strftime(f"%{char}") for char in _STRFTIME})
    for kind in ("labels", "annotations"):
        values = {**(metadata.get(kind) or {}), **((catalog.spec.get("workflowMetadata") or {}).get(kind) or {})}
        own.update({f"workflow.{kind}.{key}": str(value) for key, value in values.items()})
        own[f"workflow.{kind}"] = own[f"workflow.{kind}.json"] = to_json(values)
    for name, value in inputs.items():
        if name.startswith("inputs.parameters.") or name.startswith("inputs.artifacts."):
            own[f"workflow.{name.removeprefix('inputs.')}"] = value
    own["workflow.parameters"] = own["workflow.parameters.json"] = inputs.get("inputs.parameters", "[]")
    return Scope(own)
