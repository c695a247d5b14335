"""Totals, owners, equal resources, the account's traffic."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mlctl.config.environment import Environment
from mlctl.config.usage import Usage
from mlctl.cost.catalogue import entries
from mlctl.cost.component import Priced
from mlctl.cost.estimate import ACCOUNT, estimate
from mlctl.cost.free import FREE, why_free
from mlctl.cost.price_file import load_prices
from mlctl.cost.usage import load_defaults
from mlctl.plan.model import Plan, Resource, StackError, StackPlan

EIP = "aws:ec2/eip:Eip"
CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))


def test_the_team_is_the_tag_then_the_providers_then_the_shared_one(resource: Any, estimate_of: Any) -> None:
    provider = resource("pulumi:providers:aws", "aws", {"defaultTags": {"tags": {"team": "lending"}}})
    exported = resource("pulumi:providers:aws", "old", {"defaultTags": '{"tags": {"team": "retention", "model": "churn"}}'})
    link = f"{provider.urn}::0b7c"
    found = estimate_of(
        provider,
        exported,
        resource(EIP, "tagged", {"tags": {"team": "retention", "model": "churn"}}, provider=link),
        resource(EIP, "defaulted", {}, provider=link),
        resource(EIP, "from-export", {}, provider=f"{exported.urn}::1"),
        resource(EIP, "bare", {}),
        resource("kubernetes:core/v1:PersistentVolumeClaim", "labelled", {"metadata": {"labels": {"team": "lending"}}}),
    )
    assert {one.name: (one.team, one.model) for one in found.resources if one.stack == "s" and "providers" not in one.type} == {
        "tagged": ("retention", "churn"),
        "defaulted": ("lending", None),
        "from-export": ("retention", "churn"),
        "bare": ("ml-platform", None),
        "labelled": ("lending", None),
    }
    assert {share.name: share.expected_usd for share in found.by_model} == {"churn": Decimal("7.30")}


def test_breakdowns_add_up_to_the_total(resource: Any, estimate_of: Any) -> None:
    members = [resource(EIP, f"a{number}", {"tags": {"team": ("lending", "retention")[number % 2]}}) for number in range(5)]
    found = estimate_of(*members, resource("aws:kms/key:Key", "key", {}), defaults=load_defaults())
    for shares in (found.by_stack, found.by_service, found.by_team):
        assert sum(share.expected_usd for share in shares) == found.expected_usd
        assert sum(share.ceiling_usd for share in shares) == found.ceiling_usd
    assert [share.expected_usd for share in found.by_stack] == sorted((share.expected_usd for share in found.by_stack), reverse=True)
    assert found.expected_usd == sum(one.expected_usd for one in found.resources)


def test_equal_resources_are_priced_once_and_unequal_ones_apart(resource: Any, estimate_of: Any) -> None:
    same = [resource("aws:ebs/volume:Volume", f"v{number}", {"size": 10, "type": "gp3", "tags": {"n": str(number)}}) for number in range(3)]
    larger = resource("aws:ebs/volume:Volume", "w", {"size": 20, "type": "gp3"})
    provisioned = resource("aws:ebs/volume:Volume", "x", {"size": 10, "type": "gp3", "iops": 4000})
    found = estimate_of(*same, larger, provisioned)
    quotations = [one.quotation for one in found.resources[:5]]
    assert quotations[0] is quotations[1] is quotations[2]
    assert [one.expected_usd for one in quotations] == [Decimal("0.80")] * 3 + [Decimal("1.60"), Decimal("5.80")]


def test_remembering_changes_no_price(environment: Environment) -> None:
    """All published cases in one plan, each twice, cost what each costs alone."""
    usage = Usage(size="medium")
    there = environment.model_copy(update={"usage": usage})
    members: list[Resource] = []
    for number, case in enumerate(CASES):
        for copy in ("a", "b") if case["type"] else ():
            members.append(Resource(urn=f"urn::{number}{copy}", type=case["type"], name=f"c{number}{copy}", inputs=case["inputs"]))  # noqa: PERF401

    def cost(*resources: Resource) -> Mapping[str, Decimal]:
        plan = Plan(environment="x", stacks=(StackPlan(name="s", environment="x", resources=resources),))
        found = estimate(plan, there, load_prices(), today=date(2026, 11, 20), defaults={})
        return {one.urn: one.expected_usd for one in found.resources if one.stack == "s"}

    together = cost(*members)
    for one in members[::2]:
        assert cost(one)[one.urn] == together[one.urn] == together[one.urn[:-1] + "b"]


def test_a_failed_stack_makes_the_total_at_least(environment: Environment) -> None:
    failed = StackPlan(name="broken", environment="prod", errors=(StackError(problem="raised"),))
    found = estimate(Plan(environment="prod", stacks=(failed,)), environment, load_prices(), today=date(2026, 11, 20))
    assert (found.at_least, found.failed_stacks) == (True, ("broken",))
    assert found.expected_usd == 0


def test_the_accounts_traffic_is_counted_once_and_only_with_aws(resource: Any, estimate_of: Any) -> None:
    with_aws = estimate_of(resource(EIP, "a", {}), defaults=load_defaults())
    assert [one.stack for one in with_aws.resources].count(ACCOUNT) == 1
    assert [one.stack for one in estimate_of(resource("kubernetes:core/v1:ConfigMap", "c", {})).resources] == ["s"]


def test_components_and_reads_are_free(resource: Any, estimate_of: Any) -> None:
    found = estimate_of(resource("mlplatform:x:Y", "group", {}, custom=False), resource(EIP, "read", {}, external=True))
    assert [(one.status, one.expected_usd) for one in found.resources[:2]] == [(Priced.FREE, 0), (Priced.FREE, 0)]


def test_extended_support_depends_on_the_date_that_is_passed_in(resource: Any, cost_of: Any) -> None:
    cluster = resource("aws:eks/cluster:Cluster", "c", {"version": "1.33"})
    assert cost_of(cluster, today=date(2026, 7, 29)).expected_usd == Decimal("73.00")
    assert cost_of(cluster, today=date(2026, 7, 30)).expected_usd == Decimal("438.00")
    standard = resource("aws:eks/cluster:Cluster", "c", {"version": "1.33", "upgradePolicy": {"supportType": "STANDARD"}})
    assert cost_of(standard, today=date(2026, 7, 30)).expected_usd == Decimal("73.00")


def test_assumptions_carry_their_money_and_their_origin(resource: Any, estimate_of: Any) -> None:
    nat = "aws:ec2/natGateway:NatGateway"
    usage = Usage(types={nat: {"monthly_data_processed_gb": Decimal(100)}}, resources={"s/b": {"monthly_data_processed_gb": Decimal(10)}})
    found = estimate_of(resource(nat, "a", {}), resource(nat, "b", {}), usage=usage)
    assert [(one.type, one.key, one.value, one.origin, one.monthly_usd) for one in found.assumptions] == [
        (nat, "monthly_data_processed_gb", Decimal(100), "type", Decimal("4.50")),
        ("s/b", "monthly_data_processed_gb", Decimal(10), "resource", Decimal("0.45")),
    ]


@pytest.mark.parametrize("pattern", [pattern for pattern in FREE if "*" not in pattern and "?" not in pattern])
def test_what_is_free_by_name_is_not_priced_elsewhere(pattern: str) -> None:
    assert why_free(pattern) == FREE[pattern]
    assert pattern not in entries()
