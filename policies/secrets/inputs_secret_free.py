"""No secret stands in a plain input."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy import ResourceValidationArgs
from pulumi_policy.proxy import UnknownValueError

from mlctl.finding import Severity
from policies.rule import resource_rule

_KEY = re.compile(r"AKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY-----|gh[pousr]_[A-Za-z0-9]{36}|xox[abp]-[A-Za-z0-9-]{10,}")
_NAME = re.compile(r"(?i)(password|passwd|secret|token|api_?key|private_?key)$")
_REFERENCE = re.compile(r"(?i)^(arn:|<<|\$\{|/|https?://|\[secret\])|(_arn|_name|_id|_path|_url)$")
_TYPES = (
    "aws:lambda/function:Function",
    "aws:sagemaker/model:Model",
    "aws:ssm/parameter:Parameter",
    "aws:ecs/taskDefinition:TaskDefinition",
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:ec2/instance:Instance",
    "aws:codebuild/project:Project",
    "aws:batch/jobDefinition:JobDefinition",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "kubernetes:core/v1:ConfigMap",
    "kubernetes:helm.sh/v3:Release",
)


@resource_rule(
    id="inputs-secret-free",
    title="No password, token or key stands in a plain input",
    severity=Severity.CRITICAL,
    types=_TYPES,
    why="A plain input is in the repository, in the state and in every preview.",
    remediation="Put the value into Secrets Manager and pass its name, or mark it secret in the stack's configuration.",
    allowed={"environment": {"variables": {"DB_PASSWORD_ARN": "arn:aws:secretsmanager:…"}}},
    disallowed={"environment": {"variables": {"DB_PASSWORD": "correct-horse-battery"}}},
)
def inputs_secret_free(args: ResourceValidationArgs) -> Iterator[str]:
    for path, value in _texts(args.props, ()):
        named = _NAME.search(path[-1]) and len(value) >= 8 and not _REFERENCE.search(value)
        if named or _KEY.search(value):
            yield f"{'.'.join(path)} holds a secret in plain text"


def _texts(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every known string below `value`, with its path."""
    if isinstance(value, str):
        yield path or ("",), value
    elif isinstance(value, Mapping):
        for key in value:
            try:
                child = value[key]
            except UnknownValueError:
                continue  # what the cloud makes is no literal of ours
            yield from _texts(child, (*path, str(key)))
    elif isinstance(value, Sequence):
        for index in range(len(value)):
            try:
                child = value[index]
            except UnknownValueError:
                continue
            yield from _texts(child, (*path, str(index)))
