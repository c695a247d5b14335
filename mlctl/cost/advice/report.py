"""All advice on one environment, ranked, as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlctl.cost.advice.account import gp3_advice, log_advice, nat_advice, support_advice
from mlctl.cost.advice.line import Advice, Evidence
from mlctl.cost.advice.nodes import graviton_advice, off_hours_advice, spot_advice, training_advice
from mlctl.cost.advice.serving import BreakEven, break_even, mode_advice, size_advice, warm_advice
from mlctl.cost.estimate import Estimate
from mlctl.cost.money import cents, plain, usd
from mlctl.cost.price import PriceBook
from mlctl.cost.unit_cost import unit_costs
from mlctl.plan.model import Plan

_ADVISERS = (
    mode_advice,
    warm_advice,
    size_advice,
    spot_advice,
    graviton_advice,
    off_hours_advice,
    training_advice,
    gp3_advice,
    nat_advice,
    log_advice,
    support_advice,
)


def advice(estimate: Estimate, plan: Plan, prices: PriceBook) -> list[Advice]:
    """Every change that saves at least a cent, the largest saving first."""
    evidence = Evidence(estimate, plan, prices)
    found = [line for adviser in _ADVISERS for line in adviser(evidence)]
    return sorted((line for line in found if cents(line.saving_usd) > 0), key=lambda line: (-line.saving_usd, line.target))


def advice_table(estimate: Estimate, lines: Sequence[Advice], even: Sequence[BreakEven] = ()) -> str:
    """The advice as text."""
    name = estimate.environment.name
    text = [f"{name}: expected {usd(estimate.expected_usd)} a month. Savings overlap: they do not add up."]
    for number, line in enumerate(lines, 1):
        text += [
            f"{number:>3}. {usd(line.saving_usd):>10} a month  {line.kind}: {line.target}: {line.change}",
            f"       {line.arithmetic}",
            f"       risk {line.risk}: {line.why}",
        ]
    if not lines:
        text.append("  nothing found that saves money")
    for one in even:
        side = "below" if one.requests < one.break_even_requests else "above"
        text.append(
            f"  break-even of {one.model} ({one.mode}): {one.break_even_requests:,.0f} requests a month; "
            f"its {one.requests:,.0f} are {side} it (serverless {usd(one.serverless_usd)}, real-time {usd(one.realtime_usd)})"
        )
    for cost in unit_costs(estimate):
        known = "not known" if cost.usd_per_thousand is None else f"{cost.usd_per_thousand:.4f} USD"
        text.append(f"  a thousand predictions of {cost.model}: {known} ({cost.note})")
    return "\n".join(text) + "\n"


def advice_to_json(estimate: Estimate, lines: Sequence[Advice], even: Sequence[BreakEven] = ()) -> dict[str, Any]:
    """The advice as JSON; amounts are strings, USD a month."""
    return {
        "environment": estimate.environment.name,
        "expected_usd": plain(estimate.expected_usd),
        "advice": [
            {
                "kind": line.kind,
                "target": line.target,
                "change": line.change,
                "saving_usd": plain(cents(line.saving_usd)),
                "arithmetic": line.arithmetic,
                "risk": line.risk,
                "why": line.why,
            }
            for line in lines
        ],
        "break_even": [
            {
                "model": one.model,
                "mode": one.mode,
                "requests": plain(one.requests),
                "break_even_requests": plain(one.break_even_requests),
                "serverless_usd": plain(cents(one.serverless_usd)),
                "realtime_usd": plain(cents(one.realtime_usd)),
            }
            for one in even
        ],
    }


__all__ = ["advice", "advice_table", "advice_to_json", "break_even"]
