"""Plans of the shipped environments and of variants of them, each made once per session."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlctl.config import load_environments
from mlctl.plan.environment import Repository, plan_environments
from mlctl.plan.model import Plan

PlanOf = Callable[[str], Plan]
PlanVariant = Callable[..., Plan]


@pytest.fixture(scope="session")
def repository() -> Repository:
    return Repository.find(Path(__file__).parent)


@pytest.fixture(scope="session")
def plan_of(repository: Repository) -> PlanOf:
    """The plan of a shipped environment by name."""
    plans: dict[str, Plan] = {}

    def plan(name: str) -> Plan:
        if not plans:
            environments = load_environments(repository.environments)
            made = plan_environments(repository, environments)
            plans.update({environment.name: item for environment, item in zip(environments, made, strict=True)})
        return plans[name]

    return plan


@pytest.fixture(scope="session")
def plan_variant(repository: Repository, tmp_path_factory: pytest.TempPathFactory) -> PlanVariant:
    """The plan of a shipped environment with some keys changed: `{"models.churn.version": 3, "cluster.node_pools.0.capacity": "spot"}`."""
    plans: dict[str, Plan] = {}

    def plan(edits: Mapping[str, Any], base: str = "prod", stacks: Iterable[str] = ()) -> Plan:
        key = json.dumps([dict(edits), base, sorted(stacks)], sort_keys=True, default=str)
        if key not in plans:
            folder = tmp_path_factory.mktemp("environments")
            write_variant(repository.environments / f"{base}.yaml", folder / f"{base}.yaml", edits)
            variant = replace(repository, environments=folder)
            plans[key] = plan_environments(variant, load_environments(folder), stacks=stacks)[0]
        return plans[key]

    return plan


def write_variant(source: Path, target: Path, edits: Mapping[str, Any]) -> None:
    """Copy an environment file with some keys set; a list index is a number in the path, `None` as value stays null."""
    value = yaml.safe_load(source.read_text())
    for path, new in edits.items():
        *parents, last = (int(part) if part.isdigit() else part for part in path.split("."))
        section: Any = value
        for part in parents:
            section = section[part] if isinstance(part, int) else section.setdefault(part, {})
        section[last] = new
    target.write_text(yaml.safe_dump(value, sort_keys=False))
