"""A model on the cluster has what every other model has: role, key, log group, alarms that reach people, scaling, records."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from infra.platform.log_collector import LogCollectorArgs, collector_values
from infra.serving.kserve_alarms import LATENCY, METRICS, REQUESTS
from mlctl.plan.model import Plan, Resource

Served = Sequence[Resource]
PREFIX = "acme-prod"
DECISIONS = "s3://acme-prod-workflows-333333333333/lending/monitoring/cluster/decisions"


def of(served: Served, kind: str) -> dict[str, dict[str, Any]]:
    """Resources of a type by name, with their inputs."""
    return {resource.name: dict(resource.inputs) for resource in served if resource.custom and resource.type.endswith(f":{kind}")}


def statements(served: Served, role: str) -> dict[str, Any]:
    return {item["Sid"]: item for item in json.loads(of(served, "RolePolicy")[role]["policy"])["Statement"]}


def test_its_log_group_is_its_own_under_its_own_key(served: Served) -> None:
    groups = of(served, "LogGroup")
    for model in ("cluster", "raw"):
        group = groups[model]
        assert (group["name"], group["retentionInDays"]) == (f"/{PREFIX}/models/{model}", 365)
        assert group["kmsKeyId"] == f"<<aws:kms/key:Key|{model}|arn>>"
        key = of(served, "Key")[model]
        assert "arn:aws:logs:us-east-1:333333333333:log-group:*" in key["policy"]


def test_its_pods_carry_what_the_collector_sorts_by(served: Served) -> None:
    """The collector's template for a served model, filled with the labels of the pods, names the group that is made."""
    owner: Any = None
    values = collector_values(
        LogCollectorArgs(
            namespace="monitoring",
            prefix=PREFIX,
            cluster="c",
            account="1",
            region="us-east-1",
            logs_key_arn="k",
            retention_days=1,
            teams=(),
            owner=owner,
        )
    )
    [output] = [block for block in values["additionalOutputs"].split("[OUTPUT]") if "model.*" in block]
    [template] = [line.split()[1] for line in output.splitlines() if line.split()[:1] == ["log_group_template"]]
    for service in of(served, "InferenceService").values():
        pods = service["spec"]["predictor"]["labels"]
        group = template.replace("$kubernetes['labels']['model']", pods["model"])
        assert group in {item["name"] for item in of(served, "LogGroup").values()}


def test_nothing_starts_before_its_log_group(served: Served) -> None:
    urns = {resource.name: resource.urn for resource in served if resource.type.endswith(":LogGroup")}
    for resource in served:
        if resource.type.endswith(":InferenceService"):
            model = resource.inputs["metadata"]["labels"]["model"]
            assert urns[model] in resource.dependencies


def test_requests_are_counted_and_judged(served: Served) -> None:
    assert of(served, "PodMonitor").keys() == {"cluster-podmonitor", "accelerated-podmonitor"}
    monitor = of(served, "PodMonitor")["cluster-podmonitor"]
    assert monitor["metadata"]["namespace"] == "lending"
    assert monitor["spec"]["selector"]["matchLabels"] == {"model": "cluster"}
    assert [endpoint["port"] for endpoint in monitor["spec"]["podMetricsEndpoints"]] == [METRICS]
    rules = {rule["alert"]: rule["expr"] for rule in of(served, "PrometheusRule")["cluster-prometheusrule"]["spec"]["groups"][0]["rules"]}
    assert list(rules) == ["cluster-errors", "cluster-p99", "cluster-throttles", "cluster-no-traffic"]
    for expression in rules.values():
        assert 'kn_configuration_name=~"cluster-predictor|cluster-challenger-predictor"' in expression
        assert REQUESTS in expression or LATENCY in expression
    # 500 ms, and the histogram is in seconds.
    assert rules["cluster-p99"].endswith("> 0.5")


def test_without_a_queue_proxy_replicas_are_judged(served: Served) -> None:
    rules = of(served, "PrometheusRule")["raw-prometheusrule"]["spec"]["groups"][0]["rules"]
    assert [rule["alert"] for rule in rules] == ["raw-unavailable", "raw-restarts"]
    assert {rule["labels"]["severity"] for rule in rules} == {"critical"}


