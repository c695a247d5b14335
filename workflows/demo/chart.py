"""Small pictures as inline SVG. Colours are classes of the page's style sheet, so that they follow light and dark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

WIDTH = 720
LABEL = 190
ROW = 24
LETTER = 7.5
"""Width of a letter of a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar of a chart; `start` is where it begins, in the unit of the chart."""

    label: str
    value: float
    text: str
    start: float = 0.0
    kind: str = "a"
    """Class of the colour: a, b, c, good, bad, dim."""


def bars(items: Sequence[Bar], *, mark: float | None = None, mark_text: str = "", most: float | None = None) -> Markup:
    """Horizontal bars with their values; `mark` draws a limit."""
    top = most or max([item.start + item.value for item in items] + [mark or 0.0]) or 1.0
    space = WIDTH - LABEL - 12 - LETTER * max((len(item.text) for item in items), default=0)
    parts = []
    for row, item in enumerate(items):
        y = row * ROW + 4
        x, width = LABEL + item.start / top * space, max(item.value / top * space, 1.5)
        parts.append(f'<text class="label" x="{LABEL - 8}" y="{y + 12}" text-anchor="end">{escape(item.label)}</text>')
        parts.append(f'<rect class="{item.kind}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="16" rx="3"/>')
        parts.append(f'<text class="value" x="{x + width + 6:.1f}" y="{y + 12}">{escape(item.text)}</text>')
    height = len(items) * ROW + (18 if mark is not None else 4)
    if mark is not None:
        x = LABEL + mark / top * space
        parts.append(f'<line class="limit" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height - 14}"/>')
        parts.append(f'<text class="limit-text" x="{x:.1f}" y="{height - 2}" text-anchor="middle">{escape(mark_text)}</text>')
    return _svg(height, parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """An estimate with its interval and the limit it is held to."""

    label: str
    low: float
    estimate: float
    high: float
    limit: float
    at_least: bool
    good: bool


def intervals(items: Sequence[Interval]) -> Markup:
    """One line per metric, each on its own scale: the interval, the estimate, and the limit."""
    parts = []
    for row, item in enumerate(items):
        y = row * 34 + 14
        edges = (item.low, item.high, item.limit, item.estimate)
        margin = (max(edges) - min(edges)) * 0.25 or 0.1
        first, last = min(edges) - margin, max(edges) + margin
        low, middle, high, limit = (_place(value, first, last) for value in (item.low, item.estimate, item.high, item.limit))
        kind = "good" if item.good else "bad"
        sign = "≥" if item.at_least else "≤"
        parts.append(f'<text class="label" x="{LABEL - 8}" y="{y + 4}" text-anchor="end">{escape(item.label)}</text>')
        parts.append(f'<line class="whisker {kind}" x1="{low:.1f}" x2="{high:.1f}" y1="{y}" y2="{y}"/>')
        parts.append(f'<circle class="{kind}" cx="{middle:.1f}" cy="{y}" r="5"/>')
        parts.append(f'<line class="limit" x1="{limit:.1f}" x2="{limit:.1f}" y1="{y - 11}" y2="{y + 11}"/>')
        text = f"{item.estimate:.3f}, wanted {sign} {item.limit:g}"
        parts.append(f'<text class="value" x="{WIDTH - 4}" y="{y + 4}" text-anchor="end">{escape(text)}</text>')
    return _svg(len(items) * 34 + 4, parts)


def _place(value: float, first: float, last: float) -> float:
    return LABEL + (value - first) / (last - first) * (WIDTH - LABEL - 170)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A series over the windows; None where nothing could be said."""

    label: str
    values: Sequence[float | None]
    kind: str = "a"


