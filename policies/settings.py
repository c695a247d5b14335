"""The environment as rules see it: a plain mapping, written by `mlctl.checks.settings` into the policy configuration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Settings:
    """Typed access to the policy configuration's `environment`."""

    config: Mapping[str, Any]

    @property
    def environment(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.config["environment"]
        return found

    @property
    def name(self) -> str:
        return str(self.environment["name"])

    @property
    def production(self) -> bool:
        return bool(self.environment["tier"] == "production")

    @property
    def development(self) -> bool:
        return bool(self.environment["tier"] == "development")

    @property
    def repository(self) -> str:
        """GitHub `owner/name`."""
        return str(self.environment["repository"])

    @property
    def teams(self) -> Mapping[str, Mapping[str, Any]]:
        """Team name → cost_centre, monthly_budget_usd, gpu_quota."""
        found: Mapping[str, Mapping[str, Any]] = self.environment["teams"]
        return found

    @property
    def required_tags(self) -> tuple[str, ...]:
        return tuple(self.environment["required_tags"])

    @property
    def allowed_families(self) -> frozenset[str]:
        """EC2 and SageMaker instance families, without `ml.` and `db.`."""
        return frozenset(self.environment["allowed_families"])

    @property
    def node_pools(self) -> Mapping[str, Mapping[str, Any]]:
        """Pool name → kind, purpose, capacity, off_hours."""
        found: Mapping[str, Mapping[str, Any]] = self.environment["node_pools"]
        return found

    @property
    def zones(self) -> int:
        """How many availability zones the network has."""
        return int(self.environment["zones"])

    @property
    def schedules(self) -> Mapping[str, Any]:
        """off_hours, training_window, training, monitoring."""
        found: Mapping[str, Any] = self.environment["schedules"]
        return found

    @property
    def budgets(self) -> Mapping[str, Any]:
        """monthly_usd, gpu_monthly_usd, deny_gpu_at_percent."""
        found: Mapping[str, Any] = self.environment["budgets"]
        return found

    @property
    def longest_log_retention(self) -> int:
        """Days; the longest retention the environment file asks of any log group."""
        return int(self.environment["longest_log_retention"])

    @property
    def kms_deletion_window_days(self) -> int:
        return int(self.environment["kms_deletion_window_days"])

    @property
    def promotion(self) -> Mapping[str, Any]:
        """require, approvers, max_evaluation_age_days."""
        found: Mapping[str, Any] = self.environment["promotion"]
        return found

    @property
    def today(self) -> str:
        """The date of the run, ISO; passed in, never read from a clock."""
        return str(self.environment["today"])

    @property
    def models(self) -> Mapping[str, Mapping[str, Any]]:
        """Model name → how it serves here, its definition and its evidence."""
        found: Mapping[str, Mapping[str, Any]] = self.environment["models"]
        return found
