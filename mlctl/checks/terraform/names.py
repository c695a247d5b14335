"""How Pulumi's AWS provider renames what Terraform's calls otherwise: camel case, and plurals for repeated blocks."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_BOUNDARY = re.compile(r"(?<=[a-z0-9])([A-Z])")

_IRREGULAR = {"indexes": "index", "indices": "index", "aliases": "alias", "addresses": "address", "statuses": "status"}


@dataclass(frozen=True, slots=True)
class Names:
    """The table types.yaml."""

    types: Mapping[str, str]
    """Pulumi token → Terraform type."""
    exceptions: Mapping[str, Mapping[str, str]]
    """Pulumi token → property → Terraform field, where it is not the snake case."""
    plural: frozenset[str]
    """List properties of objects that keep their plural."""

    def field(self, token: str, path: str, *, block: bool) -> str:
        """The Terraform name of the property at a dotted path; `block` says that it is a list of objects."""
        known = self.exceptions.get(token, {}).get(path)
        if known:
            return known
        last = path.rpartition(".")[2]
        return singular(snake(last)) if block and last not in self.plural else snake(last)


@functools.cache
def names() -> Names:
    """The table, read once."""
    table: dict[str, Any] = yaml.safe_load(Path(__file__).with_name("types.yaml").read_text(encoding="utf-8"))
    return Names(table["types"], table["names"], frozenset(table["plural"]))


def snake(name: str) -> str:
    """`kmsKeyArn` → `kms_key_arn`, `s3Uri` → `s3_uri`."""
    return _BOUNDARY.sub(r"_\1", name).lower()


def singular(name: str) -> str:
    """`cost_filters` → `cost_filter`, `policies` → `policy`; `ingress` stays."""
    head, separator, last = name.rpartition("_")
    if last in _IRREGULAR:
        return f"{head}{separator}{_IRREGULAR[last]}"
    if last.endswith("ies"):
        return f"{name[:-3]}y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name
