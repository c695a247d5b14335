"""Makes a stack's program declare some resources wrong: by a transform, Pulumi's own way of changing inputs, so engine and planner see it.

A broken stack is a copy whose `__main__.py` registers the transform and then runs the program as it was.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi

from bench.breakers import Breaker
from mlctl.plan.model import SECRET, UNKNOWN, Plan, Resource, StackPlan
from mlctl.plan.placeholder import contains_placeholder
from mlctl.plan.schema import validate
from mlctl.plan.wire import leaves

_FILE = "broken.json"
_MAIN = '''"""The stack's own program with some of its resources broken."""

import runpy
from pathlib import Path

from tests.engine.broken_stack import break_resources

break_resources(Path(__file__).parent)
runpy.run_path(str(Path(__file__).with_name("program.py")), run_name="__main__")
'''


@dataclass(frozen=True, kw_only=True)
class Break:
    """One resource broken, so that one rule must notice."""

    rule: str
    stack: str
    resource: Resource
    what: str
    inputs: Mapping[str, Any]
    """Inputs that are others; None where one is left out."""


def choose_breaks(
    plan: Plan, breakers: Sequence[Breaker], settings: Mapping[str, Any], tier: str, over_stacks: Collection[str]
) -> list[Break]:
    """One break per rule and per resource, the first that a program could have written: nothing in it is known only to the cloud.

    The engine does not show a resource that a rule refuses to the rules over the whole stack. What these rules (`over_stacks`) judge is
    therefore looked for from the other end, among resources that nothing else breaks.
    """
    taken: set[str] = set()
    found: dict[str, Break] = {}
    for breaker in breakers:
        if breaker.rule in found or (breaker.tiers and tier not in breaker.tiers):
            continue
        first = next(_breaks(plan, breaker, settings, taken, -1 if breaker.rule in over_stacks else 1), None)
        if first is not None:
            taken.add(first.resource.urn)
            found[breaker.rule] = first
    return list(found.values())


def _breaks(plan: Plan, breaker: Breaker, settings: Mapping[str, Any], taken: set[str], direction: int) -> Iterator[Break]:
    for stack in plan.stacks:
        for resource in stack.resources[::direction]:
            if resource.urn not in taken and resource.custom and breaker.fits(resource, stack, settings):
                yield from _breaks_of(stack, resource, breaker)


def _breaks_of(stack: StackPlan, resource: Resource, breaker: Breaker) -> Iterator[Break]:
    for what, changed in breaker.apply(resource):
        if changed is None or validate(changed.type, changed.inputs):
            continue
        keys = resource.inputs.keys() | changed.inputs.keys()
        others = {key: changed.inputs.get(key) for key in sorted(keys) if resource.inputs.get(key) != changed.inputs.get(key)}
        if all(_could_be_written(value) for _, value in leaves(others)):
            yield Break(rule=breaker.rule, stack=stack.name, resource=resource, what=what, inputs=others)


def _could_be_written(value: Any) -> bool:
    return value not in (SECRET, UNKNOWN) and not contains_placeholder(value)


def write_broken_stack(stack: Path, target: Path, breaks: Sequence[Break]) -> None:
    """A copy of the stack's folder with the resources broken."""
    shutil.copytree(stack, target)
    (target / "__main__.py").rename(target / "program.py")
    (target / "__main__.py").write_text(_MAIN)
    (target / _FILE).write_text(json.dumps({f"{item.resource.type} {item.resource.name}": item.inputs for item in breaks}))


def break_resources(folder: Path) -> None:
    """Called by the program."""
    broken: Mapping[str, Mapping[str, Any]] = json.loads((folder / _FILE).read_text())

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        others = broken.get(f"{args.type_} {args.name}")
        if others is None:
            return None
        props = {key: value for key, value in {**args.props, **others}.items() if value is not None}
        return pulumi.ResourceTransformResult(props=props, opts=args.opts)

    pulumi.runtime.register_resource_transform(transform)
