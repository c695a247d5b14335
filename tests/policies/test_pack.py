"""The pack over the engine's own protocol: the process is started as the engine starts it and asked over gRPC as the engine asks."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE

from mlctl.checks.discovery import find_rules
from mlctl.plan.environment import Repository
from policies.rule import RULE_TYPES, UNCONFIGURED, ResourceRule, Rule
from policies.sample import SETTINGS, resource_arguments

ROOT = Repository.find().root
RULES: list[Rule] = [rule for rule in find_rules(ROOT / "policies") if isinstance(rule, RULE_TYPES)]
RESOURCE_RULES = [rule for rule in RULES if isinstance(rule, ResourceRule)]


def struct(value: Any) -> struct_pb2.Struct:
    return json_format.ParseDict(value, struct_pb2.Struct())


@pytest.fixture(scope="module")
def analyzer() -> Iterator[Any]:
    pack = Path(ROOT / "policies" / "pack" / "__main__.py")
    process = subprocess.Popen([sys.executable, "-u", str(pack)], stdout=subprocess.PIPE, cwd=pack.parent)
    try:
        assert process.stdout is not None
        port = process.stdout.readline().decode().strip()
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        process.kill()
        process.communicate()


def configure(analyzer: Any, settings: Any) -> None:
    properties = struct({"environment": settings} if settings else {})
    entry = analyzer_pb2.PolicyConfig(enforcementLevel=analyzer_pb2.MANDATORY, properties=properties)
    analyzer.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig={rule.name: entry for rule in RULES}))


def ask(analyzer: Any, rule: ResourceRule, sample: Any) -> list[Any]:
    args = resource_arguments(rule, sample, {})
    inputs = {key: value for key, value in sample.items() if key != "@type"}
    request = analyzer_pb2.AnalyzeRequest(type=args.resource_type, properties=struct(inputs), urn=args.urn, name="sample")
    return [found for found in analyzer.Analyze(request).diagnostics if found.policyName == rule.name]


def test_the_engine_is_told_every_rule(analyzer: Any) -> None:
    info = analyzer.GetAnalyzerInfo(empty_pb2.Empty())
    assert [policy.name for policy in info.policies] == [rule.name for rule in RULES]
    assert {policy.enforcementLevel for policy in info.policies} == {analyzer_pb2.MANDATORY}
    assert all(list(policy.configSchema.required) == ["environment"] for policy in info.policies)


@pytest.mark.parametrize("rule", RESOURCE_RULES, ids=lambda rule: rule.name)
def test_the_engine_sees_what_the_gate_sees(analyzer: Any, rule: ResourceRule) -> None:
    configure(analyzer, {**SETTINGS, **rule.header.sample_settings})
    assert ask(analyzer, rule, rule.header.allowed) == []
    found = ask(analyzer, rule, rule.header.disallowed)
    assert found and {entry.enforcementLevel for entry in found} == {analyzer_pb2.MANDATORY}


def test_without_configuration_the_pack_fails_closed(analyzer: Any) -> None:
    configure(analyzer, None)
    [rule] = [rule for rule in RESOURCE_RULES if rule.name == "aws-sqs-encrypted"]
    [found] = ask(analyzer, rule, rule.header.allowed)
    assert UNCONFIGURED in found.message and found.enforcementLevel == analyzer_pb2.MANDATORY


def test_an_unknown_value_is_said_to_be_unknown(analyzer: Any) -> None:
    configure(analyzer, SETTINGS)
    [rule] = [rule for rule in RESOURCE_RULES if rule.name == "aws-sqs-encrypted"]
    [found] = ask(analyzer, rule, {"sqsManagedSseEnabled": UNKNOWN_STRING_VALUE})
    assert "can't run policy" in found.message and found.enforcementLevel == analyzer_pb2.ADVISORY
