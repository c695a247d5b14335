"""Breaks what the spend rules demand of the plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bench.breakers.way import Breaker, drop, gone, put, several
from mlctl.plan.model import Resource

TEMPLATE = ("aws:ec2/launchTemplate:LaunchTemplate",)
DATABASE = ("aws:rds/instance:Instance",)
CONFIGURATION = ("aws:sagemaker/endpointConfiguration:EndpointConfiguration",)
LOG_GROUP = ("aws:cloudwatch/logGroup:LogGroup",)
POOL = ("kubernetes:karpenter.sh/v1:NodePool",)
BUDGET = ("aws:budgets/budget:Budget",)


def _on_instances(resource: Resource, _settings: Mapping[str, Any]) -> bool:
    return any("serverlessConfig" not in variant for variant in resource.inputs.get("productionVariants", ()))


def _gpu(resource: Resource, _settings: Mapping[str, Any]) -> bool:
    return "nvidia.com/gpu" in resource.inputs["spec"].get("limits", {})


def _team_budget(resource: Resource, _settings: Mapping[str, Any]) -> bool:
    return any("team$" in value for entry in resource.inputs.get("costFilters", ()) for value in entry.get("values", ()))


SPEND: tuple[Breaker, ...] = (
    Breaker("spend-pool-limited", POOL, (drop("spec.limits"), drop("spec.limits.cpu"))),
    Breaker("spend-pool-limited", POOL, (put("spec.limits", {"cpu": "8"}),), when=_gpu),
    Breaker(
        "spend-gpu-pool-tainted",
        POOL,
        (put("spec.template.spec.taints", []), put("spec.template.spec.taints.*.effect", "PreferNoSchedule")),
        when=_gpu,
    ),
    Breaker(
        "spend-pool-spot",
        POOL,
        (
            put("spec.template.spec.requirements", [{"key": "karpenter.sh/capacity-type", "operator": "In", "values": ["on-demand"]}]),
            put("spec.template.spec.requirements", []),
        ),
        ("development",),
    ),
    Breaker("spend-pool-consolidated", POOL, (drop("spec.disruption"), put("spec.disruption.consolidateAfter", "Never"))),
    Breaker(
        "spend-family-allowed",
        POOL,
        (
            put("spec.template.spec.requirements", [{"key": "karpenter.k8s.aws/instance-family", "operator": "In", "values": ["p5"]}]),
            put("spec.template.spec.requirements", []),
        ),
    ),
    Breaker("spend-family-allowed", ("aws:eks/nodeGroup:NodeGroup",), (put("instanceTypes", ["p4d.24xlarge"]),)),
    Breaker("spend-family-allowed", CONFIGURATION, (put("productionVariants.*.instanceType", "ml.p4d.24xlarge"),), when=_on_instances),
    Breaker("spend-disk-gp3", TEMPLATE, (put("blockDeviceMappings.*.ebs.volumeType", "gp2"), drop("blockDeviceMappings.*.ebs.volumeType"))),
    Breaker("spend-disk-gp3", DATABASE, (put("storageType", "io1"), drop("storageType"))),
    Breaker("spend-log-retention", LOG_GROUP, (drop("retentionInDays"), put("retentionInDays", 3653), put("retentionInDays", 0))),
    Breaker(
        "spend-bucket-lifecycle",
        ("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",),
        (gone(), put("rules.*.status", "Disabled")),
    ),
    Breaker("spend-images-expire", ("aws:ecr/lifecyclePolicy:LifecyclePolicy",), (gone(),)),
    Breaker("spend-budget-per-team", BUDGET, (gone(),), when=_team_budget),
    Breaker(
        "spend-budget-alerts",
        BUDGET,
        (
            drop("notifications"),
            put("notifications.*.notificationType", "ACTUAL"),
            several({"notifications.*.subscriberEmailAddresses": [], "notifications.*.subscriberSnsTopicArns": []}),
        ),
    ),
    Breaker(
        "spend-anomalies-watched",
        ("aws:costexplorer/anomalyMonitor:AnomalyMonitor",),
        (gone(),),
    ),
    Breaker(
        # A team's own subscription is a second one for its monitor; this one is the only one for the services.
        "spend-anomalies-watched",
        ("aws:costexplorer/anomalySubscription:AnomalySubscription",),
        (gone(),),
        when=lambda resource, _: any("services" in str(monitor) for monitor in resource.inputs["monitorArnLists"]),
    ),
    Breaker("spend-gpu-budget-acts", ("aws:budgets/budgetAction:BudgetAction",), (gone(),)),
)
