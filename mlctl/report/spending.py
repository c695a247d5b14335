"""From an estimate to what the report says about money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from mlctl.cost.component import Priced
from mlctl.cost.estimate import Estimate, Share
from mlctl.report.model import CostResult, Spend, short_name, usd

_MOST_ASSUMPTIONS = 12


def cost_result(cost: Estimate, base: Estimate | None) -> CostResult:
    """The estimate, with the change against the base where there is one."""
    environment = cost.environment
    budgets = {team.name: team.monthly_budget_usd for team in environment.teams}
    oldest = cost.oldest_price
    return CostResult(
        monthly_usd=cost.expected_usd,
        ceiling_usd=cost.ceiling_usd,
        at_least=cost.at_least,
        budget_usd=environment.budgets.monthly_usd,
        teams=_spends(cost.by_team, base.by_team if base else None, budgets),
        services=_spends(cost.by_service, base.by_service if base else None, {}),
        models=_spends(cost.by_model, base.by_model if base else None, {}),
        unpriced=tuple(_unpriced(cost)),
        assumptions=tuple(_assumptions(cost)),
        change_usd=cost.expected_usd - base.expected_usd if base else None,
        prices_of=oldest.date.isoformat() if oldest and oldest.date else "",
    )


def _spends(shares: Iterable[Share], base: Iterable[Share] | None, budgets: Mapping[str, Decimal]) -> tuple[Spend, ...]:
    now = {share.name: share.expected_usd for share in shares}
    before = None if base is None else {share.name: share.expected_usd for share in base}
    names = dict.fromkeys([*now, *budgets, *(before or {})])
    spends = [
        Spend(
            name=name,
            monthly_usd=now.get(name, Decimal(0)),
            budget_usd=budgets.get(name),
            change_usd=None if before is None else now.get(name, Decimal(0)) - before.get(name, Decimal(0)),
        )
        for name in names
    ]
    return tuple(sorted(spends, key=lambda spend: (-spend.monthly_usd, spend.name)))


def _unpriced(cost: Estimate) -> Iterable[str]:
    for one in cost.resources:
        if one.status in (Priced.UNPRICED, Priced.PARTIAL):
            yield f"{one.stack}/{short_name(one.urn)} ({one.type}): {one.reason or 'part of it has no price'}"
    for stack in cost.failed_stacks:
        yield f"{stack}: the stack could not be planned"


def _assumptions(cost: Estimate) -> Iterable[str]:
    for used in cost.assumptions[:_MOST_ASSUMPTIONS]:
        value = "from the traffic or usage stated" if used.value is None else f"{used.value:,}"
        yield f"{used.type} {used.key}: {value} ({used.origin}), {usd(used.monthly_usd)} a month over {used.resources} resources"
