"""A plan as the JSON that `terraform show -json` writes, as far as Checkov reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mlctl.checks.terraform.names import names
from mlctl.checks.terraform.values import Converted, Converter
from mlctl.plan.model import Plan, Resource
from mlctl.plan.schema import load

_PROVIDER = "registry.terraform.io/hashicorp/aws"
_NO_NAME = re.compile(r"[^A-Za-z0-9_-]+")


@dataclass(slots=True)
class TerraformPlan:
    """The document, and the way back from it."""

    document: dict[str, Any]
    resources: dict[str, Resource] = field(default_factory=dict)
    """Address → the resource it stands for."""
    stacks: dict[str, str] = field(default_factory=dict)
    """Address → stack name."""
    converted: dict[str, Converted] = field(default_factory=dict)
    """Address → what is computed and unknown in it."""
    unmapped: list[tuple[str, Resource]] = field(default_factory=list)
    """(stack, resource) of each AWS resource whose type has no row in types.yaml."""


def build_terraform_plan(plan: Plan) -> TerraformPlan:
    """All AWS resources of all stacks in one document, so that references between stacks are seen."""
    catalogue = load("aws")
    if catalogue is None:
        raise RuntimeError("mlctl/plan/schema/aws.zip is missing: the installation is broken")
    built = TerraformPlan({})
    addresses = _addresses(plan, built)
    configuration: list[dict[str, Any]] = []
    planned: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    for address, resource in built.resources.items():
        converted = Converter(catalogue, resource.type, _locator(addresses, built.stacks[address])).convert(resource.inputs)
        _add_dependencies(converted, resource, addresses)
        built.converted[address] = converted
        kind, _, name = address.partition(".")
        head = {"address": address, "mode": "managed", "type": kind, "name": name}
        planned.append({**head, "provider_name": _PROVIDER, "values": converted.values})
        changes.append({**head, "change": {"actions": ["create"], "before": None, "after": converted.values, "after_unknown": {}}})
        expressions = {key: {"references": _with_attribute(found)} for key, found in converted.references.items()}
        configuration.append({**head, "expressions": expressions})
    built.document = {
        "format_version": "1.2",
        "terraform_version": "1.9.0",
        "planned_values": {"root_module": {"resources": planned}},
        "resource_changes": changes,
        "configuration": {"root_module": {"resources": configuration}},
    }
    return built


def terraform_plan(plan: Plan) -> dict[str, Any]:
    """The document alone, with the URNs of what could not be mapped under `unmapped`."""
    built = build_terraform_plan(plan)
    return {**built.document, "unmapped": [resource.urn for _, resource in built.unmapped]}


def _addresses(plan: Plan, built: TerraformPlan) -> dict[tuple[str, str, str], str]:
    """Give every mapped resource an address; (stack, token, name) and, for dependencies, ("", "", urn) → address."""
    addresses: dict[tuple[str, str, str], str] = {}
    for stack in plan.stacks:
        for resource in stack.resources:
            if resource.package != "aws" or not resource.custom:
                continue
            kind = names().types.get(resource.type)
            if kind is None:
                built.unmapped.append((stack.name, resource))
                continue
            base = f"{kind}.{_NO_NAME.sub('-', f'{stack.name}_{resource.name}')}"
            address, number = base, 1
            while address in built.resources:
                number += 1
                address = f"{base}_{number}"
            built.resources[address] = resource
            built.stacks[address] = stack.name
            addresses[(stack.name, resource.type, resource.name)] = address
            addresses[("", "", resource.urn)] = address
            addresses.setdefault(("", resource.type, resource.name), address)
    return addresses


def _locator(addresses: Mapping[tuple[str, str, str], str], stack: str) -> Any:
    def locate(token: str, name: str) -> str | None:
        return addresses.get((stack, token, name)) or addresses.get(("", token, name))

    return locate


def _add_dependencies(converted: Converted, resource: Resource, addresses: Mapping[tuple[str, str, str], str]) -> None:
    """A literal that came from another resource (a bucket's name) is a reference too."""
    for key, urns in resource.property_dependencies.items():
        name = names().field(resource.type, key, block=False)
        name = name if name in converted.values else names().field(resource.type, key, block=True)
        for urn in urns:
            address = addresses.get(("", "", urn))
            found = converted.references.setdefault(name, []) if address else []
            if address and address not in found:
                found.append(address)


def _with_attribute(addresses: list[str]) -> list[str]:
    """Terraform lists `aws_s3_bucket.data.id` and then `aws_s3_bucket.data`."""
    return [name for address in dict.fromkeys(addresses) for name in (f"{address}.id", address)]
