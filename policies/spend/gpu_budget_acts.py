"""The GPU budget does not only warn."""

from __future__ import annotations

from collections.abc import Iterator

from mlctl.finding import Severity
from policies.rule import Part, stack_rule
from policies.stack import Stack

_ACTION, _BUDGET = "aws:budgets/budgetAction:BudgetAction", "aws:budgets/budget:Budget"


@stack_rule(
    id="spend-gpu-budget-acts",
    title="At its limit the GPU budget stops new GPU instances",
    severity=Severity.MEDIUM,
    types=(_BUDGET,),
    related=(_ACTION,),
    stack="finops",
    why="A mail at night does not stop a training loop.",
    remediation="Add an aws.budgets.BudgetAction for the GPU budget, or set budgets.deny_gpu_at_percent to null where nobody wants that.",
    allowed=(Part(type=_ACTION, name="a"),),
    disallowed=(Part(type=_BUDGET, name="b"),),
)
def gpu_budget_acts(stack: Stack) -> Iterator[str]:
    if stack.settings.budgets["deny_gpu_at_percent"] is not None and not stack.resources(_ACTION):
        yield "no budget has an action, although budgets.deny_gpu_at_percent asks for one"
