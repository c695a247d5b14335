"""Forecast, odd days, movers, efficiency and savings: expected values worked out by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from mlctl.finops.analysis.anomaly import anomalies
from mlctl.finops.analysis.efficiency import efficiencies, idle, savings
from mlctl.finops.analysis.forecast import Forecast
from mlctl.finops.analysis.movers import movers
from mlctl.finops.charge import Charge, Kind, Span, Subject, WorkloadUse
from mlctl.finops.period import Period

OCTOBER = Period(date(2026, 10, 1))
SUBJECT = Subject(Kind.CLOUD, "Amazon SageMaker", "lending")


def charge(day: int, usd: object, *, month: int = 10, days: int = 1, subject: Subject = SUBJECT) -> Charge:
    return Charge(subject, Span(date(2026, month, day), days), Decimal(str(usd)))


def test_forecast_adds_the_mean_of_the_last_week() -> None:
    charges = [charge(day, 10) for day in range(1, 4)] + [charge(day, 20) for day in range(4, 11)]
    forecast = Forecast.of(charges, OCTOBER, today=date(2026, 10, 11))
    assert (len(forecast.known), forecast.missing, forecast.to_come) == (10, (), 21)
    assert forecast.spent(charges) == 170
    assert forecast.month_end(charges) == 170 + 21 * 20


def test_a_fee_counts_once_and_is_not_extrapolated() -> None:
    charges = [charge(1, 310, days=31), *(charge(day, 10) for day in range(1, 11))]
    forecast = Forecast.of(charges, OCTOBER, today=date(2026, 10, 11))
    assert forecast.spent(charges) == 410
    assert forecast.month_end(charges) == 410 + 210


def test_a_fee_on_a_missing_day_counts_and_does_not_make_it_known() -> None:
    charges = [charge(7, 310, days=25), *(charge(day, 10) for day in range(1, 11) if day != 7)]
    forecast = Forecast.of(charges, OCTOBER, today=date(2026, 10, 11))
    assert forecast.missing == (date(2026, 10, 7),)
    assert forecast.spent(charges) == 310 + 90


def test_a_missing_day_is_filled_in_and_not_zero() -> None:
    charges = [charge(day, 10) for day in range(1, 32) if day != 7]
    forecast = Forecast.of(charges, OCTOBER, today=date(2026, 11, 20))
    assert forecast.missing == (date(2026, 10, 7),)
    assert forecast.spent(charges) == 300
    assert forecast.month_end(charges) == 310


def test_a_young_month_goes_by_the_one_before() -> None:
    charges = [charge(day, 30, month=9) for day in range(1, 31)] + [charge(1, 100)]
    forecast = Forecast.of(charges, OCTOBER, today=date(2026, 10, 2))
    assert forecast.month_end(charges) == 100 + 30 * Decimal(6 * 30 + 100) / 7


def test_today_is_not_over() -> None:
    charges = [charge(1, 10), charge(2, 999)]
    forecast = Forecast.of(charges, OCTOBER, today=date(2026, 10, 2))
    assert forecast.known == (date(2026, 10, 1),)
    assert forecast.month_end(charges) == 310


def test_parts_add_up_to_the_whole() -> None:
    one, two = [charge(day, day) for day in range(1, 9, 2)], [charge(day, 3) for day in range(1, 9)]
    forecast = Forecast.of([*one, *two], OCTOBER, today=date(2026, 10, 9))
    assert (forecast.month_end(one) or 0) + (forecast.month_end(two) or 0) == forecast.month_end([*one, *two])


def test_nothing_known_is_no_forecast() -> None:
    forecast = Forecast.of([], OCTOBER, today=date(2026, 10, 9))
    assert forecast.month_end([]) is None
    assert len(forecast.missing) == 8
    assert forecast.method == "No day is known, so there is no forecast."


def _days(*amounts: object, first: int = 1) -> dict[date, Decimal]:
    return {date(2026, 10, first) + timedelta(days=number): Decimal(str(usd)) for number, usd in enumerate(amounts)}


def test_odd_days_in_a_row_are_one_anomaly() -> None:
    days = _days(10, 11, 9, 10, 60, 70, 10, 11, 9, 10)
    found = anomalies({"x": days}, list(days), since=OCTOBER.first, least_usd=Decimal(5))
    assert [(one.first.day, one.last.day, one.usd, one.usual_usd, one.impact_usd) for one in found] == [
        (5, 6, Decimal(130), Decimal(10), Decimal(110))
    ]
    # deviations: six of 0 to 1, then 50 and 60; their median is 1, so a day of 70 scores 60 / 1.4826
    assert round(found[0].score, 3) == Decimal("40.469")


def test_small_and_cheap_days_are_not_odd() -> None:
    days = _days(10, 11, 9, 10, 60, 1, 10, 11, 9, 10)
    assert anomalies({"x": days}, list(days), since=OCTOBER.first, least_usd=Decimal(50)) == []


def test_a_flat_series_has_a_floor() -> None:
    steady = _days(100, 100, 100, 100, 100, 100, 100, "103.4")
    assert anomalies({"x": steady}, list(steady), since=OCTOBER.first, least_usd=Decimal(0)) == []
    higher = _days(100, 100, 100, 100, 100, 100, 100, "103.6")
    assert len(anomalies({"x": higher}, list(higher), since=OCTOBER.first, least_usd=Decimal(0))) == 1


def test_few_days_are_not_judged() -> None:
    days = _days(1, 1, 1, 1, 1, 100)
    assert anomalies({"x": days}, list(days), since=OCTOBER.first, least_usd=Decimal(0)) == []


def test_a_day_without_a_charge_in_a_series_is_zero_there() -> None:
    known = list(_days(*range(10)))
    rare = {known[9]: Decimal(50)}
    found = anomalies({"x": rare}, known, since=OCTOBER.first, least_usd=Decimal(1))
    assert [(one.usual_usd, one.impact_usd) for one in found] == [(Decimal(0), Decimal(50))]


def test_movers_compare_means_of_days() -> None:
    september = {date(2026, 9, day): Decimal(10) for day in range(1, 31)}
    series = {"up": {**september, **_days(25, 15)}, "flat": {**september, **_days(10, 10)}, "new": _days(0, 3), "gone": september}
    found = movers(series, sorted(series["up"]), OCTOBER)
    assert found is not None
    assert [(one.name, one.before_usd, one.now_usd, one.share) for one in found] == [
        ("gone", Decimal(10), Decimal(0), Decimal(-1)),
        ("up", Decimal(10), Decimal(20), Decimal(1)),
        ("new", Decimal(0), Decimal("1.5"), None),
    ]
    assert movers(series, list(_days(25, 15)), OCTOBER) is None


def _use(**given: object) -> WorkloadUse:
    values: dict[str, object] = {"name": "w", "team": "lending", "gpu_used_usd": None}
    for part in ("usd", "cpu_usd", "cpu_used_usd", "ram_usd", "ram_used_usd", "gpu_usd"):
        values[part] = Decimal(0)
    return WorkloadUse(**{**values, **given})  # type: ignore[arg-type]


def test_efficiency_is_weighted_with_cost() -> None:
    uses = [
        _use(usd=Decimal(100), cpu_usd=Decimal(90), cpu_used_usd=Decimal(9)),
        _use(usd=Decimal(20), cpu_usd=Decimal(10), cpu_used_usd=Decimal(10), gpu_usd=Decimal(10), gpu_used_usd=Decimal(4)),
        _use(usd=Decimal(5), team=None),
    ]
    found = [(one.name, one.usd, one.cpu, one.ram, one.gpu) for one in efficiencies(uses)]
    assert found == [
        ("lending", Decimal(120), Decimal("0.19"), None, Decimal("0.4")),
        ("(no team)", Decimal(5), None, None, None),
    ]


def test_savings_with_their_amounts() -> None:
    uses = [_use(usd=Decimal(100), cpu_usd=Decimal(80), cpu_used_usd=Decimal(16), ram_usd=Decimal(20), ram_used_usd=Decimal(19))]
    charges = [
        charge(1, 100, subject=Subject(Kind.WORKLOAD, "w", "lending")),
        charge(1, 60, subject=Subject(Kind.IDLE, "i", "ml-platform")),
        charge(1, 40, subject=Subject(Kind.IDLE, "i", "lending", None, "gpu-training", "", True)),
        charge(1, 5, subject=Subject(Kind.SHARED, "s")),
    ]
    found = {one.what: (one.team, one.usd_month) for one in savings(uses, charges, to_month=Decimal(2))}
    assert found == {
        "smaller requests of w": ("lending", Decimal(120)),  # 2 × (80 − 16 ÷ 0.8); memory is used well
        "idle GPUs of pool gpu-training": ("lending", Decimal(80)),
        "idle CPU and memory of nodes": (None, Decimal(56)),  # 2 × (60 − a fifth of 160)
        "volumes that no pod mounts": (None, Decimal(10)),
    }
    assert [(one.team, one.gpu, one.usd) for one in idle(charges)] == [("ml-platform", False, Decimal(60)), ("lending", True, Decimal(40))]
