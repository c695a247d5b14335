"""Turns the arguments of a call into the inputs of its template."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from mlctl.workflow.engine.error import NodeError
from mlctl.workflow.engine.session import Session
from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.expression.evaluate import evaluate
from mlctl.workflow.expression.functions import as_text
from mlctl.workflow.expression.go_text import to_json
from mlctl.workflow.expression.namespace import Roots
from mlctl.workflow.model.artifact import Artifact, ArtifactFile
from mlctl.workflow.model.call import Arguments
from mlctl.workflow.model.parameter import Parameter
from mlctl.workflow.scope import Scope
from mlctl.workflow.tags import fill_text

Inputs = dict[str, Any]


def bind(inputs: Arguments, given: Arguments, outer: Scope, session: Session) -> Inputs:
    """The variables `inputs.…` of a template; values are looked up where the call is made.

    Raises
    ------
    NodeError
        A value is missing, or not among those allowed.
    """
    found: Inputs = {}
    values: dict[str, str] = {}
    for name, parameter in inputs.parameters.items():
        value = _parameter(parameter, given.parameters.get(name), outer, session)
        if parameter.enum and value not in parameter.enum:
            raise NodeError(f"parameter `{name}` is `{value}`; allowed: {', '.join(parameter.enum)}")
        values[name] = found[f"inputs.parameters.{name}"] = value
    found["inputs.parameters"] = to_json([{"name": name, "value": value} for name, value in values.items()])
    for name, artifact in inputs.artifacts.items():
        file = _artifact(artifact, given.artifacts.get(name), outer, session)
        if file is not None:
            found[f"inputs.artifacts.{name}"] = file
        elif not artifact.optional:
            raise NodeError(f"artifact `{name}` was not given: what it comes from made none")
        if artifact.path:
            found[f"inputs.artifacts.{name}.path"] = artifact.path
    return found


def _parameter(parameter: Parameter, given: Parameter | None, outer: Scope, session: Session) -> str:
    if given is not None and given.given is not None:
        return fill_text(given.given, outer)
    source = given.value_from if given is not None else parameter.value_from
    if source is not None:
        if source.expression:
            value = evaluate(fill_text(source.expression, outer), Roots(outer))
            if value is not None:
                return as_text(value)
        if source.parameter:
            return fill_text(source.parameter, outer)
        if source.config_map:
            name, key = fill_text(source.config_map.name, outer), fill_text(source.config_map.key, outer)
            text = session.parameter_of(name, key)
            if text is not None:
                return text
            if source.default is None and not source.config_map.optional:
                raise NodeError(f"parameter `{parameter.name}`: ConfigMap `{name}` has no key `{key}` here")
        if source.default is not None:
            return fill_text(source.default, outer)
    if parameter.given is None:
        raise NodeError(f"parameter `{parameter.name}` was not given")
    return fill_text(parameter.given, outer)


def _artifact(artifact: Artifact, given: Artifact | None, outer: Scope, session: Session) -> ArtifactFile | None:
    chosen = given if given is not None else artifact
    if chosen.raw is not None:
        return _raw_artifact(fill_text(chosen.raw, outer), session)
    file: ArtifactFile | None = None
    if chosen.source:
        file = artifact_at(chosen.source, outer)
    elif chosen.expression:
        file = artifact_by(chosen.expression, outer)
    if file is not None and chosen.sub_path:
        return ArtifactFile(file.path / fill_text(chosen.sub_path, outer))
    return file


def _raw_artifact(text: str, session: Session) -> ArtifactFile:
    """The content of an artefact that is written in the manifest, as a file of the run."""
    place = Path("raw") / hashlib.sha256(text.encode()).hexdigest()[:32]
    file = session.folder / place
    if not file.exists():
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return ArtifactFile(place)


def artifact_at(source: str, scope: Scope) -> ArtifactFile | None:
    """The artefact a `from: "{{…}}"` means, or None where none was made."""
    name = source.strip().removeprefix("{{").removesuffix("}}").strip()
    if name.startswith("="):
        return artifact_by(name[1:], scope)
    file = scope.get(name)
    return file if isinstance(file, ArtifactFile) else None


def artifact_by(expression: str, scope: Scope) -> ArtifactFile | None:
    """The artefact an expression chooses, or None."""
    value = evaluate(expression, Roots(scope))
    if value is None or isinstance(value, ArtifactFile):
        return value
    raise ExpressionError(f"`{expression}` gives {value!r}, not an artefact")
