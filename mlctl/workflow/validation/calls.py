"""A call against the template it calls."""

from __future__ import annotations

from collections.abc import Iterator

from mlctl.workflow.catalog import Found
from mlctl.workflow.model.call import Arguments, Call
from mlctl.workflow.model.parameter import Raw
from mlctl.workflow.validation.known import Sibling
from mlctl.workflow.yaml_document import Document, Path_


def check_arguments(found: Found, given: Arguments, document: Document, path: Path_, caller: str) -> None:
    """Every input of the template must get a value."""
    inputs = Arguments.read(found.raw.get("inputs"))
    template = found.raw.get("name") or "inline"
    for name, parameter in inputs.parameters.items():
        argument = given.parameters.get(name)
        supplied = argument is not None and (argument.given is not None or argument.value_from is not None)
        if not supplied and parameter.given is None and parameter.value_from is None:
            raise document.error(path, f"`{caller}` gives template `{template}` no parameter `{name}`",
                                 remedy=f"add `{name}` to its arguments, or give the input a default")  # fmt: skip
        value = argument.value if argument else None
        if parameter.enum and value is not None and "{{" not in value and value not in parameter.enum:
            raise document.error(path, f"`{caller}`: parameter `{name}` is `{value}`", allowed=", ".join(parameter.enum))
    for name, artifact in inputs.artifacts.items():
        own = artifact.raw is not None or artifact.source or artifact.expression
        if name not in given.artifacts and not artifact.optional and not own:
            where = f" ({artifact.location} is not read here)" if artifact.location else ""
            raise document.error(path, f"`{caller}` gives template `{template}` no artifact `{name}`{where}",
                                 remedy=f"add `{name}` to its arguments")  # fmt: skip
    _check_given(inputs, given, document, path, caller)


def _check_given(inputs: Arguments, given: Arguments, document: Document, path: Path_, caller: str) -> None:
    for name, artifact in given.artifacts.items():
        has_source = artifact.source or artifact.expression or artifact.raw is not None
        required = name in inputs.artifacts and not inputs.artifacts[name].optional
        if artifact.location and not has_source and required:
            raise document.error(
                path, f"`{caller}`: artifact `{name}` comes from {artifact.location}, which is not read here",
                remedy=f"give a local file with --artifact {name}=PATH, or take it from a step",
            )  # fmt: skip
        if not has_source and not artifact.location and required and not artifact.optional:
            raise document.error(path, f"`{caller}`: artifact `{name}` has no `from` and no `raw`")


def sibling_of(found: Found | None, call: Call) -> Sibling:
    """What can be seen of a step or task afterwards."""
    if found is None:
        return Sibling(None, None)
    outputs = Arguments.read(found.raw.get("outputs"))
    return Sibling(frozenset(outputs.parameters), frozenset(outputs.artifacts), frozenset(_packed(found.raw)))


def _packed(raw: Raw) -> Iterator[str]:
    """The artefacts that Argo stores as one archive: those of a container or script that does not say `archive: {none: {}}`."""
    for artifact in (raw.get("outputs") or {}).get("artifacts") or ():
        if artifact.get("path") and (artifact.get("archive") or {}).get("none") is None:
            yield str(artifact["name"])
