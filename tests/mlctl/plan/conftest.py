"""Small programs, written and planned."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from mlctl.plan.answers import Answers
from mlctl.plan.model import Resource, StackPlan
from mlctl.plan.offline import Planner
from mlctl.plan.program import find_programs

PlanProgram = Callable[..., StackPlan]


def plan_all(
    folder: Path, programs: Mapping[str, str], *, config: str = "", limit: float = 60.0, answers: Answers | None = None
) -> dict[str, StackPlan]:
    """Write programs by project name and plan them for the stack `dev`."""
    for name, source in programs.items():
        project = folder / name
        project.mkdir(parents=True, exist_ok=True)
        (project / "Pulumi.yaml").write_text(f"name: {name}\nruntime: python\n")
        (project / "__main__.py").write_text("import pulumi\nimport pulumi_aws as aws\n" + textwrap.dedent(source))
        if config:
            (project / "Pulumi.dev.yaml").write_text(config)
    known = answers or Answers(account="123456789012", region="eu-west-1", zones=("eu-west-1a",))
    planner = Planner(find_programs(folder, "dev"), answers={"dev": known}, root=folder, limit_seconds=limit)
    return {plan.name: plan for plan in planner.run()}


@pytest.fixture
def plan(tmp_path: Path) -> PlanProgram:
    def plan_one(source: str, **options: object) -> StackPlan:
        return plan_all(tmp_path, {"app": source}, **options)["app"]  # type: ignore[arg-type]

    return plan_one


def by_name(plan: StackPlan) -> dict[str, Resource]:
    return {resource.name: resource for resource in plan.resources}
