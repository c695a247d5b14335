"""The platform stack as planned, and every switch of `platform` turned once."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from mlctl.plan.model import Plan, StackPlan
from tests.stacks.find import by_name, names, of_kind, one, stack, waits_for

OTHER = {
    "platform.kserve": False,
    "platform.kuberay": False,
    "platform.kueue": False,
    "platform.notebooks": {"mode": "sagemaker", "idle_minutes": 90, "instance_type": "ml.t3.large", "storage_gib": 30},
    "platform.monitoring": {"retention_days": 3, "storage_gib": 20, "cost_exporter": "kubecost"},
    "platform.database": {
        "instance_class": "db.m6g.xlarge",
        "storage_gib": 300,
        "multi_zone": False,
        "backup_days": 3,
        "deletion_protection": False,
    },
    "platform.ingress.public": True,
    "platform.workflow_retention_days": 10,
    "cluster.node_pools.2.kind": "cpu",
    "cluster.node_pools.2.instance_families": ["r6i"],
    "cluster.node_pools.2.limits": {"cpu": 8, "memory_gib": 64},
}
ALWAYS = {
    "aws-for-fluent-bit",
    "argo-workflows",
    "cert-manager",
    "external-dns",
    "external-secrets",
    "mlflow",
    "monitoring",
    "reloader",
}


@pytest.fixture(scope="module")
def dev(plan_of: Callable[[str], Plan]) -> StackPlan:
    return stack(plan_of("dev"), "platform")


@pytest.fixture(scope="module")
def prod(plan_of: Callable[[str], Plan]) -> StackPlan:
    return stack(plan_of("prod"), "platform")


@pytest.fixture(scope="module")
def other(plan_variant: Callable[..., Plan]) -> StackPlan:
    return stack(plan_variant(OTHER, base="prod", stacks=("platform",)), "platform")


def test_what_is_installed_follows_the_switches(dev: StackPlan, prod: StackPlan, other: StackPlan) -> None:
    optional = {"knative-operator", "kserve-crd", "kserve", "kuberay-operator", "kueue", "dcgm-exporter"}
    assert names(prod, "Release") == ALWAYS | optional | {"opencost"}
    assert names(dev, "Release") == ALWAYS | optional | {"opencost", "jupyterhub"}
    assert names(other, "Release") == ALWAYS | {"cost-analyzer"}


def test_the_database_is_private_encrypted_backed_up_and_holds_no_password(prod: StackPlan) -> None:
    database = one(prod, "Instance").inputs
    assert (database["publiclyAccessible"], database["storageEncrypted"], database["multiAz"]) == (False, True, True)
    assert (database["backupRetentionPeriod"], database["deletionProtection"], database["skipFinalSnapshot"]) == (30, True, False)
    assert database["manageMasterUserPassword"] is True
    assert "password" not in database
    assert database["kmsKeyId"] == database["performanceInsightsKmsKeyId"] == "<<aws:kms/key:Key|database-key|arn>>"
    assert len(one(prod, "SubnetGroup").inputs["subnetIds"]) == 3
    assert all("isolated" in subnet for subnet in one(prod, "SubnetGroup").inputs["subnetIds"])
    parameters = {item["name"]: item["value"] for item in one(prod, "ParameterGroup").inputs["parameters"]}
    assert parameters["rds.force_ssl"] == "1"


def test_the_database_follows_its_settings(other: StackPlan) -> None:
    database = one(other, "Instance").inputs
    assert (database["instanceClass"], database["allocatedStorage"], database["maxAllocatedStorage"]) == ("db.m6g.xlarge", 300, 300)
    assert (database["multiAz"], database["backupRetentionPeriod"]) == (False, 3)
    assert (database["deletionProtection"], database["skipFinalSnapshot"]) == (False, True)


def test_argo_keeps_artifacts_in_s3_and_the_archive_in_postgres(prod: StackPlan, other: StackPlan) -> None:
    values = by_name(prod, "Release")["argo-workflows"]["values"]
    archive = values["controller"]["persistence"]
    assert (archive["archive"], archive["archiveTTL"]) == (True, "30d")
    assert archive["postgresql"]["passwordSecret"] == {"name": "database", "key": "password"}
    assert values["controller"]["workflowNamespaces"] == ["ml-platform", "lending", "retention"]
    repository = values["artifactRepository"]["s3"]
    assert repository["bucket"] == "acme-prod-workflows-333333333333"
    assert repository["keyFormat"].startswith("{{workflow.namespace}}/")
    assert values["server"]["authModes"] == ["sso"]
    assert by_name(other, "Release")["argo-workflows"]["values"]["controller"]["persistence"]["archiveTTL"] == "10d"


def test_every_team_has_an_account_and_a_role_bound_to_its_own_prefix(prod: StackPlan) -> None:
    accounts = {(item["metadata"]["namespace"], item["metadata"]["name"]) for item in by_name(prod, "ServiceAccount").values()}
    teams = ("ml-platform", "lending", "retention")
    assert accounts == {(team, name) for team in teams for name in ("workflow", "workflow-user")} | {("argo", "signed-in")}
    # Argo acts as the account of a person's group with its token, which Kubernetes writes into a secret that asks for it.
    tokens = {
        (item["metadata"]["namespace"], item["metadata"]["annotations"]["kubernetes.io/service-account.name"]): item["type"]
        for item in (made.inputs for made in of_kind(prod, "Secret") if made.package == "kubernetes")
    }
    assert tokens == dict.fromkeys(
        [*((team, "workflow-user") for team in teams), ("argo", "signed-in")], "kubernetes.io/service-account-token"
    )
    association = by_name(prod, "PodIdentityAssociation")["workflows-lending"]
    assert (association["namespace"], association["serviceAccount"]) == ("lending", "workflow")
    policy = json.loads(by_name(prod, "RolePolicy")["workflows-lending"]["policy"])
    own = next(item for item in policy["Statement"] if item["Sid"] == "OwnObjects")
    assert all(resource.endswith("/lending/*") for resource in own["Resource"])
    assert one(prod, "Role", "workflows-lending").inputs["tags"] == {"team": "lending", "cost-centre": "CC-2100"}


def test_argo_s_server_reads_only_the_secrets_it_needs(prod: StackPlan) -> None:
    sso = by_name(prod, "Release")["argo-workflows"]["values"]["server"]["sso"]
    tokens = {item.inputs["metadata"]["name"] for item in of_kind(prod, "Secret") if item.package == "kubernetes"}
    assert set(sso["rbac"]["secretWhitelist"]) == tokens | {sso["clientId"]["name"], sso["clientSecret"]["name"]}


def test_a_team_reads_the_captured_requests_of_its_own_models_only(prod: StackPlan) -> None:
    for team, aliases in (("lending", ["alias/acme-prod-model-credit-risk"]), ("retention", ["alias/acme-prod-model-churn"])):
        policy = json.loads(by_name(prod, "RolePolicy")[f"workflows-{team}"]["policy"])
        read = next(item for item in policy["Statement"] if item["Sid"] == "ReadCapturedRequests")
        assert read["Condition"] == {"ForAnyValue:StringEquals": {"kms:ResourceAliases": aliases}}
    policy = json.loads(by_name(prod, "RolePolicy")["workflows-ml-platform"]["policy"])
    assert "ReadCapturedRequests" not in {item["Sid"] for item in policy["Statement"]}


def test_a_team_writes_the_features_of_its_own_models_only(prod: StackPlan, plan_of: Callable[[str], Plan]) -> None:
    [stack] = [stack for stack in plan_of("prod").stacks if stack.name == "registries"]
    made = {item.inputs["featureGroupName"] for item in stack.resources if item.custom and item.type.endswith(":FeatureGroup")}
    written = set()
    for team, model in (("lending", "credit-risk"), ("retention", "churn")):
        policy = json.loads(by_name(prod, "RolePolicy")[f"workflows-{team}"]["policy"])
        put = next(item for item in policy["Statement"] if item["Sid"] == "PutFeatures")
        assert put["Action"] == ["sagemaker:PutRecord"]
        assert put["Resource"] == [f"arn:aws:sagemaker:us-east-1:333333333333:feature-group/{model}"]
        written.add(model)
    assert written == made


def test_what_containers_write_goes_to_the_group_of_its_owner(prod: StackPlan, dev: StackPlan) -> None:
    groups = {item["name"]: item for item in by_name(prod, "LogGroup").values()}
    mine = {f"/acme-prod/teams/{team}" for team in ("ml-platform", "lending", "retention")} | {"/acme-prod/cluster"}
    assert mine <= groups.keys()
    for name in mine:
        assert (groups[name]["retentionInDays"], groups[name]["kmsKeyId"]) == (365, "<<aws:kms/key:Key|keys-logs|arn>>")
    assert groups["/acme-prod/teams/lending"]["tags"] == {"team": "lending", "cost-centre": "CC-2100"}
    assert {item["retentionInDays"] for item in by_name(dev, "LogGroup").values()} == {30}
    values = by_name(prod, "Release")["aws-for-fluent-bit"]["values"]
    rules = [line.split()[1:] for line in values["additionalFilters"].splitlines() if line.split()[0] == "Rule"]
    assert [(rule[0], rule[1]) for rule in rules] == [
        ("$kubernetes['labels']['serving.kserve.io/inferenceservice']", "^.+$"),
        ("$kubernetes['namespace_name']", "^(ml-platform|lending|retention)$"),
    ]
    # Each new tag has an output, none of which makes a group; whatever got no new tag goes to the cluster's.
    sections = [dict(line.split(maxsplit=1) for line in part.splitlines() if line.strip()) for part in _outputs(values)]
    assert {item["Match"]: item["log_group_template"] for item in sections} == {
        "model.*": "/acme-prod/models/$kubernetes['labels']['model']",
        "team.*": "/acme-prod/teams/$kubernetes['namespace_name']",
    }
    assert [rule[2].partition(".")[0] for rule in rules] == [item["Match"].partition(".")[0] for item in sections]
    assert {item["auto_create_group"] for item in sections} == {"false"}
    assert (values["cloudWatchLogs"]["match"], values["cloudWatchLogs"]["logGroupName"]) == ("kube.*", "/acme-prod/cluster")
    assert values["cloudWatchLogs"]["autoCreateGroup"] is False


def test_the_collector_s_sections_are_indented_like_the_chart_s(prod: StackPlan) -> None:
    """Fluent Bit refuses a file whose keys stand at different depths; the chart puts its own at four spaces from the section."""
    values = by_name(prod, "Release")["aws-for-fluent-bit"]["values"]
    for section in (values["additionalFilters"], values["additionalOutputs"]):
        depths = {len(line) - len(line.lstrip()) for line in section.splitlines() if not line.startswith("[")}
        assert depths == {4}


def _outputs(values: dict[str, Any]) -> list[str]:
    return [part for part in values["additionalOutputs"].split("[OUTPUT]") if part.strip()]


def test_the_collector_writes_to_groups_of_this_environment_only(prod: StackPlan) -> None:
    association = by_name(prod, "PodIdentityAssociation")["logs"]
    values = by_name(prod, "Release")["aws-for-fluent-bit"]["values"]
    assert (association["namespace"], association["serviceAccount"]) == ("monitoring", values["serviceAccount"]["name"])
    [write] = json.loads(by_name(prod, "RolePolicy")["logs"]["policy"])["Statement"]
    groups = "arn:aws:logs:us-east-1:333333333333:log-group:/acme-prod"
    assert write["Resource"] == [f"{groups}/models/*:*", f"{groups}/teams/*:*", f"{groups}/cluster:*"]
    assert "logs:CreateLogGroup" not in write["Action"]


def test_alarms_of_the_cluster_reach_people(prod: StackPlan) -> None:
    values = by_name(prod, "Release")["monitoring"]["values"]["alertmanager"]
    [topic] = next(receiver for receiver in values["config"]["receivers"] if receiver["name"] == "platform")["sns_configs"]
    assert topic["topic_arn"] == "<<aws:sns/topic:Topic|alerts-platform|arn>>"
    assert values["config"]["route"]["receiver"] == "platform"
    association = by_name(prod, "PodIdentityAssociation")["monitoring-alertmanager"]
    assert (association["namespace"], association["serviceAccount"]) == ("monitoring", values["serviceAccount"]["name"])
    tell = json.loads(by_name(prod, "RolePolicy")["monitoring-alertmanager"]["policy"])["Statement"][0]
    assert tell["Resource"] == [topic["topic_arn"], "arn:aws:sns:us-east-1:333333333333:alerts-*"]


def test_knative_counts_requests(prod: StackPlan) -> None:
    [serving] = by_name(prod, "KnativeServing").values()
    assert serving["spec"]["config"]["observability"]["request-metrics-protocol"] == "prometheus"


def test_a_team_reads_its_own_secrets_only(prod: StackPlan) -> None:
    stores = {item["metadata"]["name"]: item["spec"] for item in by_name(prod, "ClusterSecretStore").values()}
    assert stores["team-lending"]["conditions"] == [{"namespaces": ["lending"]}]
    assert stores["platform"]["conditions"] == [{"namespaces": ["argo", "mlflow", "monitoring", "notebooks"]}]
    policy = json.loads(by_name(prod, "RolePolicy")["secrets-lending"]["policy"])
    read = next(item for item in policy["Statement"] if item["Sid"] == "ReadOwnSecrets")
    assert read["Resource"] == "arn:aws:secretsmanager:us-east-1:333333333333:secret:acme-prod/lending/*"


def test_a_team_with_models_keeps_its_secrets_under_its_own_prefix(prod: StackPlan) -> None:
    kept = {item.inputs["name"] for item in prod.resources if item.type == "aws:secretsmanager/secret:Secret"}
    expected = {f"acme-prod/{team}/{name}" for team in ("lending", "retention") for name in ("decision", "alerts", "github")}
    assert kept == expected | {"acme-prod/platform/sign-in"}
    made = {
        (item["metadata"]["namespace"], item["spec"]["target"]["name"]): item["spec"]["secretStoreRef"]["name"]
        for item in by_name(prod, "ExternalSecret").values()
    }
    assert {place: store for place, store in made.items() if store != "platform"} == {
        (team, name): f"team-{team}" for team in ("lending", "retention") for name in ("decision", "alerts", "github")
    }


def test_mlflow_uses_the_database_and_its_bucket(prod: StackPlan) -> None:
    values = by_name(prod, "Release")["mlflow"]["values"]
    assert values["backendStore"]["existingDatabaseSecret"]["name"] == "database"
    assert values["backendStore"]["postgres"]["host"] == "<<aws:rds/instance:Instance|database|address>>"
    assert values["artifactRoot"]["s3"]["bucket"] == "acme-prod-mlflow-333333333333"
    assert values["replicaCount"] == 2


def test_nobody_gets_in_without_signing_in(prod: StackPlan, dev: StackPlan, other: StackPlan) -> None:
    assert names(prod, "Ingress") == names(other, "Ingress") == {"argo", "mlflow", "grafana"}
    assert names(dev, "Ingress") == {"argo", "mlflow", "grafana", "notebooks"}
    for plan, scheme in ((prod, "internal"), (other, "internet-facing")):
        for name, item in by_name(plan, "Ingress").items():
            notes = {key.removeprefix("alb.ingress.kubernetes.io/"): value for key, value in item["metadata"]["annotations"].items()}
            assert (notes["auth-type"], notes["auth-on-unauthenticated-request"]) == ("oidc", "authenticate")
            assert notes["scheme"] == scheme
            assert json.loads(notes["listen-ports"]) == [{"HTTPS": 443}]
            assert json.loads(notes["auth-idp-oidc"])["secretName"] == "sign-in"
            assert item["spec"]["rules"][0]["host"] == f"{name}.ml.acme.example"
            assert by_name(plan, "Certificate")[f"certificate-{name}"]["domainName"] == f"{name}.ml.acme.example"
            secrets = {
                made["metadata"]["namespace"]
                for made in by_name(plan, "ExternalSecret").values()
                if made["spec"]["target"]["name"] == "sign-in"
            }
            assert item["metadata"]["namespace"] in secrets


def test_teams_share_what_the_pools_hold(dev: StackPlan) -> None:
    queues = by_name(dev, "ClusterQueue")
    assert {item["spec"]["cohortName"] for item in queues.values()} == {"teams"}
    gpus = {
        item["metadata"]["name"]: next(
            quota
            for group in item["spec"]["resourceGroups"]
            for flavor in group["flavors"]
            for quota in flavor["resources"]
            if quota["name"] == "nvidia.com/gpu"
        )
        for item in queues.values()
    }
    # One GPU in the pools, quotas of 2, 1 and 2: the first of the two largest parts owns it, the others borrow.
    assert {name: (quota["nominalQuota"], quota["borrowingLimit"]) for name, quota in gpus.items()} == {
        "ml-platform": ("1", "1"),
        "lending": ("0", "1"),
        "retention": ("0", "2"),
    }
    assert {item["metadata"]["namespace"] for item in by_name(dev, "LocalQueue").values()} == {"ml-platform", "lending", "retention"}
    assert names(dev, "ResourceFlavor") == {"kueue-general", "kueue-gpu"}


def test_metrics_are_kept_as_long_as_configured_and_leave_no_volume(prod: StackPlan, other: StackPlan) -> None:
    for plan, days, size in ((prod, "30d", "200Gi"), (other, "3d", "20Gi")):
        spec = by_name(plan, "Release")["monitoring"]["values"]["prometheus"]["prometheusSpec"]
        claim = spec["storageSpec"]["volumeClaimTemplate"]["spec"]
        assert (spec["retention"], claim["resources"]["requests"]["storage"]) == (days, size)
        assert spec["persistentVolumeClaimRetentionPolicy"]["whenDeleted"] == "Delete"
    boards = {item["metadata"]["name"] for item in by_name(prod, "ConfigMap").values()}
    assert boards == {"dashboard-ml-serving", "dashboard-ml-gpus", "dashboard-ml-cost"}


def test_notebooks_on_the_cluster_shut_down_when_idle(dev: StackPlan) -> None:
    values = by_name(dev, "Release")["jupyterhub"]["values"]
    assert values["cull"] == {"enabled": True, "timeout": 3600, "every": 300}
    assert values["hub"]["config"]["JupyterHub"]["authenticator_class"] == "generic-oauth"
    assert dev.exports["notebooks_uri"] == "https://notebooks.ml-dev.acme.example"


def test_notebooks_as_a_domain_shut_down_when_idle(other: StackPlan) -> None:
    domain = one(other, "Domain").inputs
    assert (domain["appNetworkAccessType"], domain["kmsKeyId"]) == ("VpcOnly", "<<aws:kms/key:Key|keys-data|arn>>")
    lab = domain["defaultUserSettings"]["jupyterLabAppSettings"]
    assert lab["defaultResourceSpec"]["instanceType"] == "ml.t3.large"
    assert lab["appLifecycleManagement"]["idleSettings"]["idleTimeoutInMinutes"] == 90
    assert names(other, "UserProfile") == {f"notebooks-{team}" for team in ("ml-platform", "lending", "retention")}


def test_no_notebooks_means_none(prod: StackPlan) -> None:
    assert names(prod, "Domain") == names(prod, "UserProfile") == set()
    assert prod.exports.get("notebooks_uri") is None
    assert prod.exports.get("notebooks_domain_id") is None


def test_what_needs_a_kind_waits_for_the_chart_that_brings_it(prod: StackPlan) -> None:
    for kind, chart in (
        ("ExternalSecret", "external-secrets"),
        ("ClusterSecretStore", "external-secrets"),
        ("ClusterIssuer", "cert-manager"),
        ("KnativeServing", "knative-operator"),
        ("ClusterQueue", "kueue"),
    ):
        release = one(prod, "Release", chart).urn
        for item in prod.resources:
            if item.type.endswith(f":{kind}"):
                assert release in waits_for(prod, item), item.name
    assert one(prod, "Release", "cert-manager").urn in waits_for(prod, one(prod, "Release", "kserve"))


def test_every_namespace_is_labelled_and_only_monitoring_is_privileged(prod: StackPlan) -> None:
    levels = {
        item["metadata"]["name"]: item["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for item in by_name(prod, "Namespace").values()
    }
    assert {name for name, level in levels.items() if level == "privileged"} == {"monitoring"}
    for item in prod.resources:
        labels = item.inputs.get("metadata", {}).get("labels", {}) if item.custom and item.package == "kubernetes" else None
        if labels is not None and not item.type.endswith(":Release"):
            assert {"team", "cost-centre", "app.kubernetes.io/name", "app.kubernetes.io/managed-by"} <= set(labels), item.name
