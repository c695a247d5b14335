"""Who pays for a resource: its tags or labels, else its provider's default tags, else the team that owns what is shared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from mlctl.cost.values import inside
from mlctl.plan.model import Resource
from mlctl.plan.placeholder import contains_placeholder

_PROVIDER = "pulumi:providers:"
_OBJECT = (dict, Mapping)
"""A plain dictionary is recognised at once; other mappings take a while."""


class Owners:
    """Tells the team and the model of a resource."""

    def __init__(self, resources: Iterable[Resource], shared_team: str) -> None:
        self._shared = shared_team
        self._defaults: dict[str, Mapping[str, Any]] = {}
        for resource in resources:
            if resource.type.startswith(_PROVIDER):
                self._defaults[resource.urn] = _default_tags(resource.inputs.get("defaultTags"))

    def of(self, resource: Resource) -> tuple[str, str | None]:
        """(team, model) of the resource."""
        tags = resource.inputs.get("tags")
        team = model = None
        if isinstance(tags, _OBJECT):
            team, model = _text(tags.get("team")), _text(tags.get("model"))
        if team and model:
            return team, model
        if "metadata" in resource.inputs:
            labels = inside(resource.inputs["metadata"], "labels")
            if isinstance(labels, _OBJECT):
                team, model = team or _text(labels.get("team")), model or _text(labels.get("model"))
        if resource.provider and not (team and model):
            defaults = self._defaults.get(resource.provider.rpartition("::")[0], {})
            team, model = team or _text(defaults.get("team")), model or _text(defaults.get("model"))
        return team or self._shared, model


def _default_tags(value: Any) -> Mapping[str, Any]:
    """`defaultTags` of a provider: an object, or the JSON text of one, as the engine keeps it."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    tags = value.get("tags") if isinstance(value, Mapping) else None
    return tags if isinstance(tags, Mapping) else {}


def _text(value: Any) -> str | None:
    if not isinstance(value, str) or not value or ("<<" in value and contains_placeholder(value)):
        return None
    return value
