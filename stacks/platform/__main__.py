"""What runs on the cluster of one environment besides models.

Exports
-------
argo_uri, mlflow_uri, grafana_uri, notebooks_uri
    Where people go; `notebooks_uri` is null without notebooks.
mlflow_internal_uri, prometheus_uri, cost_uri
    Where workloads inside the cluster go.
argo_bucket, database_endpoint
    Where artifacts and captured requests, and where runs are kept.
team_workflow_roles, team_workflow_role_arns
    Team → name and ARN of the role its workflows run as.
notebooks_domain_id, kserve_namespace, queue
    Null without a SageMaker domain, KServe, Kueue.
"""

from __future__ import annotations

from pathlib import Path

import pulumi
import pulumi_kubernetes as kubernetes

from infra.context import Context
from infra.order import after
from infra.platform import argo, mlflow, monitoring, notebook_hub
from infra.platform.argo import Argo, ArgoArgs
from infra.platform.certificates import ClusterCertificates, HostCertificate
from infra.platform.cost_exporter import CostExporter, CostExporterArgs
from infra.platform.database import Database, DatabaseArgs
from infra.platform.external_dns import ExternalDns, ExternalDnsArgs
from infra.platform.external_secrets import ExternalSecrets, ExternalSecretsArgs
from infra.platform.ingress import IngressArgs, ingress
from infra.platform.kserve import NAMESPACE as KSERVE_NAMESPACE
from infra.platform.kserve import KServe, KServeArgs
from infra.platform.kuberay import KubeRay
from infra.platform.kueue import QUEUE, Kueue, KueueArgs
from infra.platform.log_collector import LogCollector, LogCollectorArgs
from infra.platform.mlflow import Mlflow, MlflowArgs
from infra.platform.monitoring import PROMETHEUS, Monitoring, MonitoringArgs
from infra.platform.notebook_domain import NotebookDomain, NotebookDomainArgs
from infra.platform.notebook_hub import NotebookHub, NotebookHubArgs
from infra.platform.reloader import Reloader
from infra.platform.sign_in import SignIn, SignInArgs
from infra.platform.team_workflows import TeamWorkflows, TeamWorkflowsArgs
from infra.platform.workflow_manifests import WorkflowManifests, workflow_documents

context = Context.start(service="platform")
environment = context.environment
account, region, prefix, owner = environment.account, environment.region, environment.prefix, environment.shared_team
settings, security, domain = environment.platform, environment.security, environment.platform.ingress.domain
replicas = 2 if environment.production else 1
foundation = {
    key: context.output("foundation", key)
    for key in ("vpc_id", "private_subnet_ids", "isolated_subnet_ids", "secrets_key_arn", "logs_key_arn", "access_log_bucket")
}
data_key, models_key = context.output("registries", "data_key_arn"), context.output("registries", "models_key_arn")
buckets = {
    purpose: context.output("registries", f"{purpose}_bucket_arn")
    for purpose in ("raw", "curated", "features", "models", "mlflow", "audit")
}
cluster_name, storage_class = context.output("cluster", "cluster_name"), context.output("cluster", "storage_class")
cluster = kubernetes.Provider("kubernetes", kubeconfig=context.output("cluster", "kubeconfig"))


def inside(*needs: pulumi.Resource) -> pulumi.ResourceOptions:
    return after(*needs, options=pulumi.ResourceOptions(providers=[context.aws, cluster]))


def on_cluster(*needs: pulumi.Resource) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(provider=cluster, depends_on=list(needs))


