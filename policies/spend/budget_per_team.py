"""Every team has a budget that warns it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlctl.finding import Severity
from policies.property import items
from policies.rule import Part, stack_rule
from policies.stack import Stack

_BUDGET = "aws:budgets/budget:Budget"


def _budget(name: str, filters: list[dict[str, Any]]) -> Part:
    return Part(type=_BUDGET, name=name, props={"budgetType": "COST", "limitAmount": "500", "costFilters": filters})


_TEAMS = [_budget(team, [{"name": "TagKeyValue", "values": [f"user:team${team}"]}]) for team in ("platform", "lending")]


@stack_rule(
    id="spend-budget-per-team",
    title="Every team, and the account, has a budget",
    severity=Severity.HIGH,
    types=(_BUDGET,),
    stack="finops",
    why="Spend that nobody watches is noticed on the invoice.",
    remediation="Add an aws.budgets.Budget with a TagKeyValue filter user:team$<team>, and one without a filter for the account.",
    allowed=(*_TEAMS, _budget("account", [])),
    disallowed=(_TEAMS[0], _budget("account", [])),
)
def budget_per_team(stack: Stack) -> Iterator[str]:
    watched: set[str] = set()
    whole = False
    for budget in stack.resources(_BUDGET):
        filters = items(budget.props.get("costFilters"))
        whole = whole or not filters
        watched |= {str(value).rpartition("$")[2] for entry in filters for value in items(entry.get("values"))}
    for team in stack.settings.teams:
        if team not in watched:
            yield f"team {team} has no budget"
    if not whole:
        yield "the account has no budget"
