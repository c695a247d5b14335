"""docs/architecture-diagrams.md: what each environment consists of, from its plan."""

from __future__ import annotations

from pathlib import Path

from mlctl.config import load_environments
from mlctl.diagram.mermaid import mermaid
from mlctl.plan.environment import Repository, plan_environments


def architecture(root: Path) -> str:
    """The Markdown text: one Mermaid diagram per environment. An arrow goes from what needs to what is needed."""
    repository = Repository.find(root)
    environments = load_environments(repository.environments)
    lines = [
        "# Architecture diagrams",
        "",
        "Generated from the plans of the shipped environments: `make generate`. A box is a component, with the number of resources in it;",
        "a thin arrow goes to what it needs in the same stack, a thick one to the stack whose exports are read.",
        "",
    ]
    for plan in plan_environments(repository, environments):
        lines += [f"## {plan.environment}", "", "```mermaid", mermaid(plan).rstrip(), "```", ""]
    return "\n".join(lines)
