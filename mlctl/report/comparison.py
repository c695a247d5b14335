"""One environment against its base: which resources differ, and what each difference costs."""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.estimate import Estimate
from mlctl.plan.base import Base
from mlctl.plan.difference import differences
from mlctl.plan.model import Plan
from mlctl.report.model import Change, Comparison


def compare(plan: Plan, base: Base, cost: Estimate, base_cost: Estimate | None) -> Comparison:
    """The comparison, or why there is none."""
    if base.problem:
        return Comparison(ref=base.ref, problem=base.problem)
    before = base.plans.get(plan.environment)
    if before is None or base_cost is None:
        return Comparison(ref=base.ref, problem=f"{plan.environment} does not exist there: all of it is new")
    now = {one.urn: one.expected_usd for one in cost.resources}
    then = {one.urn: one.expected_usd for one in base_cost.resources}
    changes = [
        Change(
            kind=difference.kind,
            urn=difference.resource.urn,
            type=difference.resource.type,
            name=difference.resource.name,
            stack=difference.stack,
            file=difference.resource.file,
            line=difference.resource.line,
            paths=difference.paths,
            change_usd=_cost_change(difference.kind, difference.resource.urn, now, then),
        )
        for difference in differences(before, plan)
    ]
    return Comparison(ref=base.ref, changes=tuple(changes))


def _cost_change(kind: str, urn: str, now: dict[str, Decimal], then: dict[str, Decimal]) -> Decimal:
    after = now.get(urn, Decimal(0)) if kind != "removed" else Decimal(0)
    return after - then.get(urn, Decimal(0))
