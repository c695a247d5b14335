"""Asks AWS Cost Explorer for daily cost: four questions that share no charge, each page paid once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from mlctl.config.environment import Environment
from mlctl.errors import InputError, ServiceError
from mlctl.finops.attribution import Attribution
from mlctl.finops.charge import Gap, Kind, Role, SourceData, Subject
from mlctl.finops.ledger import Entry, Ledger
from mlctl.finops.money import CURRENCY, amount
from mlctl.finops.period import Period
from mlctl.finops.read.answer_cache import AnswerCache
from mlctl.finops.read.focus_columns import Cost

NAME = "cost-explorer"
_METRICS: dict[Cost, str] = {"billed": "UnblendedCost", "effective": "AmortizedCost"}
_USAGE = "get_cost_and_usage"
_NEEDS = "needs ce:GetCostAndUsage and ce:GetCostForecast; the tags team, model and node-pool must be cost allocation tags"
_FINAL_AFTER = timedelta(days=10)
"""AWS closes a month within the first days of the next."""
_CREDITS: dict[str, Any] = {"Dimensions": {"Key": "RECORD_TYPE", "Values": ["Credit", "Refund"]}}


@dataclass(frozen=True, slots=True)
class _Question:
    """One request: which charges, by which tag."""

    tag: str
    kind: Kind
    filters: tuple[dict[str, Any], ...]


def _tagged(tag: str) -> dict[str, Any]:
    return {"Not": _untagged(tag)}


def _untagged(tag: str) -> dict[str, Any]:
    return {"Tags": {"Key": tag, "MatchOptions": ["ABSENT"]}}


_CHARGES: dict[str, Any] = {"Not": _CREDITS}
_QUESTIONS = (
    _Question("team", Kind.CLOUD, (_CHARGES, _untagged("node-pool"), _untagged("model"))),
    _Question("model", Kind.CLOUD, (_CHARGES, _untagged("node-pool"), _tagged("model"))),
    _Question("node-pool", Kind.NODES, (_CHARGES, _tagged("node-pool"))),
    _Question("team", Kind.CREDIT, (_CREDITS,)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostExplorer:
    """`client` is boto3's `ce` client. `cache` of None asks every time."""

    client: Any
    environment: Environment
    cache: AnswerCache | None
    cost: Cost = "billed"

    def read(self, period: Period, *, today: date) -> SourceData:
        """The charges of the period and of the month before, to the end of yesterday.

        Raises
        ------
        ServiceError
            AWS refuses or cannot be reached.
        InputError
            An answer has another currency, or an amount that cannot be.
        """
        first, end = period.previous.first, min(period.end, today)
        ledger = Ledger(first, period.end)
        estimated: set[str] = set()
        rows = 0
        for question in _QUESTIONS if first < end else ():
            for day in self._days(question, first, end, today=today):
                begin = str(day["TimePeriod"]["Start"])
                if day.get("Estimated"):
                    estimated.add(begin)
                for group in day.get("Groups", ()):
                    rows += 1
                    self._group(ledger, question, day["TimePeriod"], group)
        days = sorted(estimated)
        gaps = [Gap(NAME, f"AWS calls its figures from {days[0]} to {days[-1]} estimates", partial=False)] if days else []
        return SourceData(name=NAME, role=Role.BILL, charges=ledger.charges(), gaps=tuple(gaps), rows=rows)

    def _group(self, ledger: Ledger, question: _Question, time: Mapping[str, str], group: Mapping[str, Any]) -> None:
        service, tag = group["Keys"]
        metric = group["Metrics"][_METRICS[self.cost]]
        where = f"{time['Start']} {service}"
        if metric.get("Unit") != CURRENCY:
            raise InputError(f"the currency is {metric.get('Unit')!r}", file=NAME, key=where, allowed=CURRENCY)
        usd = amount(metric["Amount"], key=where, file=NAME, negative=question.kind is Kind.CREDIT)
        identity = (question.kind, question.tag, service, tag)
        window = ledger.window(f"{time['Start']}T00:00:00Z", f"{time['End']}T00:00:00Z")
        if window is None or not usd:
            return
        entry = ledger.entries.get(identity) or Entry(self._subject(question, service, tag.partition("$")[2]))
        try:
            ledger.add(identity, entry, window, usd)
        except ValueError:
            raise ServiceError(f"Cost Explorer sent {where} {tag} twice", remedy="delete the cache folder and try again") from None

    def _subject(self, question: _Question, service: str, value: str) -> Subject:
        attribution = Attribution(self.environment)
        if question.tag == "node-pool":
            owner = attribution.pool_owner(value, gpu=False) if value else None
            return Subject(question.kind, service, owner, None, value or None, "", attribution.is_gpu(value))
        team, model, label = attribution.owner({question.tag: value})
        return Subject(question.kind, service, team, model, None, label)

    def _days(self, question: _Question, first: date, end: date, *, today: date) -> Iterator[Mapping[str, Any]]:
        account = {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [self.environment.account]}}
        request: dict[str, Any] = {
            "TimePeriod": {"Start": first.isoformat(), "End": end.isoformat()},
            "Granularity": "DAILY",
            "Metrics": [_METRICS[self.cost]],
            "Filter": {"And": [account, *question.filters]},
            "GroupBy": [{"Type": "DIMENSION", "Key": "SERVICE"}, {"Type": "TAG", "Key": question.tag}],
        }
        while True:
            holds = "for good" if today >= end + _FINAL_AFTER else today.isoformat()
            answer = self.ask(_USAGE, request, holds=holds, keep=("ResultsByTime", "NextPageToken"))
            yield from answer["ResultsByTime"]
            if not answer.get("NextPageToken"):
                return
            request = {**request, "NextPageToken": answer["NextPageToken"]}

    def ask(self, operation: str, request: Mapping[str, Any], *, holds: str, keep: Sequence[str], absent: str = "") -> Mapping[str, Any]:
        """One paid answer, reduced to the keys in `keep`, or what was kept of it. Empty where AWS answers with the error `absent`.

        Raises
        ------
        ServiceError
            AWS refuses or cannot be reached.
        """
        from botocore.exceptions import BotoCoreError, ClientError

        key: dict[str, Any] = {"request": request, "holds": holds}
        if operation != _USAGE:
            key["operation"] = operation
        kept = self.cache.get(key) if self.cache else None
        if isinstance(kept, dict):
            return kept
        try:
            answer = getattr(self.client, operation)(**request)
        except (BotoCoreError, ClientError) as error:
            if not absent or getattr(error, "response", {}).get("Error", {}).get("Code") != absent:
                raise ServiceError(f"Cost Explorer cannot be asked: {error}", key="--from", remedy=_NEEDS) from None
            answer = {}
        found = {name: answer[name] for name in keep if name in answer}
        if self.cache:
            self.cache.put(key, found)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetStatus:
    """What AWS Budgets says of one budget, USD."""

    name: str
    limit_usd: Decimal
    actual_usd: Decimal | None
    forecast_usd: Decimal | None


