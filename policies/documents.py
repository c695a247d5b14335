"""Policy documents of IAM, S3, KMS, SQS and SNS, as statements that a rule can read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def statements(document: Any) -> list[Mapping[str, Any]]:
    """The statements of a policy document given as JSON text or as a mapping; none where it is no policy."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except ValueError:
            return []
    found = document.get("Statement", []) if isinstance(document, Mapping) else []
    return [found] if isinstance(found, Mapping) else [item for item in found if isinstance(item, Mapping)]


def allowing(document: Any) -> list[Mapping[str, Any]]:
    """The statements that allow something."""
    return [statement for statement in statements(document) if statement.get("Effect") == "Allow"]


def words(value: Any) -> list[str]:
    """A field that may be one string or a list of them."""
    if isinstance(value, str):
        return [value]
    return [str(item) for item in value] if isinstance(value, Sequence) else []


def principals(statement: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(kind, name) of each principal: ("AWS", "*"), ("Service", "ec2.amazonaws.com"), …"""
    given = statement.get("Principal")
    if isinstance(given, str):
        return [("AWS", given)]
    return [(kind, name) for kind, names in given.items() for name in words(names)] if isinstance(given, Mapping) else []


def conditions(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """(operator, key, values) of each condition."""
    given = statement.get("Condition")
    for operator, keys in given.items() if isinstance(given, Mapping) else ():
        for key, values in keys.items() if isinstance(keys, Mapping) else ():
            yield operator, key, words(values) if not isinstance(values, bool) else [str(values).lower()]


_NARROWING = ("aws:sourceaccount", "aws:sourcearn", "aws:principalorgid", "aws:principalaccount", "aws:principalarn", "kms:calleraccount",
              "kms:viaservice", "aws:sourceowner", "aws:sourcevpce", "aws:sourcevpc", "aws:sourceorgid")  # fmt: skip


def open_to_anyone(statement: Mapping[str, Any]) -> bool:
    """Allows every principal, with no condition that says whose."""
    if statement.get("Effect") != "Allow" or ("AWS", "*") not in principals(statement):
        return False
    return not any(key.lower() in _NARROWING and "*" not in values for _, key, values in conditions(statement))
