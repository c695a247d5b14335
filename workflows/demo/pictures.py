"""What the steps wrote, as pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from workflows.demo import chart
from workflows.demo.chart import Bar, Interval, Line
from workflows.demo.runs import Run

MOST_FEATURES = 10
COLOURS = ("a", "b", "c", "d")
WORDS = {"pass": "good", "fail": "bad"}


def timeline(run: Run) -> Markup:
    """When each step ran, and how much memory it took."""
    steps = list(run.steps())
    begun = min(step.started for step in steps)
    items = [
        Bar(
            label=step.name.removeprefix(f"{run.shown.header.name}.").removesuffix("(0)"),
            start=step.started - begun,
            value=step.finished - step.started,
            text=f"{step.finished - step.started:.1f} s, {(step.peak_memory or 0) / 2**20:.0f} MiB",
            kind="bad" if step.phase.bad else "a",
        )
        for step in steps
    ]
    return chart.bars(items)


def metrics(title: str, evaluation: Mapping[str, Any]) -> dict[str, Any]:
    """The gates of one model with their intervals."""
    items = [
        Interval(
            label=gate["metric"],
            low=gate["low"],
            estimate=gate["estimate"],
            high=gate["high"],
            limit=gate["threshold"],
            at_least=gate["direction"] == "at_least",
            good=gate["verdict"] == "pass",
        )
        for gate in evaluation["gates"]
    ]
    failed = [f"{item['scope']}: {item['detail']}" for item in evaluation["segments"] if item["verdict"] == "fail"]
    note = "; ".join([f"against the champion: {evaluation['champion']['detail']}", *failed])
    verdict = evaluation["verdict"]
    return {"title": title, "verdict": verdict, "kind": WORDS.get(verdict, ""), "gates": chart.intervals(items), "champion": note}


def calibration(evaluation: Mapping[str, Any]) -> Markup:
    """Predicted against observed."""
    bins = [(item["mean_score"], item["share_of_ones"], item["rows"]) for item in evaluation["calibration"] if item["rows"]]
    return chart.calibration(bins)


def fairness(title: str, report: Mapping[str, Any], limit: float) -> dict[str, Any]:
    """Selection rates by group of each attribute; of intersections only those that fail."""
    shown = [item for item in report["attributes"] if not item["intersection"] or item["verdict"] == "fail"]
    parts = []
    for item in shown:
        groups = [group for group in item["groups"] if group["selection_rate"] is not None]
        if not groups:
            continue
        best = max(group["selection_rate"] for group in groups)
        bars = [
            Bar(
                label=group["name"],
                value=group["selection_rate"],
                text=f"{group['selection_rate']:.0%} of {group['rows']}",
                kind="a" if group["selection_rate"] >= limit * best else "bad",
            )
            for group in groups
        ]
        ratio = "—" if item["adverse_impact_ratio"] is None else f"{item['adverse_impact_ratio']:.2f}"
        picture = chart.bars(bars, mark=limit * best, mark_text=f"{limit:g} × the best", most=1.0)
        parts.append({"attribute": item["attribute"], "ratio": ratio, "picture": picture})
    verdict = report["verdict"]
    return {"title": title, "verdict": verdict, "kind": WORDS.get(verdict, ""), "parts": parts}


def importance(explanation: Mapping[str, Any]) -> Markup:
    """Mean size of the contributions."""
    items = explanation["importance"][:MOST_FEATURES]
    return chart.bars([Bar(label=item["feature"], value=item["importance"], text=f"{item['importance']:.2f}") for item in items])


def swarm(explanation: Mapping[str, Any]) -> Markup:
    """Contributions of single decisions, coloured by the feature's value."""
    sample = explanation["sample"]
    order = [item["feature"] for item in explanation["importance"][:MOST_FEATURES]]
    points = []
    for feature in order:
        column = sample["features"].index(feature)
        shades = _ranks([row[column] for row in sample["values"]])
        points.append(list(zip((row[column] for row in sample["contributions"]), shades, strict=True)))
    return chart.swarm(order, points)


def _ranks(values: Sequence[Any]) -> list[float]:
    """From 0 (lowest) to 1 (highest); words in alphabetical order, missing values in the middle."""
    known = sorted({value for value in values if value is not None})
    place = {value: index / max(len(known) - 1, 1) for index, value in enumerate(known)}
    return [place.get(value, 0.5) for value in values]


def drift(windows: Sequence[Mapping[str, Any]], ticks: Sequence[str], *, limit: float, shaded: int) -> Markup:
    """The features that moved most, and the scores."""
    names = {name for window in windows for name in window["values"] if name.startswith("psi:")}
    latest = windows[-1]["values"]
    chosen = sorted(names, key=lambda name: -latest.get(name, 0.0))[:3]
    chosen += [name for name in latest if name.startswith("prediction") and name not in chosen][:1]
    series = [
        Line(label=name.partition(":")[2] or name, values=[window["values"].get(name) for window in windows], kind=kind)
        for name, kind in zip(chosen, COLOURS, strict=False)
    ]
    return chart.lines(series, ticks, limit=limit, limit_text=f"limit {limit:g}", shaded=shaded)


def performance(windows: Sequence[Mapping[str, Any]], ticks: Sequence[str], *, limit: float, shaded: int) -> Markup:
    """How far the training metric fell; a rise is drawn as nothing."""
    name = next((name for window in windows for name in window["values"] if name.startswith("performance")), "performance")
    values = [max(window["values"][name], 0.0) if name in window["values"] else None for window in windows]
    return chart.lines([Line(label="fall", values=values, kind="a")], ticks, limit=limit, limit_text=f"limit {limit:g}", shaded=shaded)


def last_reason(run: Run) -> str:
    """Why retraining was started."""
    reason: str = run.last_document("retrain.json")["reason"]
    return f"Monitoring: {reason}."


def variants(packaged: Mapping[str, Any]) -> Markup:
    """p99 of each variant that was tried; the one chosen stands out."""
    items = [
        Bar(
            label=item["name"],
            value=item["p99_ms"],
            text=f"{item['p99_ms']:.2f} ms, {item['rows_per_second']:,.0f} rows/s",
            kind="good" if item["name"] == packaged["chosen"] else "dim",
        )
        for item in packaged["variants"]
    ]
    return chart.bars(items)


def histogram(milliseconds: Sequence[float], bins: int = 10) -> Markup:
    """How many requests took how long, with median and 99th percentile."""
    ordered = sorted(milliseconds)
    p50, p99 = (ordered[min(math.ceil(share * len(ordered)) - 1, len(ordered) - 1)] for share in (0.5, 0.99))
    first, last = ordered[0], max(p99 * 1.1, ordered[0] + 1)
    width = (last - first) / bins
    items = []
    for number in range(bins):
        low, high = first + number * width, first + (number + 1) * width
        count = sum(low <= value < high or (number == bins - 1 and value >= high) for value in ordered)
        over = "+" if number == bins - 1 else f"–{high:.0f}"
        items.append(Bar(label=f"{low:.0f}{over} ms", value=count, text=str(count)))
    items.append(Bar(label="p50 / p99", value=0, text=f"{p50:.1f} / {p99:.1f} ms", kind="dim"))
    return chart.bars(items)