def read_budgets(client: Any, environment: Environment) -> tuple[BudgetStatus, ...]:
    """The budgets of the environment, from boto3's `budgets` client. Reading them is free.

    Raises
    ------
    ServiceError
        AWS refuses or cannot be reached.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    found = []
    try:
        for page in client.get_paginator("describe_budgets").paginate(AccountId=environment.account):
            found += [_status(one) for one in page.get("Budgets", ()) if one["BudgetName"].startswith(f"{environment.prefix}-")]
    except (BotoCoreError, ClientError) as error:
        raise ServiceError(f"AWS Budgets cannot be asked: {error}", key="--from", remedy="needs budgets:ViewBudget") from None
    return tuple(sorted(found, key=lambda one: one.name))


def _status(one: Mapping[str, Any]) -> BudgetStatus:
    spent = one.get("CalculatedSpend", {})
    return BudgetStatus(
        name=one["BudgetName"],
        limit_usd=_spend(one.get("BudgetLimit"), one["BudgetName"]) or Decimal(0),
        actual_usd=_spend(spent.get("ActualSpend"), one["BudgetName"]),
        forecast_usd=_spend(spent.get("ForecastedSpend"), one["BudgetName"]),
    )


def _spend(value: Mapping[str, Any] | None, name: str) -> Decimal | None:
    return None if value is None else amount(value["Amount"], key=name, file="budgets", negative=True)
