"""The tests' own provider, in the place of pulumi-resource-aws and pulumi-resource-kubernetes: Pulumi's provider protocol, and no cloud.

Inputs are checked against the schemas that the planner has, and stay as they are: there are no defaults and no made-up names. What the
cloud computes is the planner's placeholder, and unknown in a preview, as with a provider that supports previews. No change replaces a
resource. Data sources are answered from the environment's file. Nothing is kept: whether a resource exists is what the engine's state says.

Usage: python -m tests.engine.provider_host PACKAGE VERSION [ENGINE_ADDRESS]

Variables: ENGINE_TEST_ENVIRONMENT is the environment's file; ENGINE_TEST_FOLDER holds the `Orders` of the test and its journal.
"""

# ruff: noqa: N802  (the names are those of Pulumi's protocol)

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from mlctl.config.load import load_environment
from mlctl.plan.answers import Answers, answers_for
from mlctl.plan.model import UNKNOWN
from mlctl.plan.outputs import computed_outputs, identifier
from mlctl.plan.placeholder import references
from mlctl.plan.schema import load, package_of, validate
from mlctl.plan.wire import set_value
from tests.engine.orders import Orders
from tests.engine.plugin_server import serve
from tests.engine.wire_recorder import readable

COMPUTED: Mapping[str, Any] = {"integer": 1, "number": 1, "boolean": False}


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """One package."""

    def __init__(self, package: str, version: str, answers: Answers, orders: Orders) -> None:
        self._package, self._version, self._answers, self._orders = package, version, answers, orders

    def Handshake(self, request: Any, context: Any) -> Any:
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True, accept_resources=True)

    def GetPluginInfo(self, request: Any, context: Any) -> Any:
        return plugin_pb2.PluginInfo(version=self._version)

    def Attach(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()

    def Configure(self, request: Any, context: Any) -> Any:
        return provider_pb2.ConfigureResponse(acceptSecrets=True, acceptResources=True, supportsPreview=True)

    def CheckConfig(self, request: Any, context: Any) -> Any:
        """The engine keeps the plugin's version among the inputs: that one is no property of the schema's."""
        given = struct_pb2.Struct()
        given.CopyFrom(request.news)
        given.fields.pop("version", None)
        failures = _checked(f"pulumi:providers:{self._package}", given).failures
        return provider_pb2.CheckResponse(inputs=request.news, failures=failures)

    def DiffConfig(self, request: Any, context: Any) -> Any:
        return _difference(request.old_inputs, request.news)

    def Check(self, request: Any, context: Any) -> Any:
        return _checked(request.type, request.news)

    def Diff(self, request: Any, context: Any) -> Any:
        return _difference(request.old_inputs, request.news)

    def Create(self, request: Any, context: Any) -> Any:
        if not request.preview:
            self._orders.follow("create", request.urn)
        name = "" if request.preview else identifier(request.type, request.name, readable(request.properties))
        return provider_pb2.CreateResponse(id=name, properties=_outputs(request, request.properties, preview=request.preview))

    def Update(self, request: Any, context: Any) -> Any:
        if not request.preview:
            self._orders.follow("update", request.urn)
        return provider_pb2.UpdateResponse(properties=_outputs(request, request.news, preview=request.preview))

    def Read(self, request: Any, context: Any) -> Any:
        """As it was, unless the test says that others changed it; of a resource that the program only reads, what is computed."""
        if self._orders.is_gone(request.urn):
            return provider_pb2.ReadResponse()
        answer = provider_pb2.ReadResponse(id=request.id, properties=request.properties, inputs=request.inputs)
        if not request.inputs.fields:
            answer.properties.CopyFrom(_outputs(request, request.properties, preview=False))
        for key, value in self._orders.changed_by_others(request.urn).items():
            set_value(answer.properties.fields[key], value)
            set_value(answer.inputs.fields[key], value)
        return answer

    def Delete(self, request: Any, context: Any) -> Any:
        self._orders.follow("delete", request.urn)
        return empty_pb2.Empty()

    def Invoke(self, request: Any, context: Any) -> Any:
        answer = struct_pb2.Struct()
        answer.update(self._answers.answer(request.tok, readable(request.args)))
        return provider_pb2.InvokeResponse(**{"return": answer})

    def Cancel(self, request: Any, context: Any) -> Any:
        return empty_pb2.Empty()


def _checked(token: str, inputs: Any) -> Any:
    failures = [provider_pb2.CheckFailure(property=item.path, reason=item.message) for item in validate(token, readable(inputs))]
    return provider_pb2.CheckResponse(inputs=inputs, failures=failures)


def _difference(before: Any, after: Any) -> Any:
    old, new = json_format.MessageToDict(before), json_format.MessageToDict(after)
    changed = sorted(key for key in old.keys() | new.keys() if old.get(key) != new.get(key))
    kind = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
    answer = provider_pb2.DiffResponse(changes=kind, diffs=changed, hasDetailedDiff=True)
    for key in changed:
        name = "ADD" if key not in old else "DELETE" if key not in new else "UPDATE"
        answer.detailedDiff[key].kind = provider_pb2.PropertyDiff.Kind.Value(name)
        answer.detailedDiff[key].inputDiff = True
    return answer


def _outputs(request: Any, properties: Any, *, preview: bool) -> Any:
    """The inputs as they came (secrets stay secret), and what the cloud computes."""
    outputs = struct_pb2.Struct()
    outputs.CopyFrom(properties)
    for key, value in computed_outputs(request.type, request.name, readable(properties)).items():
        set_value(outputs.fields[key], _unknown(value, request) if preview else value)
    for key, value in _numbers(request.type):
        if key not in outputs.fields:
            set_value(outputs.fields[key], UNKNOWN if preview else value)
    return outputs


def _numbers(token: str) -> Iterator[tuple[str, Any]]:
    """Numbers, booleans and maps that the cloud computes: the planner has no placeholder for them, and a real cloud always has a value."""
    catalogue = load(package_of(token))
    schema = catalogue.inputs(token) if catalogue else None
    if schema is not None and not token.startswith("kubernetes:"):
        for key, kind in schema.outputs.items():
            if isinstance(kind, str) and kind in COMPUTED:
                yield key, COMPUTED[kind]
            elif isinstance(kind, Mapping) and "map" in kind:
                yield key, {}


def _unknown(value: Any, request: Any) -> Any:
    """The value with the engine's marker in the place of what this resource computes."""
    if isinstance(value, Mapping):
        return {key: _unknown(item, request) for key, item in value.items()}
    if isinstance(value, list):
        return [_unknown(item, request) for item in value]
    own = isinstance(value, str) and any(found[:2] == (request.type, request.name) for found in references(value))
    return UNKNOWN if own else value


def main(package: str, version: str) -> None:
    answers = answers_for(load_environment(Path(os.environ["ENGINE_TEST_ENVIRONMENT"])))
    provider = Provider(package, version, answers, Orders(Path(os.environ["ENGINE_TEST_FOLDER"])))
    serve(lambda server: provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
