"""The budgets of one environment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi

from infra.finops.budget import BudgetArgs, budget
from infra.finops.gpu_instances import gpu_instance_types
from mlctl.config import Environment
from mlctl.config.team import Team


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetsArgs:
    """The environment and where its alerts go."""

    environment: Environment
    topic_arn: pulumi.Input[str]


class Budgets(pulumi.ComponentResource):
    """Creates a monthly budget for the whole account, one for GPU instances, and one per team over what carries its `team` tag."""

    def __init__(self, name: str, args: BudgetsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:finops:Budgets", name, {}, opts)
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        environment = args.environment
        prefix, limits = environment.prefix, environment.budgets
        shared: Any = {"alerts": limits.alerts, "emails": [environment.owners.finops], "topic_arn": args.topic_arn}
        whole = BudgetArgs(budget_name=f"{prefix}-all", monthly_usd=limits.monthly_usd, **shared)
        self.environment = budget(f"{name}-all", whole, self._child)
        gpu = BudgetArgs(
            budget_name=f"{prefix}-gpu",
            monthly_usd=limits.gpu_monthly_usd,
            cost_filters={"InstanceType": gpu_instance_types()},
            **shared,
        )
        self.gpu = budget(f"{name}-gpu", gpu, self._child)
        self.teams = {team.name: self._team(name, team) for team in environment.teams}
        self.register_outputs({"environment": self.environment.name, "gpu": self.gpu.name})

    def _team(self, name: str, team: Team) -> pulumi.Resource:
        environment = self._args.environment
        args = BudgetArgs(
            budget_name=f"{environment.prefix}-team-{team.name}",
            monthly_usd=team.monthly_budget_usd,
            alerts=environment.budgets.alerts,
            emails=[environment.owners.finops, team.email],
            topic_arn=self._args.topic_arn,
            cost_filters={"TagKeyValue": [f"user:team${team.name}"]},
            tags={"team": team.name, "cost-centre": team.cost_centre},
        )
        made: pulumi.Resource = budget(f"{name}-team-{team.name}", args, self._child)
        return made
