"""The infracost format has the shape of Infracost's public schema.

The shape is written down here from `schema/infracost.schema.json` of infracost/infracost: which keys an object must have and which it may.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import jsonschema
import pytest

from mlctl.cost.infracost import Commit, infracost
from mlctl.cost.usage import load_defaults
from mlctl.plan.model import UNKNOWN

NUMBER = {"type": ["string", "null"], "pattern": r"^-?\d+(\.\d+)?$"}
TEXT = {"type": "string"}
WHOLE = {"type": "integer"}


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"type": "object", "required": list(required), "properties": {**required, **(optional or {})}, "additionalProperties": False}


COUNTS = {"type": "object", "additionalProperties": WHOLE}
COMPONENT = _object(
    {
        "name": TEXT,
        "unit": TEXT,
        "hourlyQuantity": NUMBER,
        "monthlyQuantity": NUMBER,
        "price": NUMBER,
        "hourlyCost": NUMBER,
        "monthlyCost": NUMBER,
        "priceNotFound": {"type": "boolean"},
    },
    {"usageBased": {"type": "boolean"}},
)
RESOURCE = _object(
    {"name": TEXT, "metadata": {"type": "object"}},
    {
        "resourceType": TEXT,
        "tags": {"type": "object", "additionalProperties": TEXT},
        "hourlyCost": NUMBER,
        "monthlyCost": NUMBER,
        "monthlyUsageCost": NUMBER,
        "costComponents": {"type": "array", "items": COMPONENT},
    },
)
BREAKDOWN = _object(
    {
        "resources": {"type": "array", "items": RESOURCE},
        "totalHourlyCost": NUMBER,
        "totalMonthlyCost": NUMBER,
        "totalMonthlyUsageCost": NUMBER,
    },
    {"freeResources": {"type": "array", "items": RESOURCE}},
)
SUMMARY = _object(
    {},
    {
        "totalDetectedResources": WHOLE,
        "totalSupportedResources": WHOLE,
        "totalUnsupportedResources": WHOLE,
        "totalUsageBasedResources": WHOLE,
        "totalNoPriceResources": WHOLE,
        "supportedResourceCounts": COUNTS,
        "unsupportedResourceCounts": COUNTS,
        "noPriceResourceCounts": COUNTS,
    },
)
PROJECT = _object(
    {
        "name": TEXT,
        "displayName": TEXT,
        "metadata": _object({"path": TEXT, "type": TEXT}),
        "pastBreakdown": BREAKDOWN,
        "breakdown": BREAKDOWN,
        "diff": BREAKDOWN,
        "summary": SUMMARY,
    }
)
TIME = {"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"}
ROOT = _object(
    {
        "version": TEXT,
        "metadata": _object(
            {
                "infracostCommand": TEXT,
                "vcsBranch": TEXT,
                "vcsCommitSha": TEXT,
                "vcsCommitAuthorName": TEXT,
                "vcsCommitAuthorEmail": TEXT,
                "vcsCommitTimestamp": TIME,
                "vcsCommitMessage": TEXT,
            }
        ),
        "currency": TEXT,
        "projects": {"type": "array", "items": PROJECT},
        "totalHourlyCost": NUMBER,
        "totalMonthlyCost": NUMBER,
        "pastTotalHourlyCost": NUMBER,
        "pastTotalMonthlyCost": NUMBER,
        "diffTotalHourlyCost": NUMBER,
        "diffTotalMonthlyCost": NUMBER,
        "timeGenerated": TIME,
        "summary": SUMMARY,
    },
    {"totalMonthlyUsageCost": NUMBER, "pastTotalMonthlyUsageCost": NUMBER, "diffTotalMonthlyUsageCost": NUMBER},
)

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
COMMIT = Commit(branch="main", sha="0" * 40, author_name="A", author_email="a@acme.example", time=NOW, message="m")


@pytest.fixture
def pair(resource: Any, estimate_of: Any) -> Any:
    nat = resource("aws:ec2/natGateway:NatGateway", "nat", {}, file="stacks/x.py", line=3)
    members = [
        nat,
        resource("aws:iam/role:Role", "role", {}),
        resource("aws:qldb/ledger:Ledger", "book", {}),
        resource("aws:ebs/volume:Volume", "disk", {"size": UNKNOWN, "type": "gp3"}),
    ]
    return estimate_of(*members, defaults=load_defaults()), estimate_of(nat, defaults=load_defaults())


def test_the_document_has_the_published_shape(pair: Any) -> None:
    for base in (None, pair[1]):
        document = json.loads(json.dumps(infracost([(pair[0], base)], COMMIT, generated=NOW)))
        jsonschema.validate(document, ROOT)


def test_the_figures_are_the_estimates(pair: Any) -> None:
    after, before = pair
    document = infracost([(after, before)], COMMIT, generated=NOW)
    assert Decimal(document["totalMonthlyCost"]) == after.expected_usd
    assert Decimal(document["pastTotalMonthlyCost"]) == before.expected_usd
    assert Decimal(document["diffTotalMonthlyCost"]) == after.expected_usd - before.expected_usd
    [stack] = [project for project in document["projects"] if project["name"] == "prod/s"]
    [nat] = [one for one in stack["breakdown"]["resources"] if one["name"] == "nat"]
    assert nat["metadata"]["filename"] == "stacks/x.py"
    assert [(one["name"], one["monthlyQuantity"], one["price"], one["monthlyCost"]) for one in nat["costComponents"]] == [
        ("NAT gateway", "730", "0.045", "32.85"),
        ("Data processed", "20", "0.045", "0.9"),
    ]
    assert [one["name"] for one in stack["breakdown"]["freeResources"]] == ["role"]
    assert stack["summary"]["unsupportedResourceCounts"] == {"aws:ebs/volume:Volume": 1, "aws:qldb/ledger:Ledger": 1}


def test_what_is_not_known_is_null_and_not_zero(pair: Any) -> None:
    document = infracost([(pair[0], None)], COMMIT, generated=NOW)
    [stack] = [project for project in document["projects"] if project["name"] == "prod/s"]
    [disk] = [one for one in stack["breakdown"]["resources"] if one["name"] == "disk"]
    assert disk["costComponents"][0]["monthlyQuantity"] is None
    assert disk["costComponents"][0]["monthlyCost"] is None
