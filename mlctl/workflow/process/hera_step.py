"""Hera's own runner, with the container's paths moved to the step's folder.

Hera keeps artefact paths in the Python annotations of a function, where rewriting the manifest does not reach them. The runner
asks `get_workflow_annotation` for each; here its answer is given with the path moved.
"""

from __future__ import annotations

import copy
import os
from pathlib import Path
from typing import Any

PATHS_VARIABLE = "MLCTL_HERA_PATHS"
"""JSON: absolute paths of the container, and where they are on this machine."""


def main() -> None:
    """Run one step: the arguments are those of `python -m hera.workflows.runner`."""
    import json

    move_paths(json.loads(os.environ.get(PATHS_VARIABLE, "{}")))
    from hera.workflows._runner.util import _run

    _run()


def move_paths(moved: dict[str, str]) -> None:
    """Have Hera's runner read and write at the moved paths from now on."""
    from hera.workflows import Artifact, Parameter, script
    from hera.workflows._runner import script_annotations_util, util
    from hera.workflows.io import _io_mixins

    original = vars(util)["get_workflow_annotation"]

    def moved_annotation(annotation: Any) -> Any:
        found = original(annotation)
        if isinstance(found, Artifact):
            found = copy.copy(found)
            found.path = _move(found.path, moved) if found.path else None
        elif isinstance(found, Parameter) and (source := found.value_from) and source.path:
            found = copy.copy(found)
            found.value_from = source.model_copy(update={"path": _move(source.path, moved)})
        return found

    for module in (util, script_annotations_util, script, _io_mixins):
        vars(module)["get_workflow_annotation"] = moved_annotation
    default_inputs = Artifact._get_default_inputs_path

    def moved_inputs(artifact: Any) -> str:
        return _move(default_inputs(artifact), moved)

    artifact_class: Any = Artifact
    artifact_class._get_default_inputs_path = moved_inputs
    output_path = script_annotations_util._get_outputs_path

    def moved_output(destination: Any) -> Path:
        return Path(_move(str(output_path(destination)), moved))

    vars(script_annotations_util)["_get_outputs_path"] = moved_output


def _move(path: str, moved: dict[str, str]) -> str:
    if any(path == real or path.startswith(real + "/") for real in moved.values()):
        return path
    for declared in sorted(moved, key=len, reverse=True):
        if path == declared or path.startswith(declared + "/"):
            return str(Path(moved[declared] + path[len(declared) :]))
    return path


if __name__ == "__main__":
    main()
