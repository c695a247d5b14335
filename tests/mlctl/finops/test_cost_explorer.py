"""Cost Explorer and Budgets against botocore's stubber, which checks requests and answers with AWS's own service model."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from mlctl.config.environment import Environment
from mlctl.errors import InputError, ServiceError
from mlctl.finops.charge import Kind, SourceData, Subject
from mlctl.finops.period import Period
from mlctl.finops.read.answer_cache import AnswerCache
from mlctl.finops.read.cost_explorer import CostExplorer, read_budgets
from mlctl.finops.read.cost_forecast import AwsForecast, read_forecast
from tests.mlctl.finops.conftest import TODAY


def client(name: str) -> Any:
    return boto3.client(name, region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")


def day(text: str, *groups: tuple[str, str, str], unit: str = "USD", estimated: bool = False) -> dict[str, Any]:
    after = date.fromordinal(date.fromisoformat(text).toordinal() + 1).isoformat()
    return {
        "TimePeriod": {"Start": text, "End": after},
        "Total": {},
        "Groups": [{"Keys": [service, tag], "Metrics": {"UnblendedCost": {"Amount": usd, "Unit": unit}}} for service, tag, usd in groups],
        "Estimated": estimated,
    }


def page(*days: dict[str, Any], more: str | None = None) -> dict[str, Any]:
    return {"ResultsByTime": list(days), **({"NextPageToken": more} if more else {})}


def read(prod: Environment, october: Period, answers: list[Any], *, cache: Path | None = None) -> SourceData:
    """Read with these answers in order; every one must be asked for."""
    ce = client("ce")
    with Stubber(ce) as stub:
        for answer in answers:
            stub.add_response("get_cost_and_usage", answer)
        explorer = CostExplorer(client=ce, environment=prod, cache=AnswerCache(cache) if cache else None)
        data = explorer.read(october, today=TODAY)
        stub.assert_no_pending_responses()
    return data


ANSWERS = [
    page(day("2026-10-01", ("Amazon S3", "team$lending", "1"), ("Amazon S3", "team$", "2")), more="next"),
    page(day("2026-10-02", ("Amazon S3", "team$growth", "4"), estimated=True)),
    page(day("2026-10-01", ("Amazon SageMaker", "model$churn", "8"))),
    page(day("2026-10-01", ("EC2 - Other", "node-pool$gpu-training", "16"), ("EC2 - Other", "node-pool$gone", "32"))),
    page(day("2026-10-01", ("AWS Credits", "team$", "-64"))),
]


def test_pages_and_attribution(prod: Environment, october: Period) -> None:
    data = read(prod, october, ANSWERS)
    assert {charge.subject: charge.usd for charge in data.charges} == {
        Subject(Kind.CLOUD, "Amazon S3", "lending"): Decimal(1),
        Subject(Kind.CLOUD, "Amazon S3"): Decimal(2),
        Subject(Kind.CLOUD, "Amazon S3", None, None, None, "growth"): Decimal(4),
        Subject(Kind.CLOUD, "Amazon SageMaker", "retention", "churn"): Decimal(8),
        Subject(Kind.NODES, "EC2 - Other", "lending", None, "gpu-training", gpu=True): Decimal(16),
        Subject(Kind.NODES, "EC2 - Other", None, None, "gone"): Decimal(32),
        Subject(Kind.CREDIT, "AWS Credits"): Decimal(-64),
    }
    assert [gap.what for gap in data.gaps] == ["AWS calls its figures from 2026-10-02 to 2026-10-02 estimates"]


def test_the_questions_share_no_charge(prod: Environment, october: Period) -> None:
    asked: list[Any] = []

    class Recorder:
        def get_cost_and_usage(self, **request: Any) -> dict[str, Any]:
            asked.append(request)
            return page()

    CostExplorer(client=Recorder(), environment=prod, cache=None).read(october, today=TODAY)
    credit = {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Credit", "Refund"]}}

    def absent(tag: str) -> dict[str, Any]:
        return {"Tags": {"Key": tag, "MatchOptions": ["ABSENT"]}}

    assert [request["Filter"]["And"][1:] for request in asked] == [
        [{"Not": credit}, absent("node-pool"), absent("model")],
        [{"Not": credit}, absent("node-pool"), {"Not": absent("model")}],
        [{"Not": credit}, {"Not": absent("node-pool")}],
        [credit],
    ]
    assert {request["Filter"]["And"][0]["Dimensions"]["Values"][0] for request in asked} == {"333333333333"}
    assert asked[0]["TimePeriod"] == {"Start": "2026-09-01", "End": "2026-11-01"}


def test_the_cache_is_paid_once(prod: Environment, october: Period, tmp_path: Path) -> None:
    first = read(prod, october, ANSWERS, cache=tmp_path)
    again = read(prod, october, [], cache=tmp_path)
    assert again.charges == first.charges
    assert len(list(tmp_path.iterdir())) == 5
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_damaged_cache_is_asked_for_again(prod: Environment, october: Period, tmp_path: Path) -> None:
    first = read(prod, october, ANSWERS, cache=tmp_path)
    for path in tmp_path.iterdir():
        path.write_text(path.read_text()[:20])
    assert read(prod, october, ANSWERS, cache=tmp_path).charges == first.charges


def test_an_open_month_is_asked_anew_the_next_day(prod: Environment, tmp_path: Path) -> None:
    november, count = Period(date(2026, 11, 1)), []

    class Recorder:
        def get_cost_and_usage(self, **request: Any) -> dict[str, Any]:
            count.append(request)
            return page()

    explorer = CostExplorer(client=Recorder(), environment=prod, cache=AnswerCache(tmp_path))
    for today in (date(2026, 11, 20), date(2026, 11, 20), date(2026, 11, 21)):
        explorer.read(november, today=today)
    assert len(count) == 8


@pytest.mark.parametrize(
    ("group", "unit", "problem"),
    [
        (("S3", "team$", "1"), "EUR", "the currency is 'EUR'; allowed: USD"),
        (("S3", "team$", "-1"), "USD", "2026-10-01 S3: the amount -1 is negative"),
        (("S3", "team$", "NaN"), "USD", "2026-10-01 S3: the amount NaN is not finite"),
    ],
)
def test_refuses_amounts_that_cannot_be(prod: Environment, october: Period, group: tuple[str, str, str], unit: str, problem: str) -> None:
    with pytest.raises(InputError) as caught:
        read(prod, october, [page(day("2026-10-01", group, unit=unit))])
    assert problem in str(caught.value)


def test_a_day_sent_twice_is_refused(prod: Environment, october: Period) -> None:
    twice = day("2026-10-01", ("S3", "team$", "1"))
    with pytest.raises(ServiceError, match=r"Cost Explorer sent 2026-10-01 S3 team\$ twice"):
        read(prod, october, [page(twice, twice)])


def test_a_refusal_says_what_is_needed(prod: Environment, october: Period) -> None:
    ce = client("ce")
    with Stubber(ce) as stub:
        stub.add_client_error("get_cost_and_usage", "AccessDeniedException", "no")
        with pytest.raises(ServiceError, match=r"AccessDeniedException.*needs ce:GetCostAndUsage"):
            CostExplorer(client=ce, environment=prod, cache=None).read(october, today=TODAY)


def test_budgets(prod: Environment) -> None:
    def budget(name: str, limit: str, forecast: str | None) -> dict[str, Any]:
        spend = {"ActualSpend": {"Amount": "5", "Unit": "USD"}}
        if forecast:
            spend["ForecastedSpend"] = {"Amount": forecast, "Unit": "USD"}
        amount = {"Amount": limit, "Unit": "USD"}
        return {"BudgetName": name, "BudgetLimit": amount, "CalculatedSpend": spend, "TimeUnit": "MONTHLY", "BudgetType": "COST"}

    budgets = client("budgets")
    with Stubber(budgets) as stub:
        stub.add_response(
            "describe_budgets", {"Budgets": [budget("acme-prod-gpu", "3000", None), budget("other", "1", None)], "NextToken": "n"}
        )
        stub.add_response("describe_budgets", {"Budgets": [budget("acme-prod-all", "12000", "13000.5")]})
        found = read_budgets(budgets, prod)
    assert [(one.name, one.limit_usd, one.actual_usd, one.forecast_usd) for one in found] == [
        ("acme-prod-all", Decimal(12000), Decimal(5), Decimal("13000.5")),
        ("acme-prod-gpu", Decimal(3000), Decimal(5), None),
    ]


FORECAST = {
    "Total": {"Amount": "310.5", "Unit": "USD"},
    "ForecastResultsByTime": [
        {
            "TimePeriod": {"Start": "2026-11-20", "End": "2026-12-01"},
            "MeanValue": "310.5",
            "PredictionIntervalLowerBound": "290",
            "PredictionIntervalUpperBound": "331.25",
        }
    ],
}
NOVEMBER = Period(date(2026, 11, 1))


def forecast(prod: Environment, stubbed: Any, *, cache: Path | None = None, period: Period = NOVEMBER) -> AwsForecast | None:
    ce = client("ce")
    with Stubber(ce) as stub:
        stubbed(stub)
        explorer = CostExplorer(client=ce, environment=prod, cache=AnswerCache(cache) if cache else None)
        found = read_forecast(explorer, period, today=TODAY)
        stub.assert_no_pending_responses()
    return found


def test_aws_forecasts_the_rest_of_an_open_month_and_is_paid_once(prod: Environment, tmp_path: Path) -> None:
    wanted = {
        "TimePeriod": {"Start": "2026-11-20", "End": "2026-12-01"},
        "Metric": "UNBLENDED_COST",
        "Granularity": "MONTHLY",
        "Filter": {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": ["333333333333"]}},
        "PredictionIntervalLevel": 80,
    }
    found = forecast(prod, lambda stub: stub.add_response("get_cost_forecast", FORECAST, wanted), cache=tmp_path)
    assert found == AwsForecast(since=TODAY, usd=Decimal("310.5"), low_usd=Decimal(290), high_usd=Decimal("331.25"))
    assert forecast(prod, lambda stub: None, cache=tmp_path) == found


def test_a_month_that_is_over_is_not_forecast(prod: Environment, october: Period) -> None:
    assert forecast(prod, lambda stub: None, period=october) is None


def test_too_little_history_is_no_forecast_and_no_error(prod: Environment, tmp_path: Path) -> None:
    def stubbed(stub: Stubber) -> None:
        stub.add_client_error("get_cost_forecast", "DataUnavailableException", "Insufficient amount of historical data")

    assert forecast(prod, stubbed, cache=tmp_path) is None
    assert forecast(prod, lambda stub: None, cache=tmp_path) is None


def test_a_refused_forecast_and_another_currency_are_errors(prod: Environment) -> None:
    with pytest.raises(ServiceError, match=r"AccessDeniedException.*ce:GetCostForecast"):
        forecast(prod, lambda stub: stub.add_client_error("get_cost_forecast", "AccessDeniedException", "no"))
    euros = {**FORECAST, "Total": {"Amount": "1", "Unit": "EUR"}}
    with pytest.raises(InputError, match="the currency is 'EUR'"):
        forecast(prod, lambda stub: stub.add_response("get_cost_forecast", euros))