def test_alarms_reach_the_team_and_of_a_critical_model_the_platform(served: Served) -> None:
    found = {
        name: [topic["topicARN"] for receiver in item["spec"]["receivers"] for topic in receiver["snsConfigs"]]
        for name, item in of(served, "AlertmanagerConfig").items()
    }
    team = "<<aws:sns/topic:Topic|alerts-lending|arn>>"
    assert found["cluster-alertmanagerconfig"] == [team]
    assert found["raw-alertmanagerconfig"][0] == team and len(found["raw-alertmanagerconfig"]) == 2
    for item in of(served, "AlertmanagerConfig").values():
        assert item["spec"]["route"]["receiver"] in {receiver["name"] for receiver in item["spec"]["receivers"]}
        [matcher] = item["spec"]["route"]["matchers"]
        assert matcher["value"] == item["metadata"]["labels"]["model"]


def test_records_go_where_monitoring_reads(served: Served) -> None:
    services = of(served, "InferenceService")
    assert services["cluster-cluster"]["spec"]["predictor"]["logger"]["url"] == DECISIONS
    assert "logger" not in services["raw-raw"]["spec"]["predictor"]
    # KServe itself puts namespace and service below the location.
    allowed = statements(served, "cluster")["RecordRequests"]["Resource"]
    assert allowed == DECISIONS.replace("s3://", "arn:aws:s3:::") + "/*"
    assert "RecordRequests" not in statements(served, "raw")


def test_it_scales_within_its_bounds(served: Served) -> None:
    predictor = of(served, "InferenceService")["cluster-cluster"]["spec"]["predictor"]
    assert (predictor["minReplicas"], predictor["maxReplicas"]) == (1, 4)


FIELDS = json.loads(Path(__file__).with_name("kserve_fields.json").read_text(encoding="utf-8"))
"""The fields of KServe's kinds, as its own Python package has them."""


def unknown(model: str, value: Any, path: str) -> Iterator[str]:
    """What KServe's package has no field for, at any depth; Kubernetes' own types (`V1Container`) are judged elsewhere."""
    fields = FIELDS["models"][model]
    for key, item in value.items():
        if key not in fields:
            yield f"{path}.{key}"
            continue
        [*_, inner] = re.findall(r"\w+", fields[key])
        if inner in FIELDS["models"]:
            nested = item if isinstance(item, list) else item.values() if fields[key].startswith("dict(") else [item]
            for part in nested:
                yield from unknown(inner, part, f"{path}.{key}")
        elif fields[key] in PLAIN and not isinstance(item, PLAIN[fields[key]]):
            yield f"{path}.{key} is no {fields[key]}"


PLAIN: dict[str, type] = {"str": str, "int": int, "bool": bool, "dict(str, str)": dict, "list[str]": list}


def test_kserve_knows_every_field(served: Served) -> None:
    for kind, model in FIELDS["specs"].items():
        objects = of(served, kind)
        assert objects
        found = [problem for item in objects.values() for problem in unknown(model, item["spec"], kind)]
        assert found == []


def test_a_field_that_kserve_lacks_is_found() -> None:
    wrong = {"predictor": {"logger": {"mode": "all", "bucket": "b"}, "minReplicas": "1", "graph": {}}}
    found = set(unknown("V1beta1InferenceServiceSpec", wrong, "spec"))
    assert found == {"spec.predictor.logger.bucket", "spec.predictor.minReplicas is no int", "spec.predictor.graph"}


BEHIND_A_FLAG = {
    "affinity": "kubernetes.podspec-affinity",
    "nodeSelector": "kubernetes.podspec-nodeselector",
    "priorityClassName": "kubernetes.podspec-priorityclassname",
    "securityContext": "kubernetes.podspec-securitycontext",
    "tolerations": "kubernetes.podspec-tolerations",
}
"""Fields of a pod that Knative refuses unless the flag is on: https://knative.dev/docs/serving/configuration/feature-flags/."""


def test_knative_lets_in_every_field_of_a_pod(served: Served, plan_of: Callable[[str], Plan]) -> None:
    """With a GPU, which needs a toleration, too."""
    [serving] = [item for item in plan_of("prod").resources() if item.type.endswith(":KnativeServing")]
    flags = {flag for flag, state in serving.inputs["spec"]["config"]["features"].items() if state == "enabled"}
    used = {
        BEHIND_A_FLAG[field]
        for service in of(served, "InferenceService").values()
        for field in service["spec"]["predictor"]
        if field in BEHIND_A_FLAG
    }
    assert {"kubernetes.podspec-priorityclassname", "kubernetes.podspec-tolerations"} <= used <= flags
