"""The policy pack as the engine runs it: its own process, Pulumi's policy SDK serving it, asked over the engine's analyzer protocol."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc

from mlctl.plan.model import SECRET, UNKNOWN, Resource
from mlctl.plan.placeholder import is_placeholder

Violation = tuple[str, str, str, str]
"""Rule, what was judged, message, enforcement."""
_FLOAT = re.compile(r"(?<![\d./])(\d+)\.0(?![\d./])")
"""The engine's configuration has floats only: see EXPLAINED in fidelity.py."""
_LARGE = [("grpc.max_receive_message_length", 400 << 20), ("grpc.max_send_message_length", 400 << 20)]


@dataclass
class Said:
    """What the pack said of one stack."""

    violations: set[Violation] = field(default_factory=set)
    not_run: set[tuple[str, str]] = field(default_factory=set)
    """Rule and URN (the stack's name for a rule over the stack) where a value was not known."""


class PackServer:
    """Runs policies/pack from `__enter__` to `__exit__`."""

    def __init__(self, pack: Path) -> None:
        self._pack = pack

    def __enter__(self) -> PackServer:
        self._process = subprocess.Popen(
            [sys.executable, "-u", str(self._pack / "__main__.py")], stdout=subprocess.PIPE, cwd=self._pack, env=dict(os.environ)
        )
        assert self._process.stdout is not None
        port = int(self._process.stdout.readline())
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=_LARGE)
        self._stub = analyzer_pb2_grpc.AnalyzerStub(self._channel)
        self.rules = {policy.name: policy.description for policy in self._stub.GetAnalyzerInfo(empty_pb2.Empty()).policies}
        return self

    def __exit__(self, *exception: object) -> None:
        self._channel.close()
        self._process.terminate()
        self._process.wait(timeout=30)
        if self._process.stdout is not None:
            self._process.stdout.close()

    def configure(self, config: Mapping[str, Mapping[str, Any]]) -> None:
        """What `--policy-pack-config` does: each rule's `enforcementLevel`, and its other keys as properties."""
        request = analyzer_pb2.ConfigureAnalyzerRequest()
        for rule, given in config.items():
            level = analyzer_pb2.EnforcementLevel.Value(str(given["enforcementLevel"]).upper())
            properties = {key: value for key, value in given.items() if key != "enforcementLevel"}
            request.policyConfig[rule].enforcementLevel = level
            request.policyConfig[rule].properties.CopyFrom(as_struct(properties))
        self._stub.Configure(request)

    def judge(self, stack: str, resources: Iterable[Resource]) -> Said:
        """Each resource, then the stack, as `pulumi preview` does it."""
        listed = list(resources)
        providers = {item.urn: item for item in listed if item.type.startswith("pulumi:providers:")}
        said = Said()
        whole = analyzer_pb2.AnalyzeStackRequest()
        for resource in listed:
            one = describe(resource, providers.get((resource.provider or "").rpartition("::")[0]))
            asked = analyzer_pb2.AnalyzeRequest(
                type=one.type, properties=one.properties, urn=one.urn, name=one.name, options=one.options, provider=one.provider
            )
            self._collect(self._stub.Analyze(asked), said, resource.urn)
            whole.resources.append(one)
        self._collect(self._stub.AnalyzeStack(whole), said, stack)
        return said

    def _collect(self, answer: Any, said: Said, asked: str) -> None:
        for item in answer.diagnostics:
            if item.message.startswith("can't run policy"):
                said.not_run.add((item.policyName, asked))
                continue
            message = _FLOAT.sub(r"\1", item.message.removeprefix(self.rules[item.policyName] + "\n"))
            level = analyzer_pb2.EnforcementLevel.Name(item.enforcementLevel).lower()
            said.violations.add((item.policyName, *subject(item.urn or asked, message), level))


def subject(urn: str, message: str) -> tuple[str, str]:
    """A rule over models begins its message with `model <name>: `; the gate shows the name as what was judged."""
    if message.startswith("model ") and ": " in message:
        name, _, rest = message.removeprefix("model ").partition(": ")
        return name, rest
    return urn, message


def describe(resource: Resource, provider: Resource | None) -> Any:
    """The resource as the engine describes it to an analyzer."""
    described = analyzer_pb2.AnalyzerResource(
        type=resource.type,
        properties=as_struct(engine_inputs(resource)),
        urn=resource.urn,
        name=resource.name,
        parent=resource.parent or "",
        dependencies=list(resource.dependencies),
    )
    described.options.protect = resource.protect
    described.options.parent = resource.parent or ""
    for name, urns in resource.property_dependencies.items():
        described.propertyDependencies[name].urns.extend(urns)
    if provider is not None:
        values = as_struct(engine_inputs(provider))
        described.provider.CopyFrom(
            analyzer_pb2.AnalyzerProviderResource(type=provider.type, properties=values, urn=provider.urn, name=provider.name)
        )
    return described


def engine_inputs(resource: Resource) -> Any:
    """The inputs with the engine's marker in the place of what is not known: placeholders, and the secrets that the plan has not kept."""
    return _as_engine_value(resource.inputs, bool(resource.secret))


def _as_engine_value(value: Any, has_secrets: bool) -> Any:
    if isinstance(value, Mapping):
        return {key: _as_engine_value(item, has_secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_as_engine_value(item, has_secrets) for item in value]
    return UNKNOWN if is_placeholder(value) or (has_secrets and value == SECRET) else value


def as_struct(values: Mapping[str, Any]) -> struct_pb2.Struct:
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct
