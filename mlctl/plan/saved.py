"""A plan as JSON: what `mlctl plan --format json` prints and `--from` reads. Sorted and stable, so that it can be compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from mlctl.errors import InputError
from mlctl.plan.model import Plan, Resource, StackError, StackPlan

FORMAT = "mlctl-plan/1"


def plan_to_json(plan: Plan) -> dict[str, Any]:
    """The plan as JSON values; what is empty or at its default is left out."""
    return {
        "format": FORMAT,
        "environment": plan.environment,
        "source": plan.source,
        "stacks": [stack_to_json(stack) for stack in plan.stacks],
    }


def stack_to_json(stack: StackPlan) -> dict[str, Any]:
    """One stack; timing is left out, since it differs between two equal plans."""
    return {
        "name": stack.name,
        "environment": stack.environment,
        "status": stack.status,
        "resources": [_compact(resource) for resource in stack.resources],
        "exports": dict(stack.exports),
        "references": list(stack.references),
        "errors": [_compact(error) for error in stack.errors],
        "messages": list(stack.messages),
        "folder": stack.folder,
    }


def plan_from_json(value: Mapping[str, Any], file: str) -> Plan:
    """The reverse of `plan_to_json`.

    Raises
    ------
    InputError
        It is not a plan of this format.
    """
    if value.get("format") != FORMAT:
        raise InputError(f"is a plan of format {value.get('format')!r}", file=file, allowed=FORMAT, remedy="write it anew with mlctl plan")
    try:
        stacks = tuple(stack_from_json(stack) for stack in value["stacks"])
        return Plan(environment=value["environment"], stacks=stacks, source="file")
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"is damaged: {error!r}", file=file, remedy="write it anew with mlctl plan --format json") from None


def stack_from_json(value: Mapping[str, Any]) -> StackPlan:
    """The reverse of `stack_to_json`. KeyError and TypeError where it is damaged."""
    return StackPlan(
        name=value["name"],
        environment=value["environment"],
        resources=tuple(_resource(resource) for resource in value["resources"]),
        exports=value["exports"],
        references=tuple(value["references"]),
        errors=tuple(StackError(**error) for error in value["errors"]),
        messages=tuple(value["messages"]),
        folder=value["folder"],
    )


_FROZENSETS = ("computed", "partial", "secret")
_TUPLES = ("dependencies", "ignore_changes", "aliases")
_KEPT = ("urn", "type", "name", "inputs")


def _compact(item: Resource | StackError) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for attribute in fields(item):
        value = getattr(item, attribute.name)
        if isinstance(value, frozenset):
            value = sorted(value)
        if (
            attribute.name in _KEPT
            or (value and not (attribute.name == "custom" and value is True))
            or (attribute.name == "custom" and not value)
        ):
            result[attribute.name] = value
    return result


def _resource(value: Mapping[str, Any]) -> Resource:
    given = dict(value)
    for key in _FROZENSETS:
        given[key] = frozenset(given.get(key, ()))
    for key in _TUPLES:
        given[key] = tuple(given.get(key, ()))
    given["property_dependencies"] = {key: tuple(urns) for key, urns in given.get("property_dependencies", {}).items()}
    return Resource(**given)


def plans_to_json(plans: Sequence[Plan]) -> dict[str, Any]:
    """Several environments in one document."""
    return {"format": f"{FORMAT}+several", "plans": [plan_to_json(plan) for plan in plans]}


def plans_from_json(value: Mapping[str, Any], file: str) -> list[Plan]:
    """One plan or several.

    Raises
    ------
    InputError
        It is neither.
    """
    if value.get("format") == f"{FORMAT}+several" and isinstance(value.get("plans"), list):
        return [plan_from_json(plan, file) for plan in value["plans"]]
    return [plan_from_json(value, file)]
