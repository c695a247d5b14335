"""IAM policy documents as plain dictionaries, and the JSON they become."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

Statement = Mapping[str, Any]


def allow(
    sid: str,
    *,
    actions: Sequence[str],
    resources: pulumi.Input[Any] = "*",
    principal: Mapping[str, Any] | None = None,
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    """An `Allow` statement. `resources` is one ARN or a list; `"*"` only where the service has no ARN to name, or in a key's own policy."""
    return _statement("Allow", sid, actions, resources, principal, condition)


def deny(
    sid: str,
    *,
    actions: Sequence[str],
    resources: pulumi.Input[Any] = "*",
    principal: Mapping[str, Any] | str | None = None,
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    """A `Deny` statement."""
    return _statement("Deny", sid, actions, resources, principal, condition)


def policy_document(*statements: Statement) -> pulumi.Output[str]:
    """The JSON of a policy."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust_policy(
    *services: str, actions: Sequence[str] = ("sts:AssumeRole",), condition: Mapping[str, Any] | None = None
) -> pulumi.Output[str]:
    """The trust policy of a role that AWS services assume, for example `sagemaker.amazonaws.com`."""
    return policy_document(_statement("Allow", "Assume", actions, None, {"Service": list(services)}, condition))


def _statement(
    effect: str,
    sid: str,
    actions: Sequence[str],
    resources: pulumi.Input[Any] | None,
    principal: Mapping[str, Any] | str | None,
    condition: Mapping[str, Any] | None,
) -> Statement:
    statement: dict[str, Any] = {"Sid": sid, "Effect": effect, "Action": list(actions)}
    if resources is not None:
        statement["Resource"] = resources
    if principal is not None:
        statement["Principal"] = principal
    if condition is not None:
        statement["Condition"] = condition
    return statement