database = Database(
    "database",
    DatabaseArgs(
        prefix=prefix,
        account=account,
        region=region,
        vpc_id=foundation["vpc_id"],
        subnet_ids=foundation["isolated_subnet_ids"],
        client_security_group_id=context.output("cluster", "cluster_security_group_id"),
        secrets_key_arn=foundation["secrets_key_arn"],
        logs_key_arn=foundation["logs_key_arn"],
        log_retention_days=security.log_retention_days,
        key_deletion_window_days=security.kms_deletion_window_days,
        settings=settings.database,
    ),
    context.options(),
)
secrets = ExternalSecrets(
    "secrets",
    ExternalSecretsArgs(
        cluster=cluster_name,
        account=account,
        region=region,
        prefix=prefix,
        secrets_key_arn=foundation["secrets_key_arn"],
        database_secret_arn=database.secret_arn,
        namespaces=(argo.NAMESPACE, mlflow.NAMESPACE, monitoring.NAMESPACE, notebook_hub.NAMESPACE),
        teams=environment.teams,
        owner=owner,
    ),
    inside(),
)
reloader = Reloader("reloader", owner, inside())
certificates = ClusterCertificates("certificates", owner, inside())
ExternalDns(
    "dns",
    ExternalDnsArgs(
        cluster=cluster_name,
        account=account,
        domain=domain,
        hosted_zone_id=settings.ingress.hosted_zone_id,
        owner_id=prefix,
        team=owner,
    ),
    inside(),
)
sign_in = SignIn(
    "sign-in",
    SignInArgs(prefix=prefix, settings=settings.ingress, secrets_key_arn=foundation["secrets_key_arn"], team=owner),
    context.options(),
)
with_secrets = inside(secrets, reloader)
workflows = Argo(
    "argo",
    ArgoArgs(
        cluster=cluster_name,
        account=account,
        region=region,
        host=f"argo.{domain}",
        bucket_name=context.bucket_name("workflows"),
        data_key_arn=data_key,
        access_log_bucket=foundation["access_log_bucket"],
        database_host=database.endpoint,
        database_secret_arn=database.secret_arn,
        retention_days=settings.workflow_retention_days,
        teams=environment.teams,
        sign_in=sign_in,
        owner=owner,
    ),
    with_secrets,
)
teams = {
    team.name: TeamWorkflows(
        f"workflows-{team.name}",
        TeamWorkflowsArgs(
            team=team,
            cluster=cluster_name,
            account=account,
            region=region,
            prefix=prefix,
            buckets={**buckets, "artifacts": workflows.bucket.arn},
            data_key_arn=data_key,
            models_key_arn=models_key,
            audit_key_arn=context.output("registries", "audit_key_arn"),
            secrets_key_arn=foundation["secrets_key_arn"],
            models=[name for name, model in environment.models.items() if model.team == team.name],
        ),
        inside(secrets),
    )
    for team in environment.teams
}
tracking = Mlflow(
    "mlflow",
    MlflowArgs(
        cluster=cluster_name,
        account=account,
        region=region,
        host=f"mlflow.{domain}",
        bucket=context.output("registries", "mlflow_bucket"),
        bucket_arn=buckets["mlflow"],
        data_key_arn=data_key,
        database_host=database.endpoint,
        database_secret_arn=database.secret_arn,
        replicas=replicas,
        sign_in=sign_in,
        owner=owner,
    ),
    with_secrets,
)
metrics = Monitoring(
    "monitoring",
    MonitoringArgs(
        settings=settings.monitoring,
        host=f"grafana.{domain}",
        storage_class=storage_class,
        replicas=replicas,
        gpu_pools=[pool for pool in environment.cluster.node_pools if pool.kind == "gpu"],
        sign_in=sign_in,
        owner=owner,
        cluster=cluster_name,
        account=account,
        region=region,
        topic_arn=context.output("foundation", "platform_alerts_topic_arn"),
        alerts_key_arn=context.output("foundation", "alerts_key_arn"),
    ),
    with_secrets,
)
LogCollector(
    "logs",
    LogCollectorArgs(
        namespace=monitoring.NAMESPACE,
        prefix=prefix,
        cluster=cluster_name,
        account=account,
        region=region,
        logs_key_arn=foundation["logs_key_arn"],
        retention_days=security.log_retention_days,
        teams=environment.teams,
        owner=owner,
    ),
    inside(metrics),
)
cost = CostExporter(
    "cost",
    CostExporterArgs(
        kind=settings.monitoring.cost_exporter,
        cluster=cluster_name,
        cluster_name=prefix,
        account=account,
        needs=metrics.release,
        owner=owner,
    ),
    inside(),
)
if settings.kserve:
    KServe(
        "kserve",
        KServeArgs(domain=domain, replicas=replicas, registry=f"{account}.dkr.ecr.{region}.amazonaws.com", team=owner),
        inside(certificates),
    )
