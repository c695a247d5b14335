"""Money: budgets, the guard against GPU spend, anomalies, the bill as data, and off-hours of one environment.

Exports
-------
environment_budget, gpu_budget
    Names of the budgets.
cost_export_prefix
    Folder of the FOCUS export in the audit bucket; null where the management account exports.
"""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

from infra.context import Context
from infra.finops.anomalies import Anomalies, AnomaliesArgs
from infra.finops.budgets import Budgets, BudgetsArgs
from infra.finops.cost_export import AllocationTags, CostExport, CostExportArgs
from infra.finops.gpu_guard import GpuGuard, GpuGuardArgs
from infra.finops.off_hours import OffHours, OffHoursArgs, Stopped
from infra.finops.off_hours_rights import OffHoursRights
from infra.platform.notebook_hub import NAMESPACE as HUB_NAMESPACE
from infra.registry.data_buckets import COST_EXPORT_PREFIX

context = Context.start(service="finops")
environment = context.environment
prefix, limits = environment.prefix, environment.budgets
topic = context.output("foundation", "finops_alerts_topic_arn")

budgets = Budgets("budgets", BudgetsArgs(environment=environment, topic_arn=topic), context.options())
Anomalies(
    "anomalies",
    AnomaliesArgs(prefix=prefix, threshold_usd=limits.anomaly_usd, topic_arn=topic, teams=environment.teams),
    context.options(),
)
if limits.deny_gpu_at_percent is not None:
    workflow_roles = context.output("platform", "team_workflow_roles")
    GpuGuard(
        "gpu-guard",
        GpuGuardArgs(
            prefix=prefix,
            account=environment.account,
            budget_name=budgets.gpu.name,
            percent=limits.deny_gpu_at_percent,
            approval=limits.deny_gpu_approval,
            role_names=[
                context.output("cluster", "karpenter_controller_role_name"),
                *(workflow_roles[team.name] for team in environment.teams),
            ],
            topic_arn=topic,
            email=environment.owners.finops,
        ),
        context.options(),
    )
if limits.cost_allocation_tags:
    AllocationTags("allocation-tags", context.options())
if limits.data_export:
    CostExport(
        "cost-export",
        CostExportArgs(
            export_name=f"{prefix}-focus",
            bucket=context.output("registries", "audit_bucket"),
            prefix=COST_EXPORT_PREFIX.rstrip("/"),
            region=environment.region,
        ),
        context.options(),
    )

notebooks = environment.platform.notebooks.mode
stopped = Stopped(
    node_pools=[pool.name for pool in environment.cluster.node_pools if pool.off_hours],
    hub_namespace=HUB_NAMESPACE if notebooks == "jupyterhub" else None,
    domain=context.output("platform", "notebooks_domain_id") if notebooks == "sagemaker" else None,
)
if environment.schedules.off_hours and stopped.anything:
    OffHours(
        "off-hours",
        OffHoursArgs(
            function_name=f"{prefix}-off-hours",
            code=Path(__file__).with_name("off_hours_function"),
            schedule=environment.schedules.off_hours,
            stopped=stopped,
            account=environment.account,
            region=environment.region,
            cluster=context.output("cluster", "cluster_name"),
            endpoint=context.output("cluster", "cluster_endpoint"),
            certificate=context.output("cluster", "cluster_ca"),
            cluster_security_group_id=context.output("cluster", "cluster_security_group_id"),
            vpc_id=context.output("foundation", "vpc_id"),
            subnet_ids=context.output("foundation", "private_subnet_ids"),
            logs_key_arn=context.output("foundation", "logs_key_arn"),
            data_key_arn=context.output("foundation", "data_key_arn"),
            log_retention_days=environment.security.log_retention_days,
        ),
        context.options(),
    )
    cluster = kubernetes.Provider("kubernetes", kubeconfig=context.output("cluster", "kubeconfig"))
    OffHoursRights(
        "off-hours-rights",
        team=environment.shared_team,
        node_pools=list(stopped.node_pools),
        hub_namespace=stopped.hub_namespace,
        opts=pulumi.ResourceOptions(providers=[cluster]),
    )

pulumi.export("environment_budget", budgets.environment.name)
pulumi.export("gpu_budget", budgets.gpu.name)
pulumi.export("cost_export_prefix", COST_EXPORT_PREFIX if limits.data_export else None)
