"""The finops stack as planned, and every switch of `budgets` and `schedules` turned once."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from mlctl.plan.model import Plan, StackPlan
from tests.stacks.find import by_name, names, of_kind, one, stack

OFF = {
    "budgets.deny_gpu_at_percent": None,
    "budgets.cost_allocation_tags": False,
    "budgets.data_export": False,
    "budgets.alerts": [{"type": "FORECASTED", "percent": 90}],
    "schedules.off_hours": None,
}
OTHER = {
    "budgets.deny_gpu_at_percent": 80,
    "budgets.deny_gpu_approval": "MANUAL",
    "schedules.off_hours": "off=(M-U,22);on=(M-F,6);tz=Europe/Dublin",
    "platform.notebooks": {"mode": "sagemaker", "idle_minutes": 90},
}


@pytest.fixture(scope="module")
def dev(plan_of: Callable[[str], Plan]) -> StackPlan:
    return stack(plan_of("dev"), "finops")


@pytest.fixture(scope="module")
def off(plan_variant: Callable[..., Plan]) -> StackPlan:
    return stack(plan_variant(OFF, base="dev", stacks=("finops",)), "finops")


@pytest.fixture(scope="module")
def other(plan_variant: Callable[..., Plan]) -> StackPlan:
    return stack(plan_variant(OTHER, base="prod", stacks=("platform", "finops")), "finops")


def test_one_budget_for_all_one_for_gpus_and_one_per_team(dev: StackPlan) -> None:
    budgets = {item["name"]: item for item in by_name(dev, "Budget").values()}
    assert {name: item["limitAmount"] for name, item in budgets.items()} == {
        "acme-dev-all": "2200",
        "acme-dev-gpu": "300",
        "acme-dev-team-ml-platform": "1500",
        "acme-dev-team-lending": "600",
        "acme-dev-team-retention": "400",
    }
    assert budgets["acme-dev-all"]["costFilters"] == []
    assert budgets["acme-dev-team-lending"]["costFilters"] == [{"name": "TagKeyValue", "values": ["user:team$lending"]}]
    [gpu] = budgets["acme-dev-gpu"]["costFilters"]
    assert gpu["name"] == "InstanceType"
    assert {"g5.xlarge", "ml.g5.xlarge"} <= set(gpu["values"])
    told = budgets["acme-dev-team-lending"]["notifications"][0]["subscriberEmailAddresses"]
    assert told == ["finops@acme.example", "lending-ml@acme.example"]


def test_alerts_are_the_configured_ones(dev: StackPlan, off: StackPlan) -> None:
    def alerts(plan: StackPlan) -> set[tuple[str, int]]:
        return {(item["notificationType"], item["threshold"]) for item in by_name(plan, "Budget")["budgets-all"]["notifications"]}

    assert alerts(dev) == {("ACTUAL", 50), ("ACTUAL", 80), ("ACTUAL", 100), ("FORECASTED", 100)}
    assert alerts(off) == {("FORECASTED", 90)}


def test_the_guard_refuses_new_gpus_and_reaches_only_its_roles(dev: StackPlan) -> None:
    action = one(dev, "BudgetAction").inputs
    assert (action["actionType"], action["approvalModel"], action["notificationType"]) == ("APPLY_IAM_POLICY", "AUTOMATIC", "ACTUAL")
    assert action["actionThreshold"]["actionThresholdValue"] == 100
    roles = action["definition"]["iamActionDefinition"]["roles"]
    expected = ["karpenter-controller", "workflow-ml-platform", "workflow-lending", "workflow-retention"]
    assert roles == [f"acme-dev-{name}" for name in expected]
    policy = json.loads(one(dev, "Policy").inputs["policy"])
    assert {item["Effect"] for item in policy["Statement"]} == {"Deny"}
    assert "g5*.*" in policy["Statement"][0]["Condition"]["StringLike"]["ec2:InstanceType"]
    attach = json.loads(by_name(dev, "RolePolicy")["gpu-guard"]["policy"])["Statement"][0]
    assert attach["Action"] == ["iam:AttachRolePolicy", "iam:DetachRolePolicy"]
    assert attach["Resource"] == [f"arn:aws:iam::111111111111:role/{role}" for role in roles]
    assert attach["Condition"] == {"ArnEquals": {"iam:PolicyARN": "<<aws:iam/policy:Policy|gpu-guard|arn>>"}}


def test_the_guard_waits_for_a_person_where_configured(other: StackPlan) -> None:
    action = one(other, "BudgetAction").inputs
    assert (action["approvalModel"], action["actionThreshold"]["actionThresholdValue"]) == ("MANUAL", 80)


def test_off_means_off(off: StackPlan) -> None:
    gone = ("BudgetAction", "CostAllocationTag", "Export", "Schedule", "Function", "ClusterRole", "AccessEntry", "Queue")
    assert {kind: names(off, kind) for kind in gone} == {kind: set() for kind in gone}
    assert off.exports.get("cost_export_prefix") is None
    assert len(of_kind(off, "Budget")) == 5


def test_anomalies_per_service_and_team(dev: StackPlan) -> None:
    assert names(dev, "AnomalyMonitor") == {f"anomalies-{name}" for name in ("services", "ml-platform", "lending", "retention")}
    told = {name: item["subscribers"][0] for name, item in by_name(dev, "AnomalySubscription").items()}
    assert told["anomalies-lending"] == {"type": "EMAIL", "address": "lending-ml@acme.example"}
    assert told["anomalies-finops"]["type"] == "SNS"
    threshold = by_name(dev, "AnomalySubscription")["anomalies-finops"]["thresholdExpression"]["dimension"]
    assert threshold["values"] == ["50"]


def test_the_bill_is_exported_in_focus_to_the_audit_bucket(dev: StackPlan) -> None:
    export = one(dev, "Export").inputs["export"]
    query = export["dataQueries"][0]["queryStatement"]
    assert query.endswith(" FROM FOCUS_1_2_AWS")
    assert {"BilledCost", "EffectiveCost", "ServiceName", "Tags"} <= set(query.removeprefix("SELECT ").split(" FROM ")[0].split(", "))
    target = export["destinationConfigurations"][0]["s3Destinations"][0]
    assert (target["s3Bucket"], target["s3Prefix"]) == ("acme-dev-audit-111111111111", "cost")
    assert {item["tagKey"] for item in by_name(dev, "CostAllocationTag").values()} >= {"team", "cost-centre", "environment", "service"}


def test_off_hours_stop_the_marked_pools_and_the_hub(dev: StackPlan) -> None:
    schedules = by_name(dev, "Schedule")
    assert {item["name"]: item["scheduleExpression"] for item in schedules.values()} == {
        "stop": "cron(0 19 ? * MON,TUE,WED,THU,FRI *)",
        "start": "cron(0 7 ? * MON,TUE,WED,THU,FRI *)",
    }
    assert {item["scheduleExpressionTimezone"] for item in schedules.values()} == {"America/New_York"}
    assert json.loads(schedules["off-hours-stop"]["target"]["input"]) == {
        "action": "stop",
        "node_pools": ["cpu-serving", "cpu-batch", "gpu-training"],
        "hub_namespace": "notebooks",
        "domain": None,
    }
    rules = one(dev, "ClusterRole").inputs["rules"]
    assert rules[0]["resourceNames"] == ["cpu-serving", "cpu-batch", "gpu-training"]
    assert one(dev, "Role", "off-hours-rights-notebooks").inputs["rules"][0]["resourceNames"] == ["hub"]


def test_the_function_is_private_encrypted_and_logged(dev: StackPlan) -> None:
    function = one(dev, "Function").inputs
    assert len(function["vpcConfig"]["subnetIds"]) == 2
    assert function["kmsKeyArn"] == "<<aws:kms/key:Key|keys-data|arn>>"
    assert function["handler"] == "off_hours_function.handler.handle"
    logs = one(dev, "LogGroup").inputs
    assert (logs["name"], logs["retentionInDays"]) == (f"/aws/lambda/{function['name']}", 30)
    assert one(dev, "AccessEntry").inputs["kubernetesGroups"] == ["off-hours"]


def test_a_domain_is_stopped_where_notebooks_are_one(other: StackPlan) -> None:
    event = json.loads(by_name(other, "Schedule")["off-hours-stop"]["target"]["input"])
    assert event == {
        "action": "stop",
        "node_pools": [],
        "hub_namespace": None,
        "domain": "<<aws:sagemaker/domain:Domain|notebooks|id>>",
    }
    assert names(other, "ClusterRole") == set()
    assert by_name(other, "Schedule")["off-hours-stop"]["scheduleExpression"] == "cron(0 22 ? * MON,TUE,WED,THU,FRI,SAT,SUN *)"


def test_what_belongs_to_a_team_carries_its_tags(dev: StackPlan) -> None:
    budget = by_name(dev, "Budget")["budgets-team-lending"]
    assert budget["tags"] == {"team": "lending", "cost-centre": "CC-2100"}
