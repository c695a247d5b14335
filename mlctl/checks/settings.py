"""The environment as rules see it: what goes into the policy configuration of the gate and of the engine alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from mlctl.config import Environment
from mlctl.config.cluster import NodePool

REQUIRED_TAGS = ("environment", "team", "cost-centre", "service", "managed-by")


def rule_settings(environment: Environment, *, models: Mapping[str, Mapping[str, Any]], today: date) -> dict[str, Any]:
    """Plain JSON values, as `policies/settings.py` reads them. `models` are the subjects of `mlctl.checks.subjects`."""
    retention = (environment.security.log_retention_days, environment.network.flow_log_retention_days)
    return {
        "name": environment.name,
        "tier": environment.tier,
        "repository": environment.repository,
        "teams": {
            team.name: {
                "cost_centre": team.cost_centre,
                "monthly_budget_usd": float(team.monthly_budget_usd),
                "gpu_quota": team.gpu_quota,
            }
            for team in environment.teams
        },
        "required_tags": [*REQUIRED_TAGS, *environment.tags],
        "allowed_families": allowed_families(environment),
        "node_pools": {pool.name: _pool(pool) for pool in environment.cluster.node_pools},
        "zones": len(environment.network.zones),
        "schedules": environment.schedules.model_dump(mode="json"),
        "budgets": environment.budgets.model_dump(mode="json"),
        "longest_log_retention": max(retention),
        "kms_deletion_window_days": environment.security.kms_deletion_window_days,
        "promotion": environment.promotion.model_dump(mode="json"),
        "today": today.isoformat(),
        "models": {name: dict(model) for name, model in models.items()},
    }


def allowed_families(environment: Environment) -> list[str]:
    """`policy.allowed_instance_families`, or every family that the environment file names. Without `ml.` and `db.`."""
    if environment.policy.allowed_instance_families:
        return sorted(environment.policy.allowed_instance_families)
    types = [*environment.cluster.system_nodes.instance_types, environment.platform.notebooks.instance_type]
    types += [model.instances.instance_type for model in environment.models.values() if model.instances]
    families = {family for pool in environment.cluster.node_pools for family in pool.instance_families}
    return sorted(families | {kind.removeprefix("ml.").split(".")[0] for kind in types})


def _pool(pool: NodePool) -> dict[str, Any]:
    return {"kind": pool.kind, "purpose": pool.purpose, "capacity": pool.capacity, "off_hours": pool.off_hours}
