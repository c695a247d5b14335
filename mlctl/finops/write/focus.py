"""The charges as FOCUS 1.2 CSV, by day, attributed: what other tools read."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import date, timedelta

from mlctl.finops.charge import Charge, Kind, Subject
from mlctl.finops.report import FinopsReport

MANDATORY = (
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodStart",
    "BillingPeriodEnd",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargePeriodStart",
    "ChargePeriodEnd",
    "ContractedCost",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "ServiceCategory",
    "ServiceName",
)
"""Column IDs of https://focus.finops.org/focus-specification/v1-2/ with the requirement level Mandatory."""
COLUMNS = (*MANDATORY, "RegionId", "SubAccountId", "Tags", "x_Team", "x_Model", "x_NodePool", "x_Kind")
_AWS = "AWS"
CATEGORIES = {
    "Amazon Elastic Compute Cloud": "Compute",
    "Amazon Elastic Container Service for Kubernetes": "Compute",
    "Amazon Elastic Kubernetes Service": "Compute",
    "AWS Lambda": "Compute",
    "Amazon Simple Storage Service": "Storage",
    "Amazon Elastic File System": "Storage",
    "Amazon FSx": "Storage",
    "Amazon EC2 Container Registry (ECR)": "Compute",
    "Amazon Relational Database Service": "Databases",
    "Amazon DynamoDB": "Databases",
    "Amazon SageMaker": "AI and Machine Learning",
    "Amazon Virtual Private Cloud": "Networking",
    "Elastic Load Balancing": "Networking",
    "Amazon API Gateway": "Networking",
    "AmazonCloudWatch": "Management and Governance",
    "AWS CloudTrail": "Management and Governance",
    "AWS Config": "Management and Governance",
    "AWS Key Management Service": "Security",
    "AWS Secrets Manager": "Security",
    "Amazon GuardDuty": "Security",
}


def focus_csv(*reports: FinopsReport) -> str:
    """One row per environment, day and subject. Text cells cannot be taken for formulas."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for report in reports:
        for charge in report.charges:
            writer.writerow([_harmless(cell) for cell in _row(report, charge)])
    return stream.getvalue()


def _row(report: FinopsReport, charge: Charge) -> Iterable[str]:
    """The report keeps one cost, so the four cost columns are equal; the quantity is days."""
    subject = charge.subject
    cost = f"{charge.usd:f}"
    correction = charge.usd < 0 or subject.kind in (Kind.CREDIT, Kind.DIFFERENCE)
    values = {
        "BilledCost": cost,
        "ContractedCost": cost,
        "EffectiveCost": cost,
        "ListCost": cost,
        "BillingAccountId": report.account,
        "BillingAccountName": report.organization,
        "BillingCurrency": "USD",
        "BillingPeriodStart": _time(report.period.first),
        "BillingPeriodEnd": _time(report.period.end),
        "ChargeCategory": "Adjustment" if correction else "Usage",
        "ChargeClass": "",
        "ChargeDescription": _description(subject),
        "ChargePeriodStart": _time(charge.span.first),
        "ChargePeriodEnd": _time(charge.span.first + timedelta(days=charge.span.days)),
        "InvoiceIssuerName": _AWS,
        "PricingQuantity": str(charge.span.days),
        "PricingUnit": "Days",
        "ProviderName": _AWS,
        "PublisherName": _AWS,
        "ServiceCategory": _category(subject),
        "ServiceName": subject.service,
        "RegionId": report.region,
        "SubAccountId": report.account,
        "Tags": json.dumps({name: value for name, value in _tags(subject) if value}, sort_keys=True),
        "x_Team": subject.team or "",
        "x_Model": subject.model or "",
        "x_NodePool": subject.pool or "",
        "x_Kind": subject.kind.value,
    }
    return [values[column] for column in COLUMNS]


def _tags(subject: Subject) -> Iterable[tuple[str, str | None]]:
    """As found, so that reading the file again attributes the same; a node pool in `x_NodePool` alone, since its rows are split already."""
    return (("team", subject.team or subject.label), ("model", subject.model))


def _category(subject: Subject) -> str:
    if subject.kind in (Kind.WORKLOAD, Kind.IDLE, Kind.DIFFERENCE):
        return "Compute"
    return "Storage" if subject.kind is Kind.SHARED else CATEGORIES.get(subject.service, "Other")


def _description(subject: Subject) -> str:
    of = f", pool {subject.pool}" if subject.pool else ""
    return f"{subject.kind.value}{' GPU' if subject.gpu else ''}{of}: {subject.service}"


def _time(day: date) -> str:
    return f"{day}T00:00:00Z"


def _harmless(cell: str) -> str:
    """A spreadsheet runs text that begins like a formula; an apostrophe stops it. Numbers stay."""
    if cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not cell.lstrip("-").replace(".", "", 1).isdigit():
        return f"'{cell}"
    return cell
