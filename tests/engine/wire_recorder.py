"""The far end of Pulumi's protocol: a gRPC server that a program talks to from a process of its own, and what it was told.

It is no engine. It has every feature that the SDK knows of, so the program sends what it would send to the engine, and it answers with
the planner's placeholders, so that both see the same values. What it records it reads from the requests in its own way.
"""

# ruff: noqa: N802  (the names are those of Pulumi's protocol)

from __future__ import annotations

from collections.abc import Mapping
from concurrent import futures
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import callback_pb2, callback_pb2_grpc, engine_pb2, engine_pb2_grpc, resource_pb2, resource_pb2_grpc

from mlctl.plan.answers import Answers
from mlctl.plan.outputs import computed_outputs, identifier

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
OUTPUT = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
STACK_TYPE = "pulumi:pulumi:Stack"
SECRET_SHOWN = "[secret]"


@dataclass
class Recorded:
    """What one program said."""

    registrations: dict[str, dict[str, Any]] = field(default_factory=dict)
    exported: struct_pb2.Struct = field(default_factory=struct_pb2.Struct)
    logged: list[str] = field(default_factory=list)

    @property
    def exports(self) -> Any:
        return readable(self.exported)


class WireRecorder(resource_pb2_grpc.ResourceMonitorServicer, engine_pb2_grpc.EngineServicer):
    """One program's monitor and engine. `exports` holds what the stacks it may refer to have exported, by name."""

    def __init__(self, project: str, stack: str, answers: Answers, exports: Mapping[str, struct_pb2.Struct]) -> None:
        self.recorded = Recorded()
        self._place = (stack, project)
        self._answers = answers
        self._exports = exports
        self._root = ""
        self._transforms: dict[str, list[Any]] = {}
        """Callbacks by the URN of the resource that has them; the stack's own under the empty URN."""
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
        resource_pb2_grpc.add_ResourceMonitorServicer_to_server(self, self._server)
        engine_pb2_grpc.add_EngineServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> WireRecorder:
        self._server.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._server.stop(grace=None).wait()

    def GetDeploymentInfo(self, request: Any, context: Any) -> Any:
        return resource_pb2.DeploymentInfo(supportedFeatures=resource_pb2.ResourceMonitorFeature.values())

    def RegisterResource(self, request: Any, context: Any) -> Any:
        urn = self._urn(request)
        self._transforms[urn] = list(request.transforms)
        self._transform(request, urn)
        inputs = readable(request.object)
        self.recorded.registrations[urn] = {
            **self._read(request, inputs),
            "custom": request.custom,
            "property_dependencies": {} if request.transforms else property_dependencies(request),
            "protect": request.protect,
            "retain_on_delete": request.retainOnDelete,
            "delete_before_replace": request.deleteBeforeReplace,
            "ignore_changes": sorted(request.ignoreChanges),
            "aliases": sorted({self._alias(alias, request) for alias in request.aliases}),
        }
        answer = resource_pb2.RegisterResourceResponse(urn=urn)
        if request.custom:
            answer.id = request.importId or identifier(request.type, request.name, inputs)
        answer.object.CopyFrom(request.object)
        answer.object.update(computed_outputs(request.type, request.name, inputs) if request.custom else {})
        return answer

    def RegisterStackTransform(self, request: Any, context: Any) -> Any:
        self._transforms.setdefault("", []).append(request)
        return empty_pb2.Empty()

    def ReadResource(self, request: Any, context: Any) -> Any:
        urn = self._urn(request)
        self.recorded.registrations[urn] = self._read(request, readable(request.properties))
        answer = resource_pb2.ReadResourceResponse(urn=urn, id=request.id)
        answer.properties.CopyFrom(request.properties)
        if request.type == "pulumi:pulumi:StackReference":
            project, stack = request.id.split("/")[-2:]
            outputs = self._exports[f"{project}/{stack}"]
            secret = [name for name, value in json_format.MessageToDict(outputs).items() if is_secret(value)]
            answer.properties.update({"name": request.id, "secretOutputNames": secret})
            answer.properties.fields["outputs"].struct_value.CopyFrom(outputs)
        else:
            answer.properties.update(computed_outputs(request.type, request.name, readable(request.properties)))
        return answer

    def Invoke(self, request: Any, context: Any) -> Any:
        result = struct_pb2.Struct()
        result.update(self._answers.answer(request.tok, readable(request.args)))
        return resource_pb2.ResourceInvokeResponse(**{"return": result})

    def RegisterResourceOutputs(self, request: Any, context: Any) -> Any:
        if f"::{STACK_TYPE}::" in request.urn:
            self.recorded.exported.CopyFrom(request.outputs)
        return empty_pb2.Empty()

    def SignalAndWaitForShutdown(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def GetRootResource(self, request: Any, context: Any) -> Any:
        return engine_pb2.GetRootResourceResponse(urn=self._root)

    def SetRootResource(self, request: Any, context: Any) -> Any:
        self._root = request.urn
        return engine_pb2.SetRootResourceResponse()

    def Log(self, request: Any, context: Any) -> Any:
        self.recorded.logged.append(request.message)
        return empty_pb2.Empty()

    def _read(self, request: Any, inputs: Any) -> dict[str, Any]:
        """What a registration and a read have in common."""
        return {
            "type": request.type,
            "name": request.name,
            "parent": request.parent,
            "provider": request.provider,
            "dependencies": sorted(set(request.dependencies)),
            "inputs": inputs,
        }

    def _urn(self, request: Any) -> str:
        return urn(*self._place, request.parent, request.type, request.name)

    def _alias(self, alias: Any, request: Any) -> str:
        """An alias is a URN, or says in what the former one differs: https://www.pulumi.com/docs/iac/concepts/resources/options/aliases/"""
        if alias.urn:
            return str(alias.urn)
        spec, (stack, project) = alias.spec, self._place
        parent = "" if spec.noParent else spec.parentUrn or request.parent
        return urn(spec.stack or stack, spec.project or project, parent, spec.type or request.type, spec.name or request.name)

    def _transform(self, request: Any, urn: str) -> None:
        """Runs the transforms of the resource, of its parents, and of the stack, in this order."""
        parent, callbacks = request.parent, list(self._transforms[urn])
        while parent in self.recorded.registrations:
            callbacks += self._transforms.get(parent, [])
            parent = self.recorded.registrations[parent]["parent"]
        for callback in [*callbacks, *self._transforms.get("", [])]:
            transform(callback, request)


def urn(stack: str, project: str, parent: str, kind: str, name: str) -> str:
    """A URN holds the types of all parents below the stack: https://www.pulumi.com/docs/iac/concepts/resources/names/#urns"""
    above = parent.split("::")[2] if parent else STACK_TYPE
    return f"urn:pulumi:{stack}::{project}::{kind if above == STACK_TYPE else f'{above}${kind}'}::{name}"


def property_dependencies(request: Any) -> dict[str, list[str]]:
    """As the program says them; the engine keeps none of a resource with transforms of its own (tests/engine/test_plan_parity.py)."""
    return {key: sorted(set(item.urns)) for key, item in request.propertyDependencies.items() if item.urns}


_OPTIONS = {
    "protect": "protect",
    "provider": "provider",
    "retain_on_delete": "retainOnDelete",
    "delete_before_replace": "deleteBeforeReplace",
    "deleted_with": "deletedWith",
}
_LISTS = {"depends_on": "dependencies", "ignore_changes": "ignoreChanges", "aliases": "aliases"}
"""Options as a transform knows them, and as a registration does."""


def transform(callback: Any, request: Any) -> None:
    """Asks the program, which serves its callbacks itself, and changes the request as it says."""
    question = resource_pb2.TransformRequest(
        type=request.type, name=request.name, custom=request.custom, parent=request.parent, properties=request.object
    )
    for theirs, ours in _OPTIONS.items():
        setattr(question.options, theirs, getattr(request, ours))
    for theirs, ours in _LISTS.items():
        getattr(question.options, theirs).extend(getattr(request, ours))
    with grpc.insecure_channel(callback.target) as channel:
        asked = callback_pb2.CallbackInvokeRequest(token=callback.token, request=question.SerializeToString())
        answer = callback_pb2_grpc.CallbacksStub(channel).Invoke(asked)
    changed = resource_pb2.TransformResponse.FromString(answer.response)
    request.object.CopyFrom(changed.properties)
    if changed.HasField("options"):
        for theirs, ours in _OPTIONS.items():
            setattr(request, ours, getattr(changed.options, theirs))
        for theirs, ours in _LISTS.items():
            del getattr(request, ours)[:]
            getattr(request, ours).extend(getattr(changed.options, theirs))


def readable(struct: Any) -> Any:
    """The struct as JSON values, secrets hidden, output values replaced by what is in them, nulls left out."""
    return _readable(json_format.MessageToDict(struct))


def _readable(value: Any) -> Any:
    if isinstance(value, list):
        return [_readable(item) for item in value]
    if not isinstance(value, dict):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    if is_secret(value):
        return SECRET_SHOWN
    if value.get(SIGNATURE) == OUTPUT:
        return SECRET_SHOWN if value.get("secret") else _readable(value.get("value"))
    return {key: _readable(item) for key, item in value.items()}


def is_secret(value: Any) -> bool:
    return isinstance(value, dict) and value.get(SIGNATURE) == SECRET
