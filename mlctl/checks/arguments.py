"""From a plan to what the engine would pass to a policy: inputs behind the unknown-checking proxy, providers, dependencies."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from pulumi_policy import PolicyCustomTimeouts, PolicyProviderResource, PolicyResource, PolicyResourceOptions, ResourceValidationArgs
from pulumi_policy.proxy import unknown_checking_proxy

from mlctl.plan.model import SECRET, UNKNOWN, Plan, Resource
from mlctl.plan.placeholder import is_placeholder

_NO_TIMEOUTS = PolicyCustomTimeouts(0, 0, 0)
_NO_OPTIONS = PolicyResourceOptions(False, [], False, [], _NO_TIMEOUTS, [], None)


class Arguments:
    """Builds arguments for one plan; each resource's inputs are wrapped once and shared by all rules."""

    def __init__(self, plan: Plan) -> None:
        self._providers = {
            resource.urn: PolicyProviderResource(resource.type, _wrapped(resource), resource.urn, resource.name)
            for resource in plan.resources()
            if resource.type.startswith("pulumi:providers:")
        }

    def resource(self, resource: Resource, config: Mapping[str, Any]) -> ResourceValidationArgs:
        """What a resource policy gets. Read only: all rules share it."""
        return ResourceValidationArgs(
            resource.type, _wrapped(resource), resource.urn, resource.name, _options(resource), self._provider(resource), config
        )

    def stack(self, resources: Iterable[Resource], kinds: Collection[str]) -> list[PolicyResource]:
        """What a stack policy gets: the resources of these types (empty: all), and always the first, which names the stack."""
        kept = [resource for index, resource in enumerate(resources) if index == 0 or not kinds or resource.type in kinds]
        made = {resource.urn: self._policy_resource(resource) for resource in kept}
        for resource in kept:
            target = made[resource.urn]
            target.parent = made.get(resource.parent or "")
            target.dependencies = [made[urn] for urn in resource.dependencies if urn in made]
            target.property_dependencies = {
                name: [made[urn] for urn in urns if urn in made] for name, urns in resource.property_dependencies.items()
            }
        return list(made.values())

    def _policy_resource(self, resource: Resource) -> PolicyResource:
        return PolicyResource(
            resource.type, _wrapped(resource), resource.urn, resource.name, _options(resource), self._provider(resource), None, [], {}
        )

    def _provider(self, resource: Resource) -> PolicyProviderResource | None:
        return self._providers.get((resource.provider or "").rpartition("::")[0])


def _options(resource: Resource) -> PolicyResourceOptions:
    if not (resource.protect or resource.ignore_changes or resource.delete_before_replace or resource.aliases or resource.parent):
        return _NO_OPTIONS
    return PolicyResourceOptions(
        resource.protect,
        list(resource.ignore_changes),
        resource.delete_before_replace,
        list(resource.aliases),
        _NO_TIMEOUTS,
        [],
        resource.parent,
    )


def _wrapped(resource: Resource) -> Mapping[str, Any]:
    """The inputs; where some are not known, behind the SDK's proxy, so that reading one raises UnknownValueError.

    A secret's text never enters a plan, so to a rule it is unknown too.
    """
    if not resource.computed and not resource.secret:
        return resource.inputs
    return unknown_checking_proxy({key: _masked(value) for key, value in resource.inputs.items()})


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return UNKNOWN if value == SECRET or is_placeholder(value) else value
    if isinstance(value, Mapping):
        return {key: _masked(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(item) for item in value]
    return value
