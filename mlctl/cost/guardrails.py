"""What the gate says about money: budgets, increases, gaps and stale prices."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mlctl.config.environment import Environment
from mlctl.cost.compare import compare
from mlctl.cost.component import Priced
from mlctl.cost.estimate import Estimate
from mlctl.cost.money import usd
from mlctl.cost.usage_check import check_usage
from mlctl.finding import Finding, Severity, Status

GUARDRAILS = (
    "cost-budget",
    "cost-ceiling",
    "cost-gpu-budget",
    "cost-gpu-ceiling",
    "cost-increase",
    "cost-stale-prices",
    "cost-team-budget",
    "cost-team-ceiling",
    "cost-unpriced",
    "cost-usage",
)
"""Ids of all verdicts below; `policy.rules` of an environment may set them."""


def guardrails(estimate: Estimate, base: Estimate | None, environment: Environment) -> list[Finding]:
    """Every verdict on an estimate; those that block have `blocks` set. `base` is None where there is nothing to compare with."""
    return [
        *_budgets(estimate, environment),
        *(_increase(estimate, base, environment) if base else ()),
        *_gaps(estimate),
        *_stale(estimate, environment),
        *check_usage(estimate, environment),
    ]


def _budgets(estimate: Estimate, environment: Environment) -> Iterator[Finding]:
    budgets, name = environment.budgets, environment.name
    factor, most = Decimal(str(budgets.ceiling_factor)), "at the limits of its pools"
    whole = (f"environment {name}", estimate.expected_usd, estimate.ceiling_usd, budgets.monthly_usd, "budgets.monthly_usd")
    gpu = (f"GPU use in {name}", estimate.gpu_usd, estimate.gpu_ceiling_usd, budgets.gpu_monthly_usd, "budgets.gpu_monthly_usd")
    rules = ((whole, "cost-budget", "cost-ceiling"), (gpu, "cost-gpu-budget", "cost-gpu-ceiling"))
    for (who, expected, ceiling, limit, key), within_expected, within_ceiling in rules:
        yield _limit(estimate, within_expected, who, "expected", expected, limit, key)
        yield _limit(estimate, within_ceiling, who, most, ceiling, limit * factor, f"budgets.ceiling_factor × {key}")
    ceilings = {share.name: share.ceiling_usd for share in estimate.by_team}
    for team in environment.teams:
        who, limit, key = f"team {team.name}", team.monthly_budget_usd, f"teams.{team.name}.monthly_budget_usd"
        yield _limit(estimate, "cost-team-budget", who, "expected", estimate.team_expected(team.name), limit, key)
        at_most, key = ceilings.get(team.name, Decimal(0)), f"budgets.ceiling_factor × {key}"
        yield _limit(estimate, "cost-team-ceiling", who, most, at_most, limit * factor, key, blocks=False)


def _limit(estimate: Estimate, rule: str, who: str, what: str, cost: Decimal, limit: Decimal, key: str, *, blocks: bool = True) -> Finding:
    over = cost > limit
    least = "at least " if estimate.at_least else ""
    verb = "is over" if over else "is within"
    return Finding(
        id=rule,
        title="The cost stays within its budget",
        severity=Severity.HIGH if blocks else Severity.MEDIUM,
        status=Status.FAIL if over else Status.PASS,
        resource=who,
        message=f"{who} costs {least}{usd(cost)} a month {what}, which {verb} {usd(limit)} ({key})",
        remediation=f"lower the cost (`mlctl cost advise --env {estimate.environment.name}`), or agree on a higher {key.split(' × ')[-1]}",
        blocks=over and blocks,
    )


def _increase(estimate: Estimate, base: Estimate, environment: Environment) -> Iterator[Finding]:
    found = compare(estimate, base)
    largest = ", ".join(f"{one.resource.address} {usd(one.delta_usd, sign=True)}" for one in found.differences[:3])
    budgets = environment.budgets
    limits: list[tuple[str, Decimal | None, Decimal | None, str]] = [
        ("max_increase_usd", found.delta_usd, budgets.max_increase_usd, "USD a month"),
        (
            "max_increase_percent",
            found.percent,
            None if budgets.max_increase_percent is None else Decimal(budgets.max_increase_percent),
            "%",
        ),
    ]
    for key, increase, limit, unit in limits:
        if limit is None:
            continue
        over = increase is not None and increase > limit
        if increase is None:
            over, increase = found.delta_usd > 0, Decimal(100)
        yield Finding(
            id="cost-increase",
            title="A change does not raise the cost by more than agreed",
            severity=Severity.HIGH,
            status=Status.FAIL if over else Status.PASS,
            resource=f"environment {environment.name}",
            message=_increase_text(found.delta_usd, f"{increase:+.1f} {unit}; limit {limit:f} {unit}, budgets.{key}", largest),
            remediation=f"make the change cheaper, or agree on a higher budgets.{key}",
            blocks=over,
        )


def _increase_text(delta: Decimal, limit: str, largest: str) -> str:
    return f"the change costs {usd(delta, sign=True)} a month ({limit})" + (f": {largest}" if largest else "")


def _gaps(estimate: Estimate) -> Iterator[Finding]:
    """What the total lacks. It is told, and does not block: the price is missing, not the budget."""
    for one in estimate.resources:
        if one.status in (Priced.UNPRICED, Priced.PARTIAL):
            yield Finding(
                id="cost-unpriced",
                title="Every resource has a price",
                severity=Severity.LOW,
                status=Status.NOT_EVALUATED,
                resource=one.urn,
                message=f"{one.address} ({one.type}) is {one.status}: {one.reason}; the total says `at least`",
                remediation="add the price with its source to mlctl/cost/prices, or state the usage in the environment's file",
                stack=one.stack,
                file=one.file,
                line=one.line,
            )


def _stale(estimate: Estimate, environment: Environment) -> Iterator[Finding]:
    limit = environment.budgets.price_age_days
    used = {
        (part.source, part.date, part.name)
        for one in estimate.largest
        for part in one.components
        if part.date is not None and part.monthly_usd and (estimate.today - part.date).days > limit
    }
    if not used:
        return
    oldest = min(used, key=lambda part: (str(part[1]), part[2]))
    yield Finding(
        id="cost-stale-prices",
        title="Prices are recent",
        severity=Severity.LOW,
        status=Status.FAIL,
        resource="mlctl/cost/prices",
        message=f"{len(used)} prices in use are older than {limit} days (budgets.price_age_days); the oldest, of {oldest[1]}: {oldest[2]}",
        remediation="run `mlctl prices refresh` with AWS credentials and commit the result",
    )
