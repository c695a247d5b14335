"""The Kubernetes objects of a plan, as the provider would send them to the API server."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from mlctl.plan.model import SECRET, UNKNOWN, Plan, Resource
from mlctl.plan.placeholder import placeholder, references

_NOT_OBJECTS = ("kubernetes:helm.sh/", "kubernetes:kustomize/", "kubernetes:yaml/")


def objects(plan: Plan) -> list[Resource]:
    """Resources that are one object each; a Helm release is none."""
    return [
        item for item in plan.resources() if item.type.startswith("kubernetes:") and item.custom and not item.type.startswith(_NOT_OBJECTS)
    ]


def manifest(resource: Resource) -> dict[str, Any]:
    """The object of a resource. What the cloud computes is filled in with a name of the right form; a missing name is generated."""
    found = filled(resource.inputs, unknown=1)
    found.setdefault("metadata", {}).setdefault("name", f"{resource.name}-1a2b3c4d")
    return found


def filled(inputs: Mapping[str, Any], unknown: Any = UNKNOWN) -> dict[str, Any]:
    """Inputs with placeholders and secrets filled in, and unknown numbers and booleans by `unknown`. Nulls are left out: not given."""
    found: dict[str, Any] = _fill(inputs, unknown)
    return found


def _fill(value: Any, unknown: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _fill(item, unknown) for key, item in value.items() if item is not None}
    if isinstance(value, list | tuple):
        return [_fill(item, unknown) for item in value]
    if value == UNKNOWN:
        return unknown
    if value == SECRET:
        return "c2VjcmV0"
    return _with_stand_ins(value) if isinstance(value, str) else value


def _with_stand_ins(text: str) -> str:
    for token, name, attribute in references(text):
        text = text.replace(placeholder(token, name, attribute), _stand_in(token, name, attribute))
    return text


def _stand_in(token: str, name: str, attribute: str) -> str:
    """A value of the form that AWS gives: `subnet-1a2b3c4d`, an ARN, or a plain name."""
    unique = hashlib.sha256(f"{token}{name}{attribute}".encode()).hexdigest()[:8]
    if attribute == "arn" or attribute.endswith("Arn"):
        return f"arn:aws:{token.split(':')[1].split('/')[0]}:us-east-1:111111111111:{unique}"
    if attribute.endswith("SecurityGroupId"):
        return f"sg-{unique}"
    return _ID_PREFIXES.get(token, "computed-") + unique


_ID_PREFIXES = {"aws:ec2/subnet:Subnet": "subnet-", "aws:ec2/securityGroup:SecurityGroup": "sg-", "aws:ec2/vpc:Vpc": "vpc-"}
