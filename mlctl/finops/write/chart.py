"""Charts as SVG: no script, colours by class, text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from html import escape

from markupsafe import Markup

from mlctl.finops.money import usd
from mlctl.finops.report import FinopsReport, Line

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 900, 260, 80, 28
_LABEL, _BAR, _ROW = 270, 380, 26
_ROUND = tuple(Decimal(part) for part in ("1", "1.5", "2", "2.5", "3", "4", "5", "6", "8", "10"))


def daily_chart(report: FinopsReport) -> Markup:
    """A bar per day: known, odd, missing."""
    odd = {day for one in report.anomalies or () if one.name == "everything" for day in report.daily if one.first <= day <= one.last}
    missing = set(report.forecast.missing)
    top = round_top(max([*report.daily.values(), Decimal(1)]))
    step = (_WIDTH - _LEFT) / report.period.length
    marks = []
    for number, day in enumerate(report.period.days()):
        x = _LEFT + number * step
        spent = report.daily.get(day)
        if spent is not None:
            height = max(float(spent / top), 0.0) * (_HEIGHT - _BOTTOM - 10)
            label = f"<title>{day}: {usd(spent)}{', odd' if day in odd else ''}</title>"
            place = f'x="{x + 2:.1f}" y="{_HEIGHT - _BOTTOM - height:.1f}" width="{step - 4:.1f}" height="{height:.1f}"'
            marks.append(f'<rect {place} class="{"bar over" if day in odd else "bar"}">{label}</rect>')
        elif day in missing:
            place = f'x="{x + 2:.1f}" y="10" width="{step - 4:.1f}" height="{_HEIGHT - _BOTTOM - 10}"'
            marks.append(f'<rect {place} class="missing"><title>{day}: missing</title></rect>')
        if number % 5 == 0:
            marks.append(f'<text x="{x + step / 2:.1f}" y="{_HEIGHT - 8}" class="tick">{day.day}</text>')
    return _svg(f"Spend of {report.environment} per day", _WIDTH, _HEIGHT, _scale(top) + "".join(marks))


def month_chart(report: FinopsReport) -> Markup:
    """What was spent adds up; a dashed line leads to the forecast; a flat one is the budget."""
    budget, end = report.total.budget_usd or Decimal(0), report.total.forecast_usd
    top = round_top(max(budget, end or Decimal(0), report.total.spent_usd, Decimal(1)))
    step = (_WIDTH - _LEFT - 10) / report.period.length

    def point(days: int, amount: Decimal) -> str:
        return f"{_LEFT + days * step:.1f},{_y(amount, top):.1f}"

    fees = report.total.spent_usd - sum(report.daily.values(), Decimal(0))
    running, path, last = fees, [point(0, fees)], 0
    for number, day in enumerate(report.period.days(), start=1):
        if day in report.daily:
            running += report.daily[day]
            path.append(point(number, running))
            last = number
    lines = [f'<polyline points="{" ".join(path)}" class="line"/>']
    if end is not None and report.forecast.to_come + len(report.forecast.missing):
        target = point(report.period.length, end)
        lines.append(f'<polyline points="{point(last, running)} {target}" class="line dashed"/>')
    if budget:
        y = _y(budget, top)
        lines.append(f'<line x1="{_LEFT}" x2="{_WIDTH - 10}" y1="{y:.1f}" y2="{y:.1f}" class="budget"/>')
        lines.append(f'<text x="{_LEFT + 6}" y="{y - 5:.1f}">budget {usd(budget)}</text>')
    lines += [
        f'<text x="{_LEFT + (number + 0.5) * step:.1f}" y="{_HEIGHT - 8}" class="tick">{number + 1}</text>'
        for number in range(0, report.period.length, 5)
    ]
    return _svg(f"Spend of {report.environment} adding up against its budget", _WIDTH, _HEIGHT, _scale(top) + "".join(lines))


def bars(lines: Sequence[Line], title: str, *, most: int = 12) -> Markup:
    """What was spent per name, the forecast behind it, a tick at the budget. The smallest are put together."""
    shown = sorted((line for line in lines if line.spent_usd > 0 or line.budget_usd), key=lambda line: -line.spent_usd)
    if len(shown) > most:
        rest = shown[most - 1 :]
        forecast = [line.forecast_usd for line in rest if line.forecast_usd is not None]
        other = Line(
            name=f"{len(rest)} others",
            spent_usd=sum((line.spent_usd for line in rest), Decimal(0)),
            forecast_usd=sum(forecast, Decimal(0)) if len(forecast) == len(rest) else None,
        )
        shown = [*shown[: most - 1], other]
    top = max([Decimal(1), *(max(line.spent_usd, line.forecast_usd or 0, line.budget_usd or 0) for line in shown)]) * Decimal("1.02")
    rows = "".join(_bar(line, number, top) for number, line in enumerate(shown))
    return _svg(title, _LABEL + _BAR + 290, _ROW * len(shown) + 8, rows)


def _bar(line: Line, number: int, top: Decimal) -> str:
    y = number * _ROW + 4
    spent, expected = (_BAR * max(float(value / top), 0.0) for value in (line.spent_usd, line.forecast_usd or line.spent_usd))
    text = usd(line.spent_usd) + (f", forecast {usd(line.forecast_usd)}" if line.forecast_usd != line.spent_usd else "")
    text += f" of {usd(line.budget_usd)}" if line.budget_usd is not None else ""
    tick = ""
    if line.budget_usd is not None:
        x = _LABEL + _BAR * float(line.budget_usd / top)
        tick = f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 2}" y2="{y + 20}" class="budget"/>'
    return (
        f'<text x="{_LABEL - 10}" y="{y + 13}" class="label">{escape(line.name[:36])}</text>'
        f'<rect x="{_LABEL}" y="{y}" width="{expected:.1f}" height="18" class="{"track over" if line.over else "track"}"/>'
        f'<rect x="{_LABEL}" y="{y}" width="{max(spent, 1.0):.1f}" height="18" class="bar"/>{tick}'
        f'<text x="{_LABEL + _BAR + 10}" y="{y + 13}">{escape(text)}</text>'
    )


def round_top(most: Decimal) -> Decimal:
    """The end of a scale whose quarters are round numbers, with a little room above `most`."""
    wanted = most * Decimal("1.03") / 4
    power = Decimal(10) ** wanted.adjusted()
    return next(4 * power * part for part in _ROUND if power * part >= wanted)


def _y(amount: Decimal, top: Decimal) -> float:
    return _HEIGHT - _BOTTOM - float(amount / top) * (_HEIGHT - _BOTTOM - 10)


def _scale(top: Decimal) -> str:
    marks = []
    for quarter in range(5):
        y = _HEIGHT - _BOTTOM - quarter / 4 * (_HEIGHT - _BOTTOM - 10)
        marks.append(f'<line x1="{_LEFT}" x2="{_WIDTH - 10}" y1="{y:.1f}" y2="{y:.1f}" class="grid"/>')
        marks.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" class="label">${float(top) * quarter / 4:,.0f}</text>')
    return "".join(marks)


def _svg(title: str, width: int, height: int, inside: str) -> Markup:
    name = escape(title)
    return Markup(  # noqa: S704  every text in it is escaped above
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{name}">'
        f"<title>{name}</title>{inside}</svg>"
    )
