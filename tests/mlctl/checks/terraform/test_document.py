"""The Terraform plan: addresses, references between stacks, what is unknown, and what has no row."""

from __future__ import annotations

import pytest

from mlctl.checks.terraform import build_terraform_plan, terraform_plan
from mlctl.checks.terraform.names import names, singular, snake
from mlctl.plan.model import UNKNOWN, Plan, Resource, StackPlan
from mlctl.plan.schema import load

KEY = "aws:kms/key:Key"
TOPIC = "aws:sns/topic:Topic"


def resource(kind: str, name: str, stack: str, inputs: dict[str, object]) -> Resource:
    return Resource(urn=f"urn:pulumi:dev::{stack}::{kind}::{name}", type=kind, name=name, inputs=inputs)


def plan(**stacks: tuple[Resource, ...]) -> Plan:
    return Plan(environment="dev", stacks=tuple(StackPlan(name=name, environment="dev", resources=found) for name, found in stacks.items()))


@pytest.mark.parametrize(
    ("name", "expected"), [("kmsKeyArn", "kms_key_arn"), ("s3Uri", "s3_uri"), ("cidrIpv4", "cidr_ipv4"), ("multiAz", "multi_az")]
)
def test_camel_case_becomes_snake_case(name: str, expected: str) -> None:
    assert snake(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cost_filters", "cost_filter"),
        ("failover_routing_policies", "failover_routing_policy"),
        ("global_secondary_indexes", "global_secondary_index"),
        ("ingress", "ingress"),
        ("aliases", "alias"),
    ],
)
def test_repeated_blocks_are_singular(name: str, expected: str) -> None:
    assert singular(name) == expected


def test_references_cross_stacks() -> None:
    subject = plan(
        foundation=(resource(KEY, "data", "foundation", {}),),
        serving=(resource(TOPIC, "alarms", "serving", {"kmsMasterKeyId": f"<<{KEY}|data|arn>>"}),),
    )
    document = build_terraform_plan(subject).document
    topic = document["planned_values"]["root_module"]["resources"][1]
    assert topic["address"] == "aws_sns_topic.serving_alarms"
    assert topic["values"] == {"kms_master_key_id": "aws_kms_key.foundation_data.arn"}
    expressions = document["configuration"]["root_module"]["resources"][1]["expressions"]
    assert expressions == {"kms_master_key_id": {"references": ["aws_kms_key.foundation_data.id", "aws_kms_key.foundation_data"]}}


def test_the_own_stack_is_meant_first() -> None:
    subject = plan(
        one=(resource(KEY, "data", "one", {}),),
        two=(resource(KEY, "data", "two", {}), resource(TOPIC, "t", "two", {"kmsMasterKeyId": f"<<{KEY}|data|arn>>"})),
    )
    built = build_terraform_plan(subject)
    assert built.converted["aws_sns_topic.two_t"].values == {"kms_master_key_id": "aws_kms_key.two_data.arn"}


def test_a_reference_to_nothing_here_stays_a_placeholder() -> None:
    built = build_terraform_plan(plan(s=(resource(TOPIC, "t", "s", {"kmsMasterKeyId": f"<<{KEY}|elsewhere|arn>>"}),)))
    converted = built.converted["aws_sns_topic.s_t"]
    assert converted.values == {"kms_master_key_id": f"<<{KEY}|elsewhere|arn>>"} and converted.computed == {"kms_master_key_id"}


def test_unknown_values_are_absent_and_remembered() -> None:
    inputs: dict[str, object] = {"enableKeyRotation": UNKNOWN, "description": "x", "tags": {"a": UNKNOWN, "b": "c"}}
    converted = build_terraform_plan(plan(s=(resource(KEY, "k", "s", inputs),))).converted["aws_kms_key.s_k"]
    assert converted.values == {"description": "x", "tags": {"b": "c"}}
    assert converted.unknown == {"enable_key_rotation", "tags.a"}


def test_a_type_without_a_row_is_listed() -> None:
    strange = resource("aws:strange/thing:Thing", "x", "s", {})
    assert terraform_plan(plan(s=(strange,)))["unmapped"] == [strange.urn]


def test_names_that_collide_get_addresses_of_their_own() -> None:
    built = build_terraform_plan(plan(s=(resource(KEY, "a b", "s", {}), resource(KEY, "a/b", "s", {}))))
    assert list(built.resources) == ["aws_kms_key.s_a-b", "aws_kms_key.s_a-b_2"]


def test_every_row_is_a_type_of_the_provider() -> None:
    catalogue = load("aws")
    assert catalogue is not None
    assert [token for token in names().types if catalogue.inputs(token) is None] == []
    assert len(set(names().types.values())) == len(names().types)


def test_every_exception_is_about_a_property_there_is() -> None:
    catalogue = load("aws")
    assert catalogue is not None
    for token, fields in names().exceptions.items():
        schema = catalogue.inputs(token)
        assert schema is not None and set(fields) <= set(schema.properties), token
