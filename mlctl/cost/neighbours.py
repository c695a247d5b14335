"""Finds the other resources that a resource's cost depends on: its launch template, its scaling target, its task definition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from mlctl.plan.model import Resource
from mlctl.plan.placeholder import references


class Neighbours:
    """All resources of a plan, found by URN, by reference and by type."""

    def __init__(self, resources: Iterable[Resource]) -> None:
        self._resources = tuple(resources)
        self._by_type: dict[str, list[Resource]] | None = None
        self._by_urn: dict[str, Resource] = {}
        self._by_place: dict[tuple[str, str], Resource] = {}

    def of_type(self, token: str) -> Sequence[Resource]:
        self._index()
        assert self._by_type is not None
        return self._by_type.get(token, ())

    def named_by(self, resource: Resource, key: str, value: Any, token: str) -> Resource | None:
        """The resource of type `token` to which input `key` of `resource`, worth `value`, refers."""
        self._index()
        for path, urns in resource.property_dependencies.items():
            if path == key or path.startswith(key + "."):
                for urn in urns:
                    found = self._by_urn.get(urn)
                    if found is not None and found.type == token:
                        return found
        for kind, name, _ in references(value) if isinstance(value, str) else ():
            if kind == token and (kind, name) in self._by_place:
                return self._by_place[kind, name]
        return self._by_physical_name(token, value)

    def refers_to(self, other: Resource, key: str, target: Resource) -> bool:
        """Whether input `key` of `other` names `target`, by reference or by its physical name."""
        value = other.inputs.get(key)
        if target.urn in other.property_dependencies.get(key, ()):
            return True
        if not isinstance(value, str):
            return False
        if any(kind == target.type and name == target.name for kind, name, _ in references(value)):
            return True
        physical = _physical_name(target)
        return bool(physical) and value.rsplit("/", 1)[-1] == physical

    def _by_physical_name(self, token: str, value: Any) -> Resource | None:
        if not isinstance(value, str) or not value:
            return None
        for candidate in self.of_type(token):
            if value in (candidate.outputs.get("id"), candidate.outputs.get("arn"), _physical_name(candidate)):
                return candidate
        return None

    def _index(self) -> None:
        if self._by_type is not None:
            return
        by_type: dict[str, list[Resource]] = defaultdict(list)
        for resource in self._resources:
            by_type[resource.type].append(resource)
            self._by_urn[resource.urn] = resource
            self._by_place[resource.type, resource.name] = resource
        self._by_type = dict(by_type)


def _physical_name(resource: Resource) -> str | None:
    for key in ("name", "clusterIdentifier", "replicationGroupId", "family", "bucket"):
        value = resource.inputs.get(key)
        if isinstance(value, str):
            return value
    return None
