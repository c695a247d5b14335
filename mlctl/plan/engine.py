"""Plans that the Pulumi engine wrote: `pulumi preview --json` and `pulumi stack export`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from mlctl.errors import InputError
from mlctl.plan.model import Resource, StackError, StackPlan
from mlctl.plan.wire import SECRET_SIGNATURE, SIGNATURE, Marks, mark

_GONE = ("delete", "delete-replaced", "discard", "discard-replaced", "read-discard")
"""Operations after which the resource is not there any more."""
_STACK = "pulumi:pulumi:Stack"
_BUILT_IN = "pulumi:providers:pulumi"
"""The engine's own provider, of stack references. An export lists it, a preview does not, and no program can change it."""
_OF_THE_PLUGIN = ("version", "pluginDownloadURL")
"""What the engine notes of the plugin among a provider's inputs; the program did not say it."""


def from_preview(value: Mapping[str, Any], file: Path) -> StackPlan:
    """The plan in the output of `pulumi preview --json --show-sames`; without that flag the unchanged resources are missing.

    Raises
    ------
    InputError
        It is damaged.
    """
    steps = value.get("steps", [])
    if not isinstance(steps, list):
        raise InputError("steps is not a list", file=file, key="steps", remedy="write it anew with pulumi preview --json")
    states = [_state_of(step, index, file) for index, step in enumerate(steps) if step.get("op") not in _GONE]
    errors = tuple(
        StackError(problem=str(diagnostic.get("message", "")).strip())
        for diagnostic in value.get("diagnostics") or []
        if diagnostic.get("severity") == "error"
    )
    return _stack_plan(states, errors, file)


def from_export(value: Mapping[str, Any], file: Path) -> StackPlan:
    """The resources in the output of `pulumi stack export`.

    Raises
    ------
    InputError
        It is damaged.
    """
    deployment = value.get("deployment")
    states = deployment.get("resources") if isinstance(deployment, dict) else None
    if not isinstance(states, list):
        raise InputError("has no deployment.resources", file=file, key="deployment", remedy="write it anew with pulumi stack export")
    return _stack_plan([state for state in states if not state.get("delete")], (), file)


def _state_of(step: Mapping[str, Any], index: int, file: Path) -> Mapping[str, Any]:
    state = step.get("newState") or step.get("oldState")
    if not isinstance(state, dict):
        raise InputError(
            "has neither newState nor oldState", file=file, key=f"steps[{index}]", remedy="write it anew with pulumi preview --json"
        )
    return state


def _stack_plan(states: Sequence[Mapping[str, Any]], errors: tuple[StackError, ...], file: Path) -> StackPlan:
    read = [_resource(state, index, file) for index, state in enumerate(states)]
    resources = tuple(resource for resource in read if resource.type != _BUILT_IN)
    if not resources and not errors:
        raise InputError("holds no resource", file=file, remedy="was the stack empty? For a preview, pass --show-sames")
    stack = next((resource for resource in resources if resource.type == _STACK), None)
    environment, project = _names(resources[0].urn) if resources else ("unknown", "unknown")
    references = sorted({_project_of(item.name) for item in resources if item.type == "pulumi:pulumi:StackReference"})
    return StackPlan(
        name=project,
        environment=environment,
        resources=tuple(sorted(resources, key=lambda resource: resource.urn)),
        exports=dict(stack.outputs) if stack else {},
        references=tuple(references),
        errors=errors,
    )


def _resource(state: Mapping[str, Any], index: int, file: Path) -> Resource:
    urn, token = state.get("urn"), state.get("type")
    if not isinstance(urn, str) or not isinstance(token, str) or urn.count("::") < 3:
        raise InputError("is no resource state", file=file, key=f"resources[{index}]", remedy="write the file anew with pulumi")
    marks = Marks()
    inputs = _plain(state.get("inputs") or {})
    if token.startswith("pulumi:providers:"):
        inputs = {key: value for key, value in inputs.items() if key not in _OF_THE_PLUGIN}
    mark(inputs, marks)
    source, line = _user_position(state)
    return Resource(
        urn=urn,
        type=token,
        name=urn.split("::", 3)[3],
        inputs=inputs,
        outputs=_plain(state.get("outputs") or {}),
        custom=bool(state.get("custom")),
        external=bool(state.get("external")),
        parent=state.get("parent"),
        provider=None if f"::{_BUILT_IN}::" in (state.get("provider") or "") else state.get("provider"),
        dependencies=tuple(sorted(state.get("dependencies") or ())),
        property_dependencies={key: tuple(urns or ()) for key, urns in (state.get("propertyDependencies") or {}).items()},
        protect=bool(state.get("protect")),
        retain_on_delete=bool(state.get("retainOnDelete")),
        ignore_changes=tuple(state.get("ignoreChanges") or ()),
        aliases=tuple(state.get("aliases") or ()),
        computed=frozenset(marks.computed),
        partial=frozenset(marks.partial),
        secret=frozenset(marks.secret),
        file=source,
        line=line,
    )


def _plain(value: Any) -> Any:
    """Without the engine's secret wrappers (their cipher text too), whole floats as integers."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET_SIGNATURE:
            return "[secret]"
        return {key: _plain(item) for key, item in value.items() if not key.startswith("__")}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _user_position(state: Mapping[str, Any]) -> tuple[str | None, int | None]:
    """Where the user's own code made it: the engine's position may lie in an SDK, and then the stack trace knows more.

    The stack itself is made by no line of the user's.
    """
    if state.get("type") == _STACK:
        return None, None
    traced = (frame.get("sourcePosition") for frame in state.get("stackTrace") or () if isinstance(frame, dict))
    own = next((position for position in traced if position and "/site-packages/" not in str(position)), None)
    return _position(own or state.get("sourcePosition"))


def _position(position: Any) -> tuple[str | None, int | None]:
    """`project:///__main__.py#12,3` or {"uri", "line"} → file and line."""
    if isinstance(position, dict):
        return unquote(urlparse(str(position.get("uri", ""))).path).lstrip("/") or None, position.get("line")
    if isinstance(position, str) and position:
        url = urlparse(position)
        line = url.fragment.split(",")[0]
        return unquote(url.path).lstrip("/") or None, int(line) if line.isdigit() else None
    return None, None


def _names(urn: str) -> tuple[str, str]:
    """(stack, project)"""
    parts = urn.removeprefix("urn:pulumi:").split("::")
    return parts[0], parts[1]


def _project_of(reference: str) -> str:
    parts = reference.split("/")
    return parts[-2] if len(parts) > 1 else parts[-1]


def parse_json(text: str, file: Path) -> dict[str, Any]:
    """The JSON object in the text; Pulumi may print lines before it (pulumi/pulumi#19775).

    Raises
    ------
    InputError
        There is none, or it is cut off.
    """
    start = 0
    while (start := text.find("{", start)) >= 0:
        try:
            value, _ = json.JSONDecoder().raw_decode(text, start)
        except json.JSONDecodeError as error:
            if start == 0 or text[start - 1] == "\n":
                line = text.count("\n", 0, error.pos) + 1
                raise InputError(f"is not JSON: {error.msg}", file=file, line=line, remedy="is the file cut off? Write it anew") from None
            start += 1
            continue
        except RecursionError:
            raise InputError("is nested too deeply", file=file) from None
        if isinstance(value, dict):
            return value
        start += 1
    raise InputError(
        "holds no JSON object", file=file, remedy="give the output of pulumi preview --json, pulumi stack export or mlctl plan"
    )
