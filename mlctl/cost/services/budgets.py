"""AWS Budgets: watching is free, acting is not. https://aws.amazon.com/aws-cost-management/aws-budgets/pricing/"""

from __future__ import annotations

from mlctl.cost.catalogue import priced
from mlctl.cost.price import HOURS
from mlctl.cost.quote import Quote


@priced("aws:budgets/budgetAction:BudgetAction", service="Budgets")
def action(quote: Quote) -> None:
    """Two budgets with actions are free in an account, which is left out as every free tier is."""
    quote.add("Budget with an action", "days", HOURS / 24, quote.price("Budgets", "action-enabled budget beyond free tier"))
