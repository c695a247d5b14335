"""A stack as relation and stack rules see it: resources by type, and who points at whom."""

from __future__ import annotations

from collections import defaultdict

from pulumi_policy import PolicyResource, StackValidationArgs
from pulumi_policy.proxy import UNKNOWN_OBJECT_VALUE, UnknownValueError

from policies.property import known
from policies.settings import Settings


class Stack:
    """Index of one stack's resources, built once and shared by all rules that judge the same list."""

    _latest: Stack | None = None

    def __init__(self, args: StackValidationArgs) -> None:
        self._args = args
        self._by_type: dict[str, list[PolicyResource]] = defaultdict(list)
        for resource in args.resources:
            self._by_type[resource.resource_type].append(resource)
        self._pointing: dict[tuple[str, str], dict[str, list[PolicyResource]]] = {}

    @classmethod
    def of(cls, args: StackValidationArgs) -> Stack:
        """The index of these arguments."""
        latest = cls._latest
        if latest is None or latest._args.resources is not args.resources or latest._args.get_config() is not args.get_config():
            latest = cls._latest = cls(args)
        return latest

    @property
    def settings(self) -> Settings:
        return Settings(self._args.get_config())

    @property
    def project(self) -> str | None:
        """The Pulumi project, from the first URN: `urn:pulumi:<stack>::<project>::…`."""
        for resource in self._args.resources:
            return str(resource.urn.split("::")[1])
        return None

    def resources(self, *types: str) -> list[PolicyResource]:
        """All resources of these types.

        Raises
        ------
        UnknownValueError
            Nothing is known of one: in a preview the engine asks no provider whose own configuration is not known yet, and shows what is
            on a cluster that is still to be made without any property. A rule that read that would pass.
        """
        found = [resource for kind in types for resource in self._by_type.get(kind, ())]
        if any(resource.resource_type.startswith("kubernetes:") and not len(resource.props) for resource in found):
            raise UnknownValueError(UNKNOWN_OBJECT_VALUE, ["metadata"])
        return found

    def pointing_at(self, subject: PolicyResource, kind: str, property_name: str, identity: str | None = None) -> list[PolicyResource]:
        """Resources of type `kind` whose property is an output of `subject`, or equals its own `identity` property (a bucket's name)."""
        index = self._index(kind, property_name)
        found = list(index.get(subject.urn, ()))
        if identity is not None and (value := known(subject.props, identity)) is not None:
            found += [resource for resource in index.get(str(value), ()) if resource not in found]
        return found

    def _index(self, kind: str, property_name: str) -> dict[str, list[PolicyResource]]:
        key = (kind, property_name)
        if key not in self._pointing:
            index: dict[str, list[PolicyResource]] = defaultdict(list)
            for resource in self.resources(kind):
                for target in resource.property_dependencies.get(property_name.split(".", 1)[0], ()):
                    index[target.urn].append(resource)
                if isinstance(value := known(resource.props, property_name), str):
                    index[value].append(resource)
            self._pointing[key] = index
        return self._pointing[key]