if settings.kuberay:
    KubeRay("kuberay", owner, [team.name for team in environment.teams], inside())
if settings.kueue:
    Kueue("kueue", KueueArgs(owner=owner, teams=environment.teams, pools=environment.cluster.node_pools), inside())

ways_in = {"argo": (argo.BEHIND, workflows), "mlflow": (mlflow.BEHIND, tracking), "grafana": (monitoring.BEHIND, metrics)}
notebook_domain: NotebookDomain | None = None
if settings.notebooks.mode == "jupyterhub":
    hub = NotebookHub(
        "notebooks",
        NotebookHubArgs(settings=settings.notebooks, host=f"notebooks.{domain}", storage_class=storage_class, sign_in=sign_in, owner=owner),
        with_secrets,
    )
    ways_in["notebooks"] = (notebook_hub.BEHIND, hub)
elif settings.notebooks.mode == "sagemaker":
    notebook_domain = NotebookDomain(
        "notebooks",
        NotebookDomainArgs(
            domain_name=f"{prefix}-notebooks",
            account=account,
            region=region,
            settings=settings.notebooks,
            vpc_id=foundation["vpc_id"],
            subnet_ids=foundation["private_subnet_ids"],
            key_arn=data_key,
            data_buckets=[buckets["curated"], buckets["features"]],
            teams=environment.teams,
        ),
        context.options(),
    )
for host, (behind, component) in ways_in.items():
    certificate = HostCertificate(f"certificate-{host}", f"{host}.{domain}", settings.ingress.hosted_zone_id, context.options())
    ingress(
        host,
        IngressArgs(
            host=f"{host}.{domain}",
            behind=behind,
            group=f"{prefix}-platform",
            certificate_arn=certificate.arn,
            access_log_bucket=foundation["access_log_bucket"],
            public=settings.ingress.public,
            sign_in=sign_in,
            team=owner,
        ),
        on_cluster(component),
    )

rendered = Path(__file__).parents[2] / "workflows" / "rendered" / environment.name
if documents := workflow_documents(file.read_text(encoding="utf-8") for file in sorted(rendered.glob("*.yaml"))):
    WorkflowManifests("workflow-manifests", documents, inside(workflows.release, *teams.values()))

pulumi.export("argo_uri", f"https://argo.{domain}")
pulumi.export("mlflow_uri", f"https://mlflow.{domain}")
pulumi.export("grafana_uri", f"https://grafana.{domain}")
pulumi.export(
    "notebooks_uri", notebook_domain.url if notebook_domain else f"https://notebooks.{domain}" if "notebooks" in ways_in else None
)
pulumi.export("notebooks_domain_id", notebook_domain.domain_id if notebook_domain else None)
pulumi.export("mlflow_internal_uri", mlflow.INSIDE)
pulumi.export("prometheus_uri", PROMETHEUS)
pulumi.export("cost_uri", cost.url)
pulumi.export("argo_bucket", workflows.bucket.name)
pulumi.export("database_endpoint", database.endpoint)
pulumi.export("team_workflow_roles", {name: item.role_name for name, item in teams.items()})
pulumi.export("team_workflow_role_arns", {name: item.role_arn for name, item in teams.items()})
pulumi.export("kserve_namespace", KSERVE_NAMESPACE if settings.kserve else None)
pulumi.export("queue", QUEUE if settings.kueue else None)
