"""What differs between two plans."""

from __future__ import annotations

from dataclasses import replace

from mlctl.plan.difference import differences
from mlctl.plan.model import Plan, Resource, StackPlan


def bucket(name: str, **inputs: object) -> Resource:
    return Resource(urn=f"urn:pulumi:dev::app::aws:s3/bucket:Bucket::{name}", type="aws:s3/bucket:Bucket", name=name, inputs=inputs)


def plan(*resources: Resource) -> Plan:
    return Plan(environment="dev", stacks=(StackPlan(name="app", environment="dev", resources=resources),))


def found(base: Plan, new: Plan) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(item.kind, item.resource.name, item.paths) for item in differences(base, new)]


def test_added_changed_removed() -> None:
    base = plan(bucket("gone"), bucket("kept", a=1), bucket("changed", tags={"x": 1, "y": [1, 2]}))
    new = plan(bucket("kept", a=1), bucket("changed", tags={"x": 2, "y": [1, 3]}, more=True), bucket("new"))
    assert found(base, new) == [("removed", "gone", ()), ("changed", "changed", ("more", "tags.x", "tags.y[1]")), ("added", "new", ())]


def test_a_line_that_moved_is_no_change() -> None:
    assert found(plan(replace(bucket("a"), file="x.py", line=1)), plan(replace(bucket("a"), file="y.py", line=9))) == []


def test_protection_is_a_change() -> None:
    assert found(plan(bucket("a")), plan(replace(bucket("a"), protect=True))) == [("changed", "a", ("(protect)",))]


def test_a_rename_with_an_alias_is_no_replacement() -> None:
    renamed = replace(bucket("new"), aliases=(bucket("old").urn,))
    assert found(plan(bucket("old")), plan(renamed)) == []
    assert found(plan(bucket("old", a=1)), plan(renamed)) == [("changed", "new", ("a",))]


def door(name: str, *aliases: str) -> tuple[Resource, Resource]:
    """A component and its child, which names what the component computes."""
    kind = "acme:net:Door"
    component = Resource(urn=f"urn:pulumi:dev::app::{kind}::{name}", type=kind, name=name, inputs={}, custom=False, aliases=aliases)
    child = Resource(
        urn=f"urn:pulumi:dev::app::{kind}$aws:s3/bucket:Bucket::{name}-logs",
        type="aws:s3/bucket:Bucket",
        name=f"{name}-logs",
        inputs={"policy": f"of <<aws:s3/bucket:Bucket|{name}-logs|arn>>"},
        parent=component.urn,
    )
    return component, child


def test_the_children_of_a_renamed_component_are_no_replacement() -> None:
    alias = "urn:pulumi:dev::app::acme:net:Door::old"
    assert found(plan(*door("old")), plan(*door("new", alias))) == []
    assert found(plan(*door("old")), plan(*door("new"))) == [("removed", "old-logs", ()), ("added", "new-logs", ())]


def test_a_child_that_is_renamed_with_its_component_is_no_replacement() -> None:
    component, child = door("new", "urn:pulumi:dev::app::acme:net:Door::old")
    other = replace(child, urn=child.urn.replace("new-logs", "archive"), name="archive", inputs={}, aliases=(child.urn,))
    assert found(plan(*door("old")), plan(component, other)) == [("changed", "archive", ("policy",))]
