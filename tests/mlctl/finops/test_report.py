"""The whole report: what belongs together adds up, and hostile names stay text in every form."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path

import pytest

from mlctl.config.environment import Environment
from mlctl.errors import InputError
from mlctl.finops.analysis.estimated import Estimated
from mlctl.finops.build import Request, build
from mlctl.finops.charge import Charge, Gap, Kind, Role, SourceData, Span, Subject
from mlctl.finops.money import percent
from mlctl.finops.period import Period
from mlctl.finops.read.cost_forecast import AwsForecast
from mlctl.finops.read.focus import read_focus
from mlctl.finops.read.focus_tally import FocusRequest
from mlctl.finops.report import FinopsReport
from mlctl.finops.write.chart import round_top
from mlctl.finops.write.document import document
from mlctl.finops.write.focus import CATEGORIES, COLUMNS, MANDATORY, focus_csv
from mlctl.finops.write.html import breakable, html
from mlctl.finops.write.markdown import markdown

OCTOBER = Period(date(2026, 10, 1))
HOSTILE = '=HYPERLINK("http://x")<script>alert(1)</script>|[a](http://x)'
FACTS_COLUMNS = """BilledCost, BillingAccountId, BillingAccountName, BillingCurrency, BillingPeriodStart, BillingPeriodEnd,
ChargeCategory, ChargeClass, ChargeDescription, ChargePeriodStart, ChargePeriodEnd, ContractedCost, EffectiveCost, InvoiceIssuerName,
ListCost, PricingQuantity, PricingUnit, ProviderName, PublisherName, ServiceCategory, ServiceName"""


SERVICE_CATEGORIES = {
    "AI and Machine Learning", "Analytics", "Business Applications", "Compute", "Databases", "Developer Tools", "Multicloud", "Identity",
    "Integration", "Internet of Things", "Management and Governance", "Media", "Migration", "Mobile", "Networking", "Security", "Storage",
    "Web", "Other",
}  # fmt: skip
"""The allowed values of ServiceCategory: specification/columns/servicecategory.md of FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec."""


def sources() -> list[SourceData]:
    """Two months: nodes of 100 a day, of which 70 are explained; credit-risk 50 with one odd day; a hostile service and label."""
    bill, spent = [], []
    for month, last in ((9, 30), (10, 20)):
        for day in range(1, last + 1):
            span = Span(date(2026, month, day), 1)
            bill.append(Charge(Subject(Kind.NODES, "EC2", "lending", None, "gpu-training", gpu=True), span, Decimal(100)))
            odd = 900 if (month, day) == (10, 12) else 0
            bill.append(Charge(Subject(Kind.CLOUD, "Amazon SageMaker", "lending", "credit-risk"), span, Decimal(50 + odd)))
            bill.append(Charge(Subject(Kind.CLOUD, HOSTILE, None, None, None, HOSTILE), span, Decimal("1.5")))
            spent.append(Charge(Subject(Kind.WORKLOAD, "w", "retention", "churn"), span, Decimal(40)))
            spent.append(Charge(Subject(Kind.IDLE, "i", "lending", None, "gpu-training", "", True), span, Decimal(30)))
    bill.append(Charge(Subject(Kind.CREDIT, "AWS Credits"), Span(date(2026, 10, 3), 1), Decimal(-20)))
    return [
        SourceData(name="focus", role=Role.BILL, charges=tuple(bill), rows=len(bill)),
        SourceData(name="opencost", role=Role.ALLOCATION, charges=tuple(spent), rows=len(spent)),
    ]


@pytest.fixture
def report(prod: Environment) -> FinopsReport:
    estimated = Estimated(
        date="2026-09-30",
        at_least=True,
        total_usd=Decimal(4000),
        teams={"lending": Decimal(3000), "growth": Decimal(1)},
        models={"credit-risk": Decimal(1550)},
        services={},
    )
    request = Request(
        environment=prod, period=OCTOBER, today=date(2026, 10, 21), estimated=estimated, predictions={"churn": Decimal(200_000)}
    )
    return build(sources(), request)


def test_totals(report: FinopsReport) -> None:
    spent = 20 * Decimal("151.5") + 900 - 20
    assert (report.total.spent_usd, report.total.forecast_usd) == (spent, spent + 11 * Decimal("151.5"))
    assert sum(report.daily.values()) == spent
    for lines in (report.teams, report.services):
        rest = report.unallocated.spent_usd if lines is report.teams else 0
        assert sum(line.spent_usd for line in lines) + rest == spent
        open_rest = (report.unallocated.forecast_usd or 0) if lines is report.teams else 0
        assert sum(line.forecast_usd or 0 for line in lines) + open_rest == report.total.forecast_usd
    assert {line.name: (line.spent_usd, line.budget_usd) for line in report.teams} == {
        "lending": (Decimal(20 * 80 + 900), Decimal(3500)),
        "retention": (Decimal(800), Decimal(2500)),
        "ml-platform": (Decimal(0), Decimal(7500)),
    }
    assert report.unallocated.spent_usd == 20 * Decimal("31.5") - 20
    assert report.unknown_labels == ((HOSTILE, Decimal(30)),)
    assert not report.partial
    assert report.gpu is not None
    assert (report.gpu.spent_usd, report.gpu.forecast_usd, report.gpu.budget_usd) == (
        Decimal(2000),
        Decimal(3100),
        Decimal(3000),
    )  # machines, 100 a day
    assert report.over == (report.gpu,)


def test_over_a_team_budget(prod: Environment) -> None:
    dear = SourceData(
        name="focus", role=Role.BILL, charges=(Charge(Subject(Kind.CLOUD, "S3", "lending"), Span(date(2026, 10, 1), 1), Decimal(113)),)
    )
    found = build([dear], Request(environment=prod, period=OCTOBER, today=date(2026, 10, 2)))
    assert [(line.name, line.forecast_usd) for line in found.over] == [("lending", Decimal(3503))]


def test_explanations(report: FinopsReport) -> None:
    assert [(one.name, one.first.day, one.impact_usd) for one in report.anomalies or ()] == [
        ("everything", 12, Decimal(900)),
        ("model credit-risk", 12, Decimal(900)),
        ("service Amazon SageMaker", 12, Decimal(900)),
        ("team lending", 12, Decimal(900)),
    ]
    assert {one.model: (one.assumed, round(one.usd_per_thousand or Decimal(0), 4)) for one in report.predictions} == {
        "credit-risk": (True, Decimal("0.4908")),  # 1,900 USD × 1,000 ÷ (6 million × 20 ÷ 31)
        "churn": (False, Decimal(4)),
    }
    assert report.movers is not None
    assert {one.name: one.change_usd for one in report.movers if one.name.startswith("model")} == {"model credit-risk": 45}
    lines = {(one.scope, one.name): (one.estimated_usd, one.actual_usd) for one in report.accountability.lines}  # type: ignore[union-attr]
    assert lines["total", "everything"] == (4000, report.total.forecast_usd)
    assert lines["team", "growth"] == (1, None)
    assert lines["model", "credit-risk"] == (1550, 1900 + 11 * 50)
    assert [(one.team, one.pool, one.gpu, one.usd) for one in report.idle] == [("lending", "gpu-training", True, Decimal(600))]


def test_savings_are_scaled_by_the_days_of_the_allocation(prod: Environment) -> None:
    bill, spent = sources()
    few = tuple(charge for charge in spent.charges if charge.span.first in (date(2026, 10, 5), date(2026, 10, 6)))
    few_days = SourceData(name="opencost", role=Role.ALLOCATION, charges=few)
    found = build([bill, few_days], Request(environment=prod, period=OCTOBER, today=date(2026, 10, 21)))
    assert [(one.what, one.usd_month) for one in found.savings] == [("idle GPUs of pool gpu-training", 60 * Decimal(31) / 2)]


def test_gaps_say_what_is_missing(prod: Environment) -> None:
    bill = sources()[0]
    kept = tuple(charge for charge in bill.charges if charge.span.first != date(2026, 10, 7))
    damaged = SourceData(name="focus", role=Role.BILL, charges=kept, gaps=(Gap("focus", "something", partial=False),))
    found = build([damaged], Request(environment=prod, period=OCTOBER, today=date(2026, 10, 21)))
    assert found.partial
    assert [gap.what for gap in found.gaps if gap.partial] == [
        "2026-10-07: nothing was charged at all, so this is taken for missing and the forecast fills it in"
    ]
    alone = build([sources()[1]], Request(environment=prod, period=OCTOBER, today=date(2026, 10, 21)))
    assert "no bill was read: the figures are the cluster's alone" in [gap.what for gap in alone.gaps]


def test_idle_gpus_of_nobody_are_named(prod: Environment) -> None:
    lost = Charge(Subject(Kind.IDLE, "i", None, None, "gone", "", True), Span(date(2026, 10, 1), 1), Decimal(5))
    found = build(
        [SourceData(name="opencost", role=Role.ALLOCATION, charges=(lost,))],
        Request(environment=prod, period=OCTOBER, today=date(2026, 10, 2)),
    )
    assert "5.00 USD of idle GPUs lands on nobody: pool gone is not in the environment" in [gap.what for gap in found.gaps]


def test_an_empty_source_is_no_free_month(prod: Environment) -> None:
    found = build(
        [SourceData(name="focus", role=Role.BILL, charges=())], Request(environment=prod, period=OCTOBER, today=date(2026, 10, 3))
    )
    assert (found.total.forecast_usd, found.partial, len(found.forecast.missing)) == (None, True, 2)
    assert "not known" in html(found)
    assert found.movers is None
    assert found.anomalies is None


def test_predictions_of_an_unknown_model_are_refused(prod: Environment) -> None:
    with pytest.raises(InputError, match="there is no model nobody; allowed: credit-risk, churn"):
        build(sources(), Request(environment=prod, period=OCTOBER, today=date(2026, 10, 21), predictions={"nobody": Decimal(1)}))


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.addresses: list[str] = []
        self.depth: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "action", "data")]
        if tag not in ("meta", "wbr"):
            self.depth.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.depth.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_is_whole_and_harmless(report: FinopsReport) -> None:
    page = _Page()
    page.feed(html(report))
    assert page.depth == []
    assert page.addresses == []
    assert not page.tags & {"script", "link", "img", "iframe", "object", "a"}
    assert HOSTILE in page.text
    assert "$3,910.00" in page.text
    assert {"svg", "polyline", "rect"} <= page.tags


def test_markdown_is_harmless(report: FinopsReport) -> None:
    text = markdown(report)
    assert re.findall(r"(?<!\\)[<>\[\]]", text) == []
    tables = [line for line in text.splitlines() if line.startswith("|")]
    assert all(len(re.findall(r"(?<!\\)\|", line)) in (3, 4, 5, 6) for line in tables)
    assert "| everything | $3,910.00 | $5,576.50 | $12,000.00 |" in tables


def test_json_says_the_same(report: FinopsReport) -> None:
    value = json.loads(json.dumps(document(report)))
    assert (value["total"]["spent_usd"], value["total"]["forecast_usd"]) == ("3910", "5576.5")
    assert value["reconciliation"]["difference_usd"] == "600"
    assert value["unallocated"]["share"] == "0.15601"  # 610 ÷ 3910
    assert value["anomalies"][0]["impact_usd"] == "900"


def test_focus_has_all_mandatory_columns_and_no_formula(report: FinopsReport) -> None:
    assert ", ".join(MANDATORY) == " ".join(FACTS_COLUMNS.split())
    rows = list(csv.DictReader(io.StringIO(focus_csv(report))))
    assert tuple(rows[0]) == COLUMNS
    assert sum(Decimal(row["BilledCost"]) for row in rows) == report.total.spent_usd
    nullable = {"ChargeClass", "Tags", "x_Team", "x_Model", "x_NodePool"}
    assert all(value for row in rows for name, value in row.items() if name not in nullable)
    assert all(row["ServiceName"] != HOSTILE for row in rows)
    assert any(row["ServiceName"] == f"'{HOSTILE}" for row in rows)
    assert {row["ChargeCategory"] for row in rows if Decimal(row["BilledCost"]) < 0} == {"Adjustment"}


def test_long_names_may_be_broken() -> None:
    assert breakable("smaller requests of retention/deployment/churn") == "smaller requests of retention/<wbr>deployment/<wbr>churn"
    assert breakable("<b>" + "x" * 40) == "&lt;b&gt;" + "x" * 21 + "<wbr>" + "x" * 19
    assert breakable("") == ""


def test_focus_has_the_allowed_values(report: FinopsReport) -> None:
    """As the specification lists them for its columns of allowed values, and times and numbers in its formats."""
    rows = list(csv.DictReader(io.StringIO(focus_csv(report))))
    assert {row["ChargeCategory"] for row in rows} <= {"Usage", "Purchase", "Tax", "Credit", "Adjustment"}
    assert {row["ChargeClass"] for row in rows} <= {"", "Correction"}
    assert {row["BillingCurrency"] for row in rows} == {"USD"}
    assert set(CATEGORIES.values()) | {row["ServiceCategory"] for row in rows} <= SERVICE_CATEGORIES
    times = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:00:00Z", row[name]) for row in rows for name in times)
    numbers = ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost", "PricingQuantity")
    assert all(re.fullmatch(r"-?\d+(\.\d+)?", row[name]) for row in rows for name in numbers)
    assert all(isinstance(json.loads(row["Tags"]), dict) for row in rows)


def test_focus_can_be_read_again(report: FinopsReport, prod: Environment, tmp_path: Path) -> None:
    path = tmp_path / "focus.csv"
    path.write_text(focus_csv(report), encoding="utf-8")
    again = build(
        [read_focus([path], FocusRequest(environment=prod, period=OCTOBER))],
        Request(environment=prod, period=OCTOBER, today=date(2026, 10, 21)),
    )
    assert again.total.spent_usd == report.total.spent_usd
    assert {line.name: line.spent_usd for line in again.teams} == {line.name: line.spent_usd for line in report.teams}
    assert {line.name: line.spent_usd for line in again.models} == {line.name: line.spent_usd for line in report.models}


def test_the_forecast_of_aws_stands_beside_ours(report: FinopsReport) -> None:
    opinion = AwsForecast(since=report.today, usd=Decimal(1000), low_usd=Decimal(900), high_usd=Decimal(1200))
    second = dataclasses.replace(report, aws_forecast=opinion)
    spent = report.total.spent_usd  # 3,910
    assert document(report)["aws_forecast"] is None
    assert document(second)["aws_forecast"] == {
        "month_usd": "4910",
        "low_usd": "4810",
        "high_usd": "5110",
        "method": f"Spent + what AWS Cost Explorer forecasts from {report.today} on (GetCostForecast, bounds of 80 %).",
    }
    assert second.total.forecast_usd == report.total.forecast_usd
    for written in (markdown(second), html(second)):
        assert "AWS expects $4,910.00 ($4,810.00 to $5,110.00)" in written
    assert "AWS expects" not in html(report)
    assert spent == 3910


@pytest.mark.parametrize(
    ("most", "top"), [("1", "1.2"), ("495", "600"), ("4500", "6000"), ("12000", "16000"), ("97", "100"), ("99", "120"), ("0.5", "0.6")]
)
def test_scales_end_at_round_numbers_above_what_they_show(most: str, top: str) -> None:
    assert round_top(Decimal(most)) == Decimal(top)


def test_percentages_have_no_negative_zero() -> None:
    assert [percent(Decimal(share)) for share in ("-0.004", "0.125", "-0.5", "13.4")] == ["0 %", "13 %", "-50 %", "1340 %"]
