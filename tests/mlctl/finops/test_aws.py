"""`--from cost-explorer` with boto3's own clients, against moto."""

from __future__ import annotations

import json
import urllib.request
from datetime import date
from decimal import Decimal
from pathlib import Path

import boto3
import pytest

from mlctl.config.environment import Environment
from mlctl.errors import ServiceError
from mlctl.finops.period import Period
from mlctl.finops.sources import SourceRequest, read_sources
from tests.moto_server import moto_process, moto_server

__all__ = ["moto_process", "moto_server"]
TODAY = date(2026, 11, 3)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, moto_server: str) -> str:
    """The address of a moto server; boto3 is pointed at it."""
    for name, value in (
        ("AWS_ENDPOINT_URL", moto_server),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
    ):
        monkeypatch.setenv(name, value)
    return moto_server


def request(prod: Environment, october: Period, cache: Path) -> SourceRequest:
    return SourceRequest(names=["cost-explorer"], environment=prod, period=october, today=TODAY, cache=cache)


def test_reads_cost_and_budgets(aws: str, prod: Environment, october: Period, tmp_path: Path) -> None:
    day = {
        "TimePeriod": {"Start": "2026-10-01", "End": "2026-10-02"},
        "Groups": [{"Keys": ["Amazon S3", "team$lending"], "Metrics": {"UnblendedCost": {"Amount": "12.5", "Unit": "USD"}}}],
        "Estimated": False,
    }
    results = {"results": [{"ResultsByTime": [day]}, *[{"ResultsByTime": []}] * 3]}
    body = json.dumps(results).encode()
    wanted = urllib.request.Request(f"{aws}/moto-api/static/ce/cost-and-usage-results", body, {"Content-Type": "application/json"})
    urllib.request.urlopen(wanted).close()
    spend = {"Amount": "12000", "Unit": "USD"}
    budget = {"BudgetName": "acme-prod-all", "BudgetLimit": spend, "TimeUnit": "MONTHLY", "BudgetType": "COST"}
    boto3.client("budgets", region_name="us-east-1").create_budget(AccountId=prod.account, Budget=budget)
    found = read_sources(request(prod, october, tmp_path / "cache"))
    assert [(charge.subject.team, charge.subject.service, str(charge.usd)) for charge in found.sources[0].charges] == [
        ("lending", "Amazon S3", "12.5")
    ]
    assert [(one.name, one.limit_usd) for one in found.budgets] == [("acme-prod-all", Decimal(12000))]
    assert len(list((tmp_path / "cache").iterdir())) == 4


def test_no_credentials_is_an_error(monkeypatch: pytest.MonkeyPatch, prod: Environment, october: Period, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")  # nothing leaves this machine, whatever goes wrong
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    with pytest.raises(ServiceError, match="Cost Explorer cannot be asked: Unable to locate credentials"):
        read_sources(request(prod, october, tmp_path))
