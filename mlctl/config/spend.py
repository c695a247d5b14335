"""Money: budgets, guardrails on a pull request's estimate, off-hours."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from mlctl.config.base import Email, Percent, Section, Usd


class BudgetAlert(Section):
    """When somebody is told."""

    type: Literal["ACTUAL", "FORECASTED"]
    """What was spent, or what AWS expects by the end of the month."""
    percent: int = Field(ge=1, le=1000)
    """Share of the budget."""


class Budgets(Section):
    """Limits of the whole environment. Each team's own limit stands with the team."""

    monthly_usd: Usd
    """Everything in this account, USD per calendar month. Agreed with the FinOps owner."""
    gpu_monthly_usd: Usd
    """GPU instances, USD per calendar month."""
    alerts: tuple[BudgetAlert, ...] = (
        BudgetAlert(type="ACTUAL", percent=50),
        BudgetAlert(type="ACTUAL", percent=80),
        BudgetAlert(type="ACTUAL", percent=100),
        BudgetAlert(type="FORECASTED", percent=100),
    )
    """Sent to the FinOps owner and, for a team's budget, to the team."""
    deny_gpu_at_percent: int | None = Field(default=100, ge=50, le=200)
    """At this share of the GPU budget an IAM policy stops new GPU instances. null: never."""
    deny_gpu_approval: Literal["AUTOMATIC", "MANUAL"] = "AUTOMATIC"
    """Whether a person must confirm that."""
    anomaly_usd: Usd
    """Cost anomalies above this total impact are reported, USD."""
    max_increase_usd: Usd | None = None
    """A pull request that adds more than this a month is blocked. null: no limit."""
    max_increase_percent: Percent | None = None
    """A pull request that adds more than this share is blocked. null: no limit."""
    ceiling_factor: float = Field(default=3.0, ge=1)
    """The most that all pools at their limits may cost, as a multiple of monthly_usd."""
    cost_allocation_tags: bool = True
    """Activate the tags for cost reports. Off where only the organisation's management account may: the activation is refused there."""
    data_export: bool = True
    """Daily FOCUS 1.2 export of this account's bill to the audit bucket. Off where the management account exports for everybody."""
    price_age_days: int = Field(default=180, ge=1)
    """Prices older than this are a finding: `mlctl prices refresh`."""


_DAYS = r"[MTWHFSU](?:-[MTWHFSU])?(?:,[MTWHFSU](?:-[MTWHFSU])?)*"
_SCHEDULE = re.compile(
    rf"^off=\((?P<off_days>{_DAYS}),(?P<off>\d{{1,2}})\);on=\((?P<on_days>{_DAYS}),(?P<on>\d{{1,2}})\);tz=(?P<tz>[A-Za-z_]+/[A-Za-z_]+|UTC)$"
)


def _schedule(value: str) -> str:
    match = _SCHEDULE.match(value)
    if not match or int(match["off"]) > 23 or int(match["on"]) > 23:
        raise ValueError("write it as off=(M-F,19);on=(M-F,7);tz=Europe/Dublin (days M T W H F S U, hours 0 to 23)")
    return value


OffHours = Annotated[str, AfterValidator(_schedule)]


class Schedules(Section):
    """When things run and when they do not."""

    off_hours: OffHours | None = None
    """When notebooks and node pools with `off_hours: true` stop and start: `off=(M-F,19);on=(M-F,7);tz=Europe/Dublin`. null: never."""
    training_window: str | None = Field(default=None, pattern=r"^\d{2}:\d{2}-\d{2}:\d{2}$")
    """Off-peak hours (UTC) in which non-critical training starts, for example `22:00-06:00`. null: any time."""
    training: str = Field(default="0 2 * * 0", pattern=r"^(\S+\s+){4}\S+$")
    """Cron of scheduled training (UTC), besides retraining on drift."""
    monitoring: str = Field(default="0 * * * *", pattern=r"^(\S+\s+){4}\S+$")
    """Cron of drift monitoring (UTC)."""

    @model_validator(mode="after")
    def _training_is_off_peak(self) -> Self:
        hour = self.training.split()[1]
        if self.training_window and hour.isdigit():
            start, end = (int(part.split(":")[0]) for part in self.training_window.split("-"))
            inside = start <= int(hour) < end if start < end else int(hour) >= start or int(hour) < end
            if not inside:
                raise ValueError(f"training starts at hour {hour}, outside training_window {self.training_window}")
        return self


class Owners(Section):
    """Who answers for what."""

    platform: Email
    """Receives infrastructure alarms."""
    security: Email
    """Receives findings of GuardDuty and failed evidence checks."""
    finops: Email
    """Receives budget alerts and cost anomalies."""
