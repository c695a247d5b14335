"""Bars of cost by team or service, each against its budget, as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from html import escape

from mlctl.report.model import Spend, usd

_LABEL, _BAR, _VALUE, _ROW = 220, 380, 170, 26


def cost_bars(spends: Sequence[Spend], *, title: str, most: int = 12) -> str:
    """Horizontal bars, the largest first; a tick marks the budget; what is above it is drawn in the warning colour."""
    spends = sorted(spends, key=lambda spend: -spend.monthly_usd)
    if len(spends) > most:
        rest = sum((spend.monthly_usd for spend in spends[most - 1 :]), Decimal(0))
        spends = [*spends[: most - 1], Spend(name=f"{len(spends) - most + 1} others", monthly_usd=rest)]
    largest = max([Decimal(1), *(max(spend.monthly_usd, spend.budget_usd or Decimal(0)) for spend in spends)])
    width, height = _LABEL + _BAR + _VALUE, _ROW * len(spends) + 8
    rows = "".join(_row(spend, index, largest) for index, spend in enumerate(spends))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" class="bars" style="max-width:{width}px">'
        f"<title>{escape(title)}</title>{rows}</svg>"
    )


def _row(spend: Spend, index: int, largest: Decimal) -> str:
    y = index * _ROW + 4
    length = float(spend.monthly_usd / largest) * _BAR
    over = spend.budget_usd is not None and spend.monthly_usd > spend.budget_usd
    value = usd(spend.monthly_usd) + (f" of {usd(spend.budget_usd)}" if spend.budget_usd is not None else "")
    tick = ""
    if spend.budget_usd is not None:
        x = _LABEL + float(spend.budget_usd / largest) * _BAR
        tick = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 1}" y2="{y + 19}" class="budget"/>'
    return (
        f'<text x="{_LABEL - 10}" y="{y + 13}" class="label">{escape(spend.name[:30])}</text>'
        f'<rect x="{_LABEL}" y="{y}" width="{_BAR}" height="18" class="track"/>'
        f'<rect x="{_LABEL}" y="{y}" width="{max(length, 1):.1f}" height="18" class="{"bar over" if over else "bar"}"/>{tick}'
        f'<text x="{_LABEL + _BAR + 10}" y="{y + 13}" class="value">{escape(value)}</text>'
    )
