"""The tags that a resource will have: the provider's default tags, overlaid by its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from pulumi_policy import ResourceValidationArgs

TAGGABLE = tuple(Path(__file__).with_name("taggable_types.txt").read_text(encoding="utf-8").split())
"""Type tokens of the pinned AWS SDK that take tags: `python -m tools.taggable_types` writes the file."""


class _Latest:
    """The four tag rules judge one resource after the other: its tags are merged once."""

    args: ResourceValidationArgs | None = None
    tags: ClassVar[dict[str, Any]] = {}


def tags(args: ResourceValidationArgs) -> dict[str, Any]:
    """Merged tags. Raises UnknownValueError where a value that is read is not known yet."""
    if _Latest.args is args:
        return _Latest.tags
    merged: dict[str, Any] = {}
    if args.provider is not None:
        merged.update(_default_tags(args.provider.props))
    own = args.props.get("tags") or {}
    merged.update({key: own[key] for key in own})
    _Latest.args, _Latest.tags = args, merged
    return merged


def _default_tags(provider: Mapping[str, Any]) -> dict[str, Any]:
    """`defaultTags` of an AWS provider, which the engine passes as JSON text."""
    given = provider.get("defaultTags") or {}
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            return {}
    found = given.get("tags") if isinstance(given, Mapping) else None
    return {key: found[key] for key in found} if isinstance(found, Mapping) else {}
