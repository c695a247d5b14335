"""Inputs as programs write them, and what is wrong with each."""

from __future__ import annotations

from typing import Any

import pytest

from mlctl.plan.model import SECRET, UNKNOWN
from mlctl.plan.placeholder import placeholder
from mlctl.plan.schema import Problem, validate

REPOSITORY = "aws:ecr/repository:Repository"
POD = "kubernetes:core/v1:Pod"
ROLE = "aws:iam/role:Role"
SIGNATURE = "4dabf18193072939515e22adb298388d"
ARN = placeholder("aws:kms/key:Key", "data", "arn")

ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    (REPOSITORY, {"name": "a", "forceDelete": False, "imageScanningConfiguration": {"scanOnPush": True}, "tags": {"a": "b"}}),
    (REPOSITORY, {"encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": ARN}]}),
    (REPOSITORY, {"name": None, "forceDelete": UNKNOWN, "tags": UNKNOWN, "__defaults": ["name"]}),
    (REPOSITORY, {"tags": {"a": {SIGNATURE: "1b47061264138c4ac30d75fd1eb44270", "value": "hidden"}}, "name": SECRET}),
    ("aws:kms/key:Key", {"deletionWindowInDays": 7.0, "enableKeyRotation": True}),
    (ROLE, {"assumeRolePolicy": '{"Version": "2012-10-17"}'}),
    (ROLE, {"assumeRolePolicy": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole"}]}}),
    (POD, {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [{"name": "a", "livenessProbe": {"httpGet": {"port": "http"}}}]}}),
    (POD, {"spec": {"containers": [{"name": "a", "livenessProbe": {"httpGet": {"port": 8080.0}}}]}}),
    ("pulumi:providers:aws", {"region": "eu-west-1", "defaultTags": '{"tags": {"a": "b"}}', "skipRegionValidation": "true"}),
    ("aws:lb/loadBalancer:LoadBalancer", {"loadBalancerType": f"net{ARN}"}),
    ("kubernetes:karpenter.sh/v1:NodePool", {"anything": 1}),
    ("random:index/pet:Pet", {"anything": 1}),
]

REFUSED: list[tuple[str, dict[str, Any], list[tuple[str, str, str]]]] = [
    (
        REPOSITORY,
        {"imageTagMutabilty": "X"},
        [("imageTagMutabilty", "misspelt", "there is no property imageTagMutabilty; did you mean imageTagMutability?")],
    ),
    (
        REPOSITORY,
        {"image_tag_mutability": "X"},
        [("image_tag_mutability", "misspelt", "there is no property image_tag_mutability; did you mean imageTagMutability?")],
    ),
    (REPOSITORY, {"qqq": 1}, [("qqq", "misspelt", "there is no property qqq")]),
    (REPOSITORY, {"tags": {"a": 1}}, [("tags.a", "type", "must be a string, and is the number 1")]),
    (REPOSITORY, {"tags": ["a"]}, [("tags", "type", "must be a map, and is a list")]),
    (
        REPOSITORY,
        {"imageScanningConfiguration": {}},
        [("imageScanningConfiguration.scanOnPush", "missing", "is required and is not given")],
    ),
    (
        REPOSITORY,
        {"imageScanningConfiguration": True},
        [("imageScanningConfiguration", "type", "must be an object, and is the boolean true")],
    ),
    (
        REPOSITORY,
        {"encryptionConfigurations": {"encryptionType": "KMS"}},
        [("encryptionConfigurations", "type", "must be a list, and is an object")],
    ),
    (
        REPOSITORY,
        {"encryptionConfigurations": [{"kmsKy": "a"}]},
        [("encryptionConfigurations[0].kmsKy", "misspelt", "there is no property kmsKy; did you mean kmsKey?")],
    ),
    ("aws:kms/key:Key", {"deletionWindowInDays": 7.5}, [("deletionWindowInDays", "type", "must be an integer, and is the number 7.5")]),
    ("aws:kms/key:Key", {"deletionWindowInDays": "7"}, [("deletionWindowInDays", "type", "must be an integer, and is the string '7'")]),
    ("aws:kms/key:Key", {"deletionWindowInDays": True}, [("deletionWindowInDays", "type", "must be an integer, and is the boolean true")]),
    ("aws:kms/alias:Alias", {"targetKeyId": None}, [("targetKeyId", "missing", "is required and is not given")]),
    (
        "aws:lb/loadBalancer:LoadBalancer",
        {"name": 1, "nam": 1},
        [
            ("nam", "misspelt", "there is no property nam; did you mean name?"),
            ("name", "type", "must be a string, and is the number 1"),
        ],
    ),
    (
        ROLE,
        {"assumeRolePolicy": {"Version": "2012-10-17", "Statement": [{"Effect": "Alow"}]}},
        [
            ("assumeRolePolicy.Statement[0].Effect", "enum", "'Alow' is not among the allowed values"),
        ],
    ),
    (ROLE, {"assumeRolePolicy": 3}, [("assumeRolePolicy", "type", "must be a string or an object, and is the number 3")]),
    (POD, {"kind": "Pd"}, [("kind", "enum", "'Pd' is not among the allowed values")]),
    (
        POD,
        {"spec": {"containers": [{"name": "a", "livenessProbe": {"httpGet": {"port": True}}}]}},
        [
            ("spec.containers[0].livenessProbe.httpGet.port", "type", "must be an integer or a string, and is the boolean true"),
        ],
    ),
    (POD, {"spec": {}}, [("spec.containers", "missing", "is required and is not given")]),
    (
        "pulumi:providers:aws",
        {"skipRegionValidation": "perhaps"},
        [("skipRegionValidation", "type", "must be a boolean, and is the string 'perhaps'")],
    ),
]


@pytest.mark.parametrize(("token", "inputs"), ACCEPTED)
def test_accepted(token: str, inputs: dict[str, Any]) -> None:
    assert validate(token, inputs) == []


@pytest.mark.parametrize(("token", "inputs", "expected"), REFUSED)
def test_refused(token: str, inputs: dict[str, Any], expected: list[tuple[str, str, str]]) -> None:
    assert [(problem.path, problem.kind, problem.message) for problem in validate(token, inputs)] == expected


def test_the_likeliest_name_is_first_among_the_allowed() -> None:
    (problem,) = validate(ROLE, {"assumeRolePolicy": "{}", "managedPolicyArn": []})
    assert problem.allowed[0] == "managedPolicyArns"
    assert "assumeRolePolicy" in problem.allowed


def test_the_values_of_an_enum_are_named() -> None:
    inputs = {"assumeRolePolicy": {"Version": "2012-10-17", "Statement": [{"Effect": "deny"}]}}
    assert validate(ROLE, inputs)[0].allowed == ("Deny", "Allow")


def test_the_caller_says_what_is_unknown() -> None:
    inputs = {"name": 1}
    assert validate(REPOSITORY, inputs, is_unknown=lambda value: value == 1) == []
    assert validate(REPOSITORY, inputs) == [Problem(path="name", kind="type", message="must be a string, and is the number 1")]