def lines(series: Sequence[Line], ticks: Sequence[str], *, limit: float, limit_text: str, shaded: int = 0) -> Markup:
    """Lines over windows, with the limit; the last `shaded` windows are marked."""
    height, left, right = 230, 46, WIDTH - 170
    top = max([limit, *(value for item in series for value in item.values if value is not None)]) * 1.15
    step = (right - left) / max(len(ticks) - 1, 1)

    def point(index: int, value: float) -> tuple[float, float]:
        return left + index * step, 10 + (1 - value / top) * (height - 50)

    parts = []
    if shaded:
        x = left + (len(ticks) - shaded - 0.5) * step
        parts.append(f'<rect class="shade" x="{x:.1f}" y="0" width="{right - x + 12:.1f}" height="{height - 30}"/>')
    y = point(0, limit)[1]
    parts.append(f'<line class="limit" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
    parts.append(f'<text class="limit-text" x="{left}" y="{y - 5:.1f}">{escape(limit_text)}</text>')
    ends: list[float] = []
    for item in series:
        found = [point(index, value) for index, value in enumerate(item.values) if value is not None]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in found)
        parts.append(f'<polyline class="line {item.kind}" points="{path}"/>')
        parts += [f'<circle class="{item.kind}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"/>' for x, y in found]
        if found:
            at = _free(found[-1][1] + 4, ends)
            ends.append(at)
            parts.append(f'<text class="value" x="{right + 14}" y="{at:.1f}">{escape(item.label)}</text>')
    for index, tick in enumerate(ticks):
        x = left + index * step
        parts.append(f'<text class="tick" x="{x:.1f}" y="{height - 10}" text-anchor="middle">{escape(tick)}</text>')
    return _svg(height, parts)


def _free(wanted: float, taken: Sequence[float]) -> float:
    """A height for a label that does not lie over another."""
    for distance in range(0, 200, 2):
        for at in (wanted - distance, wanted + distance):
            if all(abs(at - other) >= 14 for other in taken):
                return at
    return wanted


def calibration(bins: Sequence[tuple[float, float, int]]) -> Markup:
    """What was predicted against what happened; (mean score, share of ones, rows) of each bin."""
    size, left = 230, 40
    most = max((rows for *_, rows in bins), default=1)
    parts = [f'<line class="limit" x1="{left}" y1="{size}" x2="{left + size}" y2="0"/>']
    for score, share, rows in bins:
        radius = 3 + 9 * (rows / most) ** 0.5
        parts.append(f'<circle class="a soft" cx="{left + score * size:.1f}" cy="{size - share * size:.1f}" r="{radius:.1f}"/>')
    parts.append(f'<text class="tick" x="{left + size / 2}" y="{size + 18}" text-anchor="middle">predicted</text>')
    parts.append(f'<text class="tick" x="14" y="{size / 2}" text-anchor="middle" transform="rotate(-90 14 {size / 2})">happened</text>')
    parts.append(f'<rect class="frame" x="{left}" y="0" width="{size}" height="{size}"/>')
    return _svg(size + 26, parts, width=left + size + 10)


def swarm(features: Sequence[str], points: Sequence[Sequence[tuple[float, float]]]) -> Markup:
    """Contributions by feature: (contribution, value from 0 to 1) of each row, coloured by the value."""
    most = max((abs(x) for row in points for x, _ in row), default=1.0) or 1.0
    middle, reach, high = LABEL + 250, 240, 30
    parts = [f'<line class="axis" x1="{middle}" x2="{middle}" y1="0" y2="{len(features) * high}"/>']
    for row, (feature, dots) in enumerate(zip(features, points, strict=True)):
        y = row * high + high / 2
        parts.append(f'<text class="label" x="{LABEL - 8}" y="{y + 4}" text-anchor="end">{escape(feature)}</text>')
        for number, (x, value) in enumerate(dots):
            at = y + ((number * 7919) % 15 - 7)
            hue = f"hsl({215 + 140 * value:.0f} 80% 55%)"
            parts.append(f'<circle cx="{middle + x / most * reach:.1f}" cy="{at:.1f}" r="2.2" style="fill:{hue}" opacity=".75"/>')
    y = len(features) * high + 14
    parts.append(f'<text class="tick" x="{middle - 8}" y="{y}" text-anchor="end">← towards approval</text>')
    parts.append(f'<text class="tick" x="{middle + 8}" y="{y}">towards decline →</text>')
    return _svg(y + 6, parts)


def _svg(height: float, parts: Sequence[str], *, width: float = WIDTH) -> Markup:
    head = f'<svg viewBox="0 0 {width:.0f} {height:.0f}" style="max-width:{width:.0f}px" role="img">'
    return Markup(head + "".join(parts) + "</svg>")  # noqa: S704 - every text in it went through escape
