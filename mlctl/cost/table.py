"""An estimate as text for a terminal: totals, breakdowns, the dearest resources, the change, the assumptions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from mlctl.cost.compare import Comparison
from mlctl.cost.component import NOT_PRICED, Component, Priced
from mlctl.cost.estimate import Estimate, ResourceCost, Share
from mlctl.cost.money import plain, usd
from mlctl.cost.unit_cost import unit_costs
from mlctl.finding import Finding, Status

_SHOWN = 15


def estimate_table(estimate: Estimate, comparison: Comparison | None = None, findings: Iterable[Finding] = ()) -> str:
    """The whole report of one environment."""
    lines = [*_head(estimate)]
    for title, shares in (
        ("By stack", estimate.by_stack),
        ("By service", estimate.by_service),
        ("By team", estimate.by_team),
        ("By model", estimate.by_model),
    ):
        lines += _section(title, _shares(shares))
    lines += _section("Dearest resources", _resources(estimate))
    if comparison:
        lines += _section("Change against the base", _changes(comparison))
    lines += _section("Per thousand predictions", _predictions(estimate))
    lines += _section("Assumptions that matter", _assumptions(estimate))
    lines += _section("Not priced", [f"  {one.address} ({one.type}): {one.reason}" for one in _unpriced(estimate)])
    lines += _section("Guardrails", [f"  {_mark(one)} {one.message}" for one in findings if one.id != "cost-unpriced"])
    return "\n".join(lines) + "\n"


def _head(estimate: Estimate) -> Iterator[str]:
    least = "at least " if estimate.at_least else ""
    counts = estimate.counts
    environment = estimate.environment
    place = f"{environment.name} ({environment.region}), {estimate.today.isoformat()}"
    yield f"{place}, USD a month of 730 hours, list prices before tax and free tier"
    yield f"  expected {least}{usd(estimate.expected_usd)} of {usd(environment.budgets.monthly_usd)} budgeted; GPU {usd(estimate.gpu_usd)}"
    yield f"  ceiling  {least}{usd(estimate.ceiling_usd)} with everything that scales at its limit; GPU {usd(estimate.gpu_ceiling_usd)}"
    partial = f", {counts[Priced.PARTIAL]} in part" if counts[Priced.PARTIAL] else ""
    yield f"  {counts[Priced.PRICED]} resources priced{partial}, {counts[Priced.FREE]} free, {counts[Priced.UNPRICED]} unpriced"
    if estimate.failed_stacks:
        yield f"  not planned, so not counted: {', '.join(estimate.failed_stacks)}"


def _section(title: str, lines: Iterable[str]) -> list[str]:
    lines = list(lines)
    return ["", title, *lines] if lines else []


def _shares(shares: Iterable[Share]) -> Iterator[str]:
    for one in shares:
        least = "≥ " if one.at_least else ""
        ceiling = f"   ceiling {usd(one.ceiling_usd)}" if one.ceiling_usd > one.expected_usd else ""
        yield f"  {one.name:<38} {least + usd(one.expected_usd):>14}{ceiling}"


def _resources(estimate: Estimate) -> Iterator[str]:
    shown = estimate.largest[:_SHOWN]
    for one in shown:
        place = f"  {one.file}:{one.line}" if one.file else ""
        yield f"  {one.address:<52} {usd(one.expected_usd):>12}  {one.service}, {one.team}{place}"
        for part in one.components:
            yield f"      {component_line(part)}"
        if one.quotation.ceiling_note:
            yield f"      ceiling {usd(one.ceiling_usd)}: {one.quotation.ceiling_note}"
    rest = estimate.largest[_SHOWN:]
    if rest:
        yield f"  … and {len(rest)} more, {usd(sum((one.expected_usd for one in rest), Decimal(0)))} together (--format csv lists them)"


def component_line(part: Component) -> str:
    """`Data processed: 200 GB × $0.045 = $9.00`."""
    if part.monthly_usd is None:
        price = f", {plain(part.unit_price)} USD per {part.unit}" if part.unit_price is not None else ""
        name = f"{part.name}: " if part.name != NOT_PRICED else ""
        return f"{name}not priced ({part.reason}{price})"
    assert part.monthly_quantity is not None and part.unit_price is not None
    quantity = plain(round(part.monthly_quantity, 4))
    assumed = " (assumed use)" if part.usage_based else ""
    unit = f"× {part.unit}" if part.unit[:1].isdigit() else part.unit
    return f"{part.name}: {quantity} {unit} × {plain(part.unit_price)} = {usd(part.monthly_usd)}{assumed}"


def _changes(comparison: Comparison) -> Iterator[str]:
    percent = f" ({comparison.percent:+.1f} %)" if comparison.percent is not None else ""
    yield f"  total {usd(comparison.delta_usd, sign=True)}{percent}, ceiling {usd(comparison.ceiling_delta_usd, sign=True)}"
    marks = {"added": "+", "removed": "-", "changed": "~"}
    for one in comparison.differences:
        before, after = usd(one.before_usd), usd(one.after_usd)
        name = f"{one.resource.address} ({one.resource.service})"
        yield f"  {marks[one.change]} {name:<58} {usd(one.delta_usd, sign=True):>13}  ({before} → {after})"


def _predictions(estimate: Estimate) -> Iterator[str]:
    for one in unit_costs(estimate):
        if one.usd_per_thousand is None:
            yield f"  {one.model}: not known ({one.note})"
        else:
            yield f"  {one.model}: {one.usd_per_thousand:.4f} USD ({plain(one.requests)} requests; {one.note})"


def _assumptions(estimate: Estimate) -> Iterator[str]:
    for one in [used for used in estimate.assumptions if used.monthly_usd >= Decimal("0.01")][:_SHOWN]:
        value = "" if one.value is None else f" = {plain(one.value)}"
        yield f"  {one.type} {one.key}{value} ({one.origin}): {usd(one.monthly_usd)} on {one.resources} lines"


def _unpriced(estimate: Estimate) -> list[ResourceCost]:
    return [one for one in estimate.resources if one.status in (Priced.UNPRICED, Priced.PARTIAL)]


def _mark(one: Finding) -> str:
    words = {Status.PASS: "pass ", Status.FAIL: "BLOCK" if one.blocks else "warn ", Status.NOT_EVALUATED: "?    ", Status.WAIVED: "waive"}
    return words[one.status]
