"""What stands for a string that only the cloud can compute: `<<aws:kms/key:Key|data|arn>>`.

Deterministic, so that two plans of one program are equal; marked, so that nothing takes it for a real value; and a plain string, so
that the program's own code (a policy document, an `.apply`) runs on it as it will on the real one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PATTERN = re.compile(r"<<([^<>|]+)\|([^<>|]+)\|([^<>|]+)>>")


def placeholder(token: str, name: str, attribute: str) -> str:
    """The placeholder of `attribute` (`arn`, `certificateAuthority.data`) of the resource `name` of type `token`."""
    return f"<<{token}|{name}|{attribute}>>"


def is_placeholder(value: Any) -> bool:
    """Whether the whole value is one placeholder."""
    return isinstance(value, str) and _PATTERN.fullmatch(value) is not None


def contains_placeholder(value: Any) -> bool:
    """Whether the value is a string with a placeholder somewhere in it."""
    return isinstance(value, str) and _PATTERN.search(value) is not None


def references(value: str) -> list[tuple[str, str, str]]:
    """The (type token, resource name, attribute) of each placeholder in the string, in order."""
    return [(match[1], match[2], match[3]) for match in _PATTERN.finditer(value)]


def renamed_placeholders(value: str, names: Mapping[tuple[str, str], str]) -> str:
    """The string with other resource names in its placeholders, by (type token, name)."""
    return _PATTERN.sub(lambda match: placeholder(match[1], names.get((match[1], match[2]), match[2]), match[3]), value)
