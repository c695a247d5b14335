"""Collects what a template gives."""

from __future__ import annotations

import shutil
from pathlib import Path

from mlctl.workflow.engine.bind import artifact_at, artifact_by
from mlctl.workflow.engine.error import NodeError
from mlctl.workflow.engine.node import Outputs
from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.expression.evaluate import evaluate
from mlctl.workflow.expression.functions import as_text
from mlctl.workflow.expression.namespace import Roots
from mlctl.workflow.model.artifact import Artifact, ArtifactFile
from mlctl.workflow.model.parameter import Parameter
from mlctl.workflow.model.template import Template
from mlctl.workflow.process.sandbox import Sandbox
from mlctl.workflow.scope import Scope
from mlctl.workflow.tags import fill_text

MAX_RESULT = 256 * 1024
"""Bytes of standard output that become `outputs.result`, as in Argo."""


def outputs_from_scope(template: Template, scope: Scope) -> Outputs:
    """The outputs of a steps or dag template.

    Raises
    ------
    NodeError, ExpressionError
        An output without a default has no value.
    """
    outputs = Outputs()
    for name, parameter in template.outputs.parameters.items():
        outputs.parameters[name] = _from_scope(parameter, scope)
    for name, artifact in template.outputs.artifacts.items():
        file = artifact_by(artifact.expression, scope) if artifact.expression else artifact_at(artifact.source or "", scope)
        if file is not None:
            outputs.artifacts[name] = file
        elif not artifact.optional:
            raise NodeError(f"output artifact `{name}`: what it comes from made none")
    return outputs


def _from_scope(parameter: Parameter, scope: Scope) -> str:
    source = parameter.value_from
    try:
        if source is None:
            return fill_text(parameter.value or "", scope)
        if source.expression:
            value = evaluate(fill_text(source.expression, scope), Roots(scope))
            if value is None:
                raise ExpressionError(f"output parameter `{parameter.name}`: `{source.expression}` gives nil")
            return as_text(value)
        return fill_text(source.parameter or "", scope)
    except ExpressionError:
        if source is not None and source.default is not None:
            return fill_text(source.default, scope)
        raise


def outputs_of_process(template: Template, sandbox: Sandbox, code: int, stdout: Path, run: Path) -> Outputs:
    """The outputs of a process that has ended; after a failure, those it made before.

    Raises
    ------
    NodeError
        It succeeded, but did not make what it promised.
    OSError
        A file cannot be read or kept.
    """
    outputs = Outputs(result=read_result(stdout, sandbox), exit_code=code)
    for name, parameter in template.outputs.parameters.items():
        value = _from_file(parameter, sandbox)
        if value is not None:
            outputs.parameters[name] = value
        elif code == 0:
            path = parameter.value_from.path if parameter.value_from else None
            raise NodeError(f"output parameter `{name}`: the step made no file {path}")
    for name, artifact in template.outputs.artifacts.items():
        file = _kept(artifact, sandbox, run)
        if file is not None:
            outputs.artifacts[name] = file
        elif code == 0 and not artifact.optional:
            raise NodeError(f"output artifact `{name}`: the step made nothing at {artifact.path}")
    return outputs


def read_result(stdout: Path, sandbox: Sandbox) -> str:
    """Standard output without its last line end, as `outputs.result`."""
    with stdout.open("rb") as stream:
        text = stream.read(MAX_RESULT).decode("utf-8", "replace")
    return sandbox.restore(text.removesuffix("\n"))


def _from_file(parameter: Parameter, sandbox: Sandbox) -> str | None:
    source = parameter.value_from
    if source is None:
        return parameter.value
    if source.path:
        file = sandbox.local(source.path)
        if file.is_file():
            text = file.read_text(encoding="utf-8", errors="replace")
            return sandbox.restore(text.removesuffix("\n"))
    return source.default


def _kept(artifact: Artifact, sandbox: Sandbox, run: Path) -> ArtifactFile | None:
    """Where the artefact is; one on a shared volume is copied, because a later step may change it."""
    made = sandbox.local(artifact.path or "")
    if not made.exists():
        return None
    if not made.is_relative_to(sandbox.folder):
        copy = sandbox.folder / "artifacts" / artifact.name
        copy_over(made, copy)
        made = copy
    return ArtifactFile(made.relative_to(run))


def copy_over(source: Path, target: Path) -> None:
    """Copy a file or a folder, replacing what is there."""
    if target.is_dir() and not target.is_symlink():
        shutil.rmtree(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        _copy_folder(source, target)
    else:
        shutil.copy2(source, target)


def _copy_folder(source: Path, target: Path) -> None:
    """Copy a folder, and stop at the first file that cannot be copied: `shutil.copytree` goes on, and loses what kind of error it was."""
    target.mkdir()
    for entry in sorted(source.iterdir()):
        if entry.is_symlink():
            (target / entry.name).symlink_to(entry.readlink())
        elif entry.is_dir():
            _copy_folder(entry, target / entry.name)
        else:
            shutil.copy2(entry, target / entry.name)
    shutil.copystat(source, target)
