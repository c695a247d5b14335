"""Stands in for the Pulumi engine while a program runs: answers each registration and keeps what was registered.

It sees the raw requests, so it knows parents, dependencies, providers and source lines, as the engine does.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from google.protobuf import empty_pb2
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import resource_pb2

from mlctl.errors import InputError
from mlctl.plan.answers import Answers
from mlctl.plan.model import Resource, StackError
from mlctl.plan.outputs import computed_outputs, identifier
from mlctl.plan.program import Program
from mlctl.plan.schema import validate
from mlctl.plan.transform import as_rebuilt, transformed
from mlctl.plan.wire import Marks, from_struct, secret_value, set_value, to_struct

STACK_TYPE = "pulumi:pulumi:Stack"
REFERENCE_TYPE = "pulumi:pulumi:StackReference"

Exports = Mapping[str, Any]
ReadExports = Callable[[str], tuple[Exports | None, tuple[str, ...]]]
"""Stack reference name → (exports, or None where that stack failed; names of its secret exports)."""


class _NoMocks(Mocks):
    """`MockMonitor` wants one; every request is answered by `RecordingMonitor` itself."""

    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(args.token)

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, dict[Any, Any]]:
        raise AssertionError(args.name)


@dataclass(slots=True)
class Recording:
    """What a program has registered so far."""

    resources: dict[str, Resource] = field(default_factory=dict)
    exports: dict[str, Any] = field(default_factory=dict)
    secret_exports: tuple[str, ...] = ()
    references: set[str] = field(default_factory=set)
    errors: list[StackError] = field(default_factory=list)


class RecordingMonitor(MockMonitor):
    """One per program and process."""

    def __init__(self, program: Program, answers: Answers, read_exports: ReadExports, root: Path) -> None:
        super().__init__(_NoMocks())
        self.program = program
        self.answers = answers
        self.read_exports = read_exports
        self.root = root
        self.recording = Recording()
        self._transforms: dict[str, list[Any]] = {}
        self._stack_callbacks: list[Any] = []
        self._lock = threading.RLock()

    # Requests of the SDK; the names are Pulumi's.

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == STACK_TYPE:
            self._keep(Resource(urn=urn, type=STACK_TYPE, name=request.name, inputs={}, custom=False))
            return resource_pb2.RegisterResourceResponse(urn=urn)
        self._transforms[urn] = list(request.transforms)
        request = as_rebuilt(self._transformed(request))
        resource = self._resource(urn, request, request.object, request.custom)
        self._check(resource)
        self._keep(resource)
        computed = computed_outputs(request.type, request.name, resource.inputs) if request.custom else {}
        response = resource_pb2.RegisterResourceResponse(urn=urn, id=request.importId or self._id(resource))
        self._answer(response.object, request.object, computed)
        return response

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        urn = self.make_urn(request.parent, request.type, request.name)
        resource = replace(self._resource(urn, request, request.properties, True), external=True)
        if request.type == REFERENCE_TYPE:
            return self._read_reference(urn, request, resource)
        self._keep(resource)
        response = resource_pb2.ReadResourceResponse(urn=urn, id=request.id)
        self._answer(response.properties, request.properties, computed_outputs(request.type, request.name, resource.inputs))
        return response

    def Invoke(self, request: Any) -> Any:  # noqa: N802
        args = from_struct(request.args, Marks())
        if request.tok == "pulumi:pulumi:getResource":
            known = self.recording.resources.get(args["urn"])
            state = dict(known.inputs) if known else {}
            return resource_pb2.ResourceInvokeResponse(**{"return": to_struct({"urn": args["urn"], "id": "", "state": state})})
        try:
            answer = self.answers.answer(request.tok, args)
        except InputError as error:
            error.file, error.line = self._asking_line()
            raise
        return resource_pb2.ResourceInvokeResponse(**{"return": to_struct(answer)})

    def Call(self, request: Any) -> Any:  # noqa: N802
        raise InputError(
            f"the program calls the method {request.tok}, which only the real provider can answer",
            remedy="use a resource's outputs instead, or plan it with pulumi preview --json and mlctl plan --from",
        )

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        marks = Marks()
        outputs = from_struct(request.outputs, marks)
        with self._lock:
            resource = self.recording.resources[request.urn]
            if resource.outputs_registered and not outputs:
                return empty_pb2.Empty()  # the SDK also registers none at all, from another thread: the later of the two may be that one
            self.recording.resources[request.urn] = replace(resource, outputs=outputs, outputs_registered=True)
            if resource.type == STACK_TYPE:
                self.recording.exports = outputs
                self.recording.secret_exports = tuple(sorted({path.split(".")[0].split("[")[0] for path in marks.secret}))
        return empty_pb2.Empty()

    def RegisterStackTransform(self, request: Any) -> Any:  # noqa: N802
        self._stack_callbacks.append(request)
        return empty_pb2.Empty()

    # Names.

    def make_urn(self, parent: str, type_: str, name: str) -> str:
        """The engine's URN: the types of all parents but the stack's own."""
        parent_type = parent.split("::")[2] if parent else ""
        qualified = f"{parent_type}${type_}" if parent_type and parent_type != STACK_TYPE else type_
        return f"urn:pulumi:{self.program.stack}::{self.program.project}::{qualified}::{name}"

    def _id(self, resource: Resource) -> str:
        if not resource.custom:
            return ""
        return identifier(resource.type, resource.name, resource.inputs)

    # Recording.

    def _resource(self, urn: str, request: Any, properties: Any, custom: bool) -> Resource:
        marks = Marks()
        inputs = {key: value for key, value in from_struct(properties, marks).items() if value is not None}
        file, line = self._position(request.sourcePosition)
        read = not hasattr(request, "propertyDependencies")
        return Resource(
            urn=urn,
            type=request.type,
            name=request.name,
            inputs=inputs,
            custom=custom,
            parent=request.parent or None,
            provider=request.provider or self._default_provider(request, custom),
            dependencies=tuple(sorted(set(request.dependencies))),
            property_dependencies={} if read else _property_dependencies(request),
            protect=not read and request.protect,
            retain_on_delete=not read and request.retainOnDelete,
            delete_before_replace=not read and request.deleteBeforeReplace,
            ignore_changes=() if read else tuple(request.ignoreChanges),
            aliases=() if read else tuple(sorted({_alias(alias, request, self) for alias in request.aliases})),
            computed=frozenset(marks.computed),
            partial=frozenset(marks.partial),
            secret=frozenset(marks.secret),
            file=file,
            line=line,
        )

    def _keep(self, resource: Resource) -> None:
        with self._lock:
            earlier = self.recording.resources.get(resource.urn)
            if earlier is not None and resource.type != STACK_TYPE:
                self._error(resource, f"{resource.type} {resource.name!r} is registered twice", remedy="give one of them another name")
            if earlier is None:
                self.recording.resources[resource.urn] = resource

    def _default_provider(self, request: Any, custom: bool) -> str | None:
        """The engine makes a provider of its own where a program names none."""
        package = request.type.split(":", 1)[0]
        if not custom or package == "pulumi":
            return None
        name = "default" + ("_" + request.version.replace(".", "_") if request.version else "")
        token = f"pulumi:providers:{package}"
        urn = f"urn:pulumi:{self.program.stack}::{self.program.project}::{token}::{name}"
        prefix = f"{package}:"
        inputs = {key.removeprefix(prefix): value for key, value in self.program.config.items() if key.startswith(prefix)}
        with self._lock:
            self.recording.resources.setdefault(urn, Resource(urn=urn, type=token, name=name, inputs=inputs))
        return f"{urn}::{identifier(token, name, {})}"

    def _check(self, resource: Resource) -> None:
        for problem in validate(resource.type, resource.inputs):
            allowed = ", ".join(map(str, problem.allowed)) or None
            self._error(resource, f"{resource.type} {resource.name!r}: {problem.message}", key=problem.path, allowed=allowed)

    def _error(
        self, resource: Resource, problem: str, *, key: str | None = None, allowed: str | None = None, remedy: str | None = None
    ) -> None:
        error = StackError(problem=problem, file=resource.file, line=resource.line, key=key, allowed=allowed, remedy=remedy)
        with self._lock:
            self.recording.errors.append(error)

    def _position(self, position: Any) -> tuple[str | None, int | None]:
        if not position.uri:
            return None, None
        path = Path(unquote(urlparse(position.uri).path))
        return (str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)), position.line

    def _asking_line(self) -> tuple[str | None, int | None]:
        """Where the program waits for a data source: requests are answered in another thread than the one that asks."""
        frame = sys._current_frames().get(threading.main_thread().ident or 0)
        while frame:
            path = Path(frame.f_code.co_filename)
            if path.is_relative_to(self.program.folder) or (path.is_relative_to(self.root) and "site-packages" not in path.parts):
                return (str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)), frame.f_lineno
            frame = frame.f_back
        return None, None

    # Answers.

    def _answer(self, target: Any, given: Any, computed: Mapping[str, Any]) -> None:
        """Inputs as they came (secrets stay secret), and what the cloud computes."""
        target.CopyFrom(given)
        for key, value in computed.items():
            set_value(target.fields[key], value)

    def _read_reference(self, urn: str, request: Any, resource: Resource) -> Any:
        self._keep(resource)
        exports, secret_names = self.read_exports(request.id)
        with self._lock:
            self.recording.references.add(request.id)
        properties: dict[str, Any] = {"name": request.id}
        if exports is not None:
            properties["outputs"] = {key: secret_value(value) if key in secret_names else value for key, value in exports.items()}
            properties["secretOutputNames"] = list(secret_names)
        response = resource_pb2.ReadResourceResponse(urn=urn, id=request.id)
        response.properties.CopyFrom(to_struct(properties))
        return response

    def _transformed(self, request: Any) -> Any:
        """Run transforms in the engine's order: the resource's own, its parents', the stack's."""
        callbacks = [*self._transforms[self.make_urn(request.parent, request.type, request.name)]]
        parent = request.parent
        while parent and (resource := self.recording.resources.get(parent)):
            callbacks += self._transforms.get(parent, [])
            parent = resource.parent or ""
        for callback in [*callbacks, *self._stack_callbacks]:
            request = transformed(callback, request)
        return request


def _property_dependencies(request: Any) -> dict[str, tuple[str, ...]]:
    return {key: tuple(sorted(set(value.urns))) for key, value in sorted(request.propertyDependencies.items()) if value.urns}


def _alias(alias: Any, request: Any, monitor: RecordingMonitor) -> str:
    """The URN that an alias stands for."""
    if alias.urn:
        return str(alias.urn)
    spec = alias.spec
    parent = "" if spec.noParent else spec.parentUrn or request.parent
    urn = monitor.make_urn(parent, spec.type or request.type, spec.name or request.name)
    parts = urn.split("::", 2)
    stack, project = spec.stack or monitor.program.stack, spec.project or monitor.program.project
    return "::".join([f"urn:pulumi:{stack}", project, parts[2]])
