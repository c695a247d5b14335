"""What blocks, what warns, what cannot be judged."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from mlctl.config.environment import Environment
from mlctl.config.usage import PoolUsage, Usage
from mlctl.cost.compare import compare
from mlctl.cost.guardrails import guardrails
from mlctl.finding import Finding, Status

INSTANCE = "aws:ec2/instance:Instance"
_DISK = {"rootBlockDevice": {"volumeSize": 10}}


def _machines(resource: Any, count: int, kind: str = "m5.xlarge", **tags: str) -> list[Any]:
    """Each costs 730 × 0.192 + 1.00 = 141.16 USD a month as m5.xlarge."""
    return [resource(INSTANCE, f"m{number}", {"instanceType": kind, **_DISK, "tags": tags}) for number in range(count)]


def _by_rule(findings: Iterable[Finding], rule: str) -> list[tuple[str, Status, bool]]:
    return [(one.resource, one.status, one.blocks) for one in findings if one.id == rule]


def _budget(environment: Environment, **changes: Any) -> dict[str, Any]:
    return {"budgets": environment.budgets.model_copy(update=changes)}


def test_within_the_budget_passes(resource: Any, estimate_of: Any, environment: Environment) -> None:
    found = estimate_of(*_machines(resource, 2), **_budget(environment, monthly_usd=Decimal("282.32")))
    assert found.expected_usd == Decimal("282.32")
    assert _by_rule(guardrails(found, None, found.environment), "cost-budget") == [("environment prod", Status.PASS, False)]


def test_a_cent_over_the_budget_blocks(resource: Any, estimate_of: Any, environment: Environment) -> None:
    found = estimate_of(*_machines(resource, 2), **_budget(environment, monthly_usd=Decimal("282.31")))
    [finding] = [one for one in guardrails(found, None, found.environment) if one.id == "cost-budget"]
    assert (finding.status, finding.blocks) == (Status.FAIL, True)
    assert finding.message == ("environment prod costs $282.32 a month expected, which is over $282.31 (budgets.monthly_usd)")


def test_gpu_team_and_ceiling_have_their_own_limits(resource: Any, estimate_of: Any, environment: Environment) -> None:
    gpu = _machines(resource, 1, "g5.xlarge", team="lending")
    found = estimate_of(*gpu, **_budget(environment, gpu_monthly_usd=Decimal(100)))
    findings = guardrails(found, None, found.environment)
    assert found.gpu_usd == 730 * Decimal("1.006")
    assert _by_rule(findings, "cost-gpu-budget") == [("GPU use in prod", Status.FAIL, True)]
    assert _by_rule(findings, "cost-ceiling") == [("environment prod", Status.PASS, False)]
    assert _by_rule(findings, "cost-team-budget") == [
        ("team ml-platform", Status.PASS, False),
        ("team lending", Status.PASS, False),
        ("team retention", Status.PASS, False),
    ]
    poor = found.environment.model_copy(
        update={"teams": tuple(team.model_copy(update={"monthly_budget_usd": Decimal(700)}) for team in environment.teams)}
    )
    over = _by_rule(guardrails(found, None, poor), "cost-team-budget")
    assert ("team lending", Status.FAIL, True) in over
    assert ("team retention", Status.PASS, False) in over


def _pool(resource: Any, gpus: int) -> Any:
    """A GPU pool without running nodes: g5.xlarge has 1 GPU, 4 vCPU, and costs 1.006 USD an hour on demand in us-east-1."""
    requirements = [{"key": "node.kubernetes.io/instance-type", "operator": "In", "values": ["g5.xlarge"]}]
    spec = {"template": {"spec": {"requirements": requirements}}, "limits": {"cpu": "1000", "nvidia.com/gpu": str(gpus)}}
    return resource("kubernetes:karpenter.sh/v1:NodePool", "gpus", {"metadata": {"name": "gpus"}, "spec": spec})


def test_the_limits_of_gpu_pools_are_held_against_the_gpu_budget(resource: Any, estimate_of: Any, environment: Environment) -> None:
    nobody = Usage(types={"kubernetes:karpenter.sh/v1:NodePool": {"average_nodes": Decimal(0), "hours": Decimal(0)}})
    budget = _budget(environment, gpu_monthly_usd=Decimal(1000), ceiling_factor=Decimal(3))
    most = 4 * 730 * Decimal("1.006")  # 2,937.52 of 3,000 USD
    within = estimate_of(_pool(resource, 4), resource(INSTANCE, "cpu", {"instanceType": "m5.24xlarge"}), usage=nobody, **budget)
    assert (within.gpu_usd, within.gpu_ceiling_usd) == (0, most)
    assert _by_rule(guardrails(within, None, within.environment), "cost-gpu-ceiling") == [("GPU use in prod", Status.PASS, False)]
    over = estimate_of(_pool(resource, 5), usage=nobody, **budget)
    [finding] = [one for one in guardrails(over, None, over.environment) if one.id == "cost-gpu-ceiling"]
    assert finding.blocks
    assert finding.message == (
        "GPU use in prod costs $3,671.90 a month at the limits of its pools, which is over $3,000.00 "
        "(budgets.ceiling_factor × budgets.gpu_monthly_usd)"
    )


def test_an_increase_is_measured_by_amount_and_by_percent(resource: Any, estimate_of: Any, environment: Environment) -> None:
    limits = _budget(environment, max_increase_usd=Decimal("141.16"), max_increase_percent=50)
    base = estimate_of(*_machines(resource, 2), **limits)
    one_more = estimate_of(*_machines(resource, 3), **limits)
    two_more = estimate_of(*_machines(resource, 4), **limits)
    assert [found[1:] for found in _by_rule(guardrails(one_more, base, one_more.environment), "cost-increase")] == [
        (Status.PASS, False),
        (Status.PASS, False),
    ]
    assert [found[1:] for found in _by_rule(guardrails(two_more, base, two_more.environment), "cost-increase")] == [
        (Status.FAIL, True),
        (Status.FAIL, True),
    ]
    assert _by_rule(guardrails(two_more, None, two_more.environment), "cost-increase") == []


def test_the_difference_names_what_was_added_removed_and_changed(resource: Any, estimate_of: Any) -> None:
    old = estimate_of(*_machines(resource, 2), resource("aws:ec2/eip:Eip", "gone", {}))
    new = estimate_of(*_machines(resource, 1), *_machines(resource, 2, "m5.large")[1:], resource("aws:kms/key:Key", "key", {}))
    found = compare(new, old)
    assert [(one.change, one.resource.name, one.delta_usd) for one in found.differences] == [
        ("changed", "m1", Decimal("-70.080")),
        ("removed", "gone", Decimal("-3.650")),
        ("added", "key", Decimal("1")),
    ]
    assert found.delta_usd == Decimal("-72.730")


def test_gaps_are_told_and_do_not_block(resource: Any, estimate_of: Any) -> None:
    found = estimate_of(resource("aws:qldb/ledger:Ledger", "book", {}, file="stacks/x.py", line=7))
    [finding] = [one for one in guardrails(found, None, found.environment) if one.id == "cost-unpriced" and "qldb" in one.resource]
    assert (finding.status, finding.blocks, finding.file, finding.line) == (Status.NOT_EVALUATED, False, "stacks/x.py", 7)


def test_prices_go_stale(resource: Any, estimate_of: Any) -> None:
    machine = _machines(resource, 1)
    fresh = estimate_of(*machine, today=date(2026, 8, 1), **_age_limit(estimate_of, 800))
    assert _by_rule(guardrails(fresh, None, fresh.environment), "cost-stale-prices") == []
    old = estimate_of(*machine, today=date(2026, 11, 20), **_age_limit(estimate_of, 100))
    assert _by_rule(guardrails(old, None, old.environment), "cost-stale-prices") == [("mlctl/cost/prices", Status.FAIL, False)]


def _age_limit(estimate_of: Any, days: int) -> dict[str, Any]:
    return _budget(estimate_of().environment, price_age_days=days)


def test_usage_that_names_nothing_blocks(resource: Any, estimate_of: Any) -> None:
    usage = Usage(
        types={
            "aws:ec2/natGateway:NatGatway": {"monthly_data_processed_gb": Decimal(1)},
            "aws:ec2/natGateway:NatGateway": {"monthly_gb": Decimal(1)},
        },
        resources={"s/nat": {"monthly_data_processed_gb": Decimal(1)}, "s/natt": {"monthly_data_processed_gb": Decimal(1)}},
        node_pools={"gpu-training": PoolUsage(average_nodes=Decimal(1), instance_type="p5.48xlarge")},
    )
    found = estimate_of(resource("aws:ec2/natGateway:NatGateway", "nat", {}), usage=usage)
    findings = [one for one in guardrails(found, None, found.environment) if one.id == "cost-usage"]
    assert [one.message for one in findings] == [
        "usage.types.aws:ec2/natGateway:NatGatway is no type that has usage; did you mean aws:ec2/natGateway:NatGateway?",
        "usage.types.aws:ec2/natGateway:NatGateway.monthly_gb is no usage key of this type; allowed: monthly_data_processed_gb",
        "usage.resources.s/natt names no resource of the plan; did you mean s/nat?",
        "usage.node_pools.gpu-training.instance_type is p5.48xlarge, which the pool may not launch; "
        "allowed: families g5; sizes xlarge, 2xlarge, 12xlarge",
    ]
    assert all(one.blocks for one in findings)


def test_usage_of_a_stack_that_failed_is_not_judged(estimate_of: Any) -> None:
    found = estimate_of(usage=Usage(resources={"broken/nat": {"monthly_data_processed_gb": Decimal(1)}}))
    broken = type(found)(environment=found.environment, today=found.today, resources=(), failed_stacks=("broken",))
    [finding] = [one for one in guardrails(broken, None, broken.environment) if one.id == "cost-usage"]
    assert (finding.status, finding.blocks) == (Status.NOT_EVALUATED, False)
