"""The workflow's arguments, with what was given on the command line."""

from __future__ import annotations

import difflib
from dataclasses import replace
from pathlib import Path

from mlctl.errors import InputError
from mlctl.workflow.catalog import Catalog
from mlctl.workflow.engine.run_folder import Header
from mlctl.workflow.model.artifact import Artifact
from mlctl.workflow.model.call import Arguments


def workflow_arguments(catalog: Catalog, header: Header) -> Arguments:
    """The arguments of the manifest, each replaced where the run was given another."""
    own = Arguments.read(catalog.spec.get("arguments"))
    parameters = {
        name: replace(parameter, value=header.parameters[name]) if name in header.parameters else parameter
        for name, parameter in own.parameters.items()
    }
    artifacts = {
        name: replace(artifact, raw=None, source="{{given." + name + "}}") if name in header.artifacts else artifact
        for name, artifact in own.artifacts.items()
    }
    return Arguments(parameters=parameters, artifacts=artifacts)


def check_parameters(catalog: Catalog, parameters: dict[str, str]) -> None:
    """Refuse a parameter the workflow does not have, one without a value, and one outside its enum.

    Raises
    ------
    InputError
        See above.
    """
    own = Arguments.read(catalog.spec.get("arguments"))
    file = catalog.main.document.file
    for name in parameters:
        if name not in own.parameters:
            near = difflib.get_close_matches(name, own.parameters, n=1)
            known = ", ".join(own.parameters) or "none"
            hint = f"did you mean `{near[0]}`?" if near else None
            raise InputError(f"the workflow has no parameter `{name}`", file=file, allowed=known, remedy=hint)
    for name, parameter in own.parameters.items():
        value = parameters.get(name, parameter.given)
        if value is None and parameter.value_from is None:
            raise InputError(f"parameter `{name}` has no value", file=file, remedy=f"give one: -p {name}=VALUE")
        if parameter.enum and value is not None and value not in parameter.enum:
            raise InputError(f"parameter `{name}` is `{value}`", file=file, allowed=", ".join(parameter.enum))


def check_given(catalog: Catalog, parameters: dict[str, str], artifacts: dict[str, Path]) -> None:
    """Refuse wrong parameters, see `check_parameters`, and an artefact that does not exist.

    Raises
    ------
    InputError
        See above.
    """
    check_parameters(catalog, parameters)
    own = Arguments.read(catalog.spec.get("arguments"))
    file = catalog.main.document.file
    for name, path in artifacts.items():
        if name not in own.artifacts:
            raise InputError(f"the workflow has no artifact `{name}`", file=file, allowed=", ".join(own.artifacts) or "none")
        if not path.exists():
            raise InputError(f"artifact `{name}`: there is no {path}", file=file)
    for name, artifact in own.artifacts.items():
        if name not in artifacts and not _has_content(artifact) and not artifact.optional:
            where = f" comes from {artifact.location}, which is not read here" if artifact.location else " has no content"
            raise InputError(f"artifact `{name}`{where}", file=file, remedy=f"give a file: --artifact {name}=PATH")


def _has_content(artifact: Artifact) -> bool:
    return artifact.raw is not None or bool(artifact.source)
