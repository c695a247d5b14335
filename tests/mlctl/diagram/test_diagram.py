"""Pictures of a small plan."""

from __future__ import annotations

from xml.etree import ElementTree

from mlctl.diagram.mermaid import mermaid
from mlctl.diagram.svg import architecture_svg
from mlctl.plan.model import Plan, Resource, StackPlan


def stack(name: str, *resources: Resource, references: tuple[str, ...] = ()) -> StackPlan:
    root = Resource(urn=f"urn:{name}", type="pulumi:pulumi:Stack", name=name, inputs={}, custom=False)
    return StackPlan(name=name, environment="dev", resources=(root, *resources), references=references)


def resource(
    stack_name: str, name: str, kind: str, parent: str | None = None, *, custom: bool = True, needs: tuple[str, ...] = ()
) -> Resource:
    return Resource(
        urn=f"urn:{stack_name}:{name}",
        type=kind,
        name=name,
        inputs={},
        custom=custom,
        parent=parent or f"urn:{stack_name}",
        dependencies=needs,
    )


PLAN = Plan(
    environment="dev",
    stacks=(
        stack("low", resource("low", "key", "aws:kms/key:Key")),
        stack(
            "high",
            resource("high", "box", "my:index:Box", custom=False),
            resource("high", "inner", "aws:s3/bucket:Bucket", "urn:high:box", needs=("urn:high:lone",)),
            resource("high", "second", "aws:s3/bucket:Bucket", "urn:high:box"),
            resource("high", 'lone "quoted" <b>', "aws:sns/topic:Topic"),
            references=("low",),
        ),
    ),
)


def test_mermaid_golden() -> None:
    lone = 'lone "quoted" <b>'
    plan = Plan(
        environment="dev",
        stacks=(PLAN.stacks[0], stack("high", *[item for item in PLAN.stacks[1].resources if item.name not in ("high", lone)],
                                      resource("high", "lone", "aws:sns/topic:Topic"), references=("low",))),
    )  # fmt: skip
    assert mermaid(plan) == (
        "flowchart LR\n"
        "  subgraph low\n"
        '    low_0["key<br/><small>Key</small>"]\n'
        "  end\n"
        "  subgraph high\n"
        '    high_0["lone<br/><small>Topic</small>"]\n'
        '    high_1["box<br/><small>Box · 2</small>"]\n'
        "  end\n"
        "  high_1 --> high_0\n"
        "  high ==> low\n"
    )


def test_names_of_programs_are_no_markup() -> None:
    assert '"quoted"' not in mermaid(PLAN)
    assert "<b>" not in mermaid(PLAN)
    assert "<b>" not in architecture_svg(PLAN)


def test_svg_is_well_formed_and_stands_right_of_what_it_reads() -> None:
    svg = ElementTree.fromstring(architecture_svg(PLAN))
    space = "{http://www.w3.org/2000/svg}"
    boxes = {group.find(f"{space}text").text: group.get("transform") for group in svg.iter(f"{space}g")}  # type: ignore[union-attr]
    x = {name: float(place.split("(")[1].split()[0]) for name, place in boxes.items() if name and place}
    assert x["low"] < x["high"]
    assert len(list(svg.iter(f"{space}path"))) == 2  # the arrow's tip, and one arrow


def test_an_empty_plan_has_no_picture() -> None:
    assert architecture_svg(Plan(environment="dev", stacks=())) == ""
