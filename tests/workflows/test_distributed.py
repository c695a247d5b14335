"""Distributed training: what the RayJob asks of the cluster, and how one machine does the same."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from infra.charts import KUBERAY_OPERATOR
from infra.context import Context
from mlctl.cli.workflow import workflow as command
from mlctl.config.load import load_environments
from mlctl.errors import InputError
from mlctl.workflow.catalog import load_catalog
from mlctl.workflow.expression.evaluate import evaluate
from mlctl.workflow.expression.namespace import Roots
from mlctl.workflow.scope import Scope
from mlctl.workflow.validation.check import check
from workflows.place import Place
from workflows.ray_cluster import RAY

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = {environment.name: environment for environment in load_environments(ROOT / "environments")}
FILES = sorted((ROOT / "workflows" / "rendered").glob("*/*-distributed-training.yaml"))
IDS = [f"{path.parent.name}-{path.stem}" for path in FILES]
GIVEN = {
    "workflow.uid": "8c1b8d0a-2a51-4f61-9f4e-6f1f3c1b8d0a",
    "workflow.name": "x-distributed-training-abcde",
    "workflow.parameters.workers": "3",
    "workflow.parameters.gpu-workers": "2",
    "workflow.parameters.tracking-uri": "http://m: \"'{",
    "workflow.parameters.training": '{"engine": "ray", "trials": 3}',
}


def _templates(path: Path) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in yaml.safe_load(path.read_text())["spec"]["templates"]}


def _job(path: Path) -> dict[str, Any]:
    """The RayJob as Kubernetes gets it: Argo fills the text in before it is read."""
    text = _templates(path)["ray-job"]["resource"]["manifest"]
    scope = Scope(GIVEN)
    text = re.sub(r"{{=(.*?)}}", lambda found: str(evaluate(found.group(1).replace("''", "'"), Roots(scope))), text)
    found: dict[str, Any] = yaml.safe_load(re.sub(r"{{(.*?)}}", lambda found: GIVEN[found.group(1)], text))
    return found


def _pods(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    cluster = job["spec"]["rayClusterSpec"]
    yield job["spec"]["submitterPodTemplate"]
    yield cluster["headGroupSpec"]["template"]
    yield from (group["template"] for group in cluster["workerGroupSpecs"])


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_a_ray_job_makes_its_cluster_and_takes_it_away(path: Path) -> None:
    job = _job(path)
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    assert len(job["metadata"]["name"]) <= 47, "KubeRay takes no longer name"
    spec = job["spec"]
    assert spec["shutdownAfterJobFinishes"] is True
    assert spec["ttlSecondsAfterFinished"] > 0
    assert spec["activeDeadlineSeconds"] > 0
    assert job["metadata"]["labels"]["kueue.x-k8s.io/queue-name"] == "default"
    assert {group["groupName"]: group["replicas"] for group in spec["rayClusterSpec"]["workerGroupSpecs"]} in (
        {"workers": 3},
        {"workers": 3, "gpu-workers": 2},
    )
    resource = _templates(path)["ray-job"]["resource"]
    assert resource["setOwnerReference"] is True
    assert "status.jobStatus == SUCCEEDED" in resource["successCondition"]
    assert "status.jobStatus in (FAILED, STOPPED)" in resource["failureCondition"]
    assert _templates(path)["ray-away"]["resource"]["flags"][:2] == ["rayjob", "ray-{{workflow.uid}}"]


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_every_ray_pod_is_the_teams_and_confined(path: Path) -> None:
    environment = ENVIRONMENTS[path.parent.name]
    job = _job(path)
    team = environment.team(job["metadata"]["labels"]["team"])
    for pod in _pods(job):
        [container] = pod["spec"]["containers"]
        assert pod["metadata"]["labels"].items() >= {"team": team.name, "cost-centre": team.cost_centre}.items()
        assert container["image"] == environment.image("training").reference(container["image"].partition("training")[0] + "training")
        assert container["resources"]["limits"] == container["resources"]["requests"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        account = "workflow" if container["name"] == "ray-head" else "default"
        assert (pod["spec"]["serviceAccountName"], pod["spec"]["automountServiceAccountToken"]) == (account, False)
        assert pod["spec"]["nodeSelector"]["karpenter.sh/capacity-type"] in ("spot", "on-demand")
        gpu = "nvidia.com/gpu" in container["resources"]["limits"]
        assert gpu == any(item["key"] == "nvidia.com/gpu" for item in pod["spec"].get("tolerations", ()))


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_what_a_person_gives_reaches_the_program_unread(path: Path) -> None:
    [head] = _job(path)["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]["containers"]
    variables = {item["name"]: item["value"] for item in head["env"]}
    assert base64.b64decode(variables["TRACKING_URI"]).decode() == GIVEN["workflow.parameters.tracking-uri"]
    assert base64.b64decode(variables["TRAINING"]).decode() == GIVEN["workflow.parameters.training"]


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_the_job_reads_and_writes_where_the_workflow_does(path: Path) -> None:
    templates = _templates(path)
    [head] = _job(path)["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]["containers"]
    variables = {item["name"]: item["value"] for item in head["env"]}
    features = templates["build-features"]["outputs"]["artifacts"][0]
    made = next(item for item in templates["collect"]["inputs"]["artifacts"] if item["name"] == "made")
    name = GIVEN["workflow.name"]
    bucket = Context.bucket_name(SimpleNamespace(environment=ENVIRONMENTS[path.parent.name]), "workflows")  # type: ignore[arg-type]
    assert variables["FEATURES"] == f"s3://{bucket}/" + features["s3"]["key"].replace("{{workflow.name}}", name)
    assert variables["BUNDLE"] == f"s3://{bucket}/" + made["s3"]["key"].replace("{{workflow.name}}", name)
    assert features["archive"] == {"none": {}}, "the job reads plain files"


@pytest.mark.parametrize("purpose", ["workflows", "audit"])
def test_buckets_are_called_as_the_stacks_call_them(purpose: str) -> None:
    for environment in ENVIRONMENTS.values():
        made = Context.bucket_name(SimpleNamespace(environment=environment), purpose)  # type: ignore[arg-type]
        assert Place(environment=environment, name=next(iter(environment.models))).bucket(purpose) == made


@pytest.mark.parametrize("path", FILES, ids=IDS)
def test_one_machine_takes_the_other_way_and_refuses_the_clusters_by_name(path: Path) -> None:
    catalog = load_catalog(path)
    assert check(catalog, parameters={"executor": "local"}).entrypoint == "main"
    with pytest.raises(InputError, match=r"`resource` is not run here.*\n?.*executor}} == rayjob"):
        check(catalog)


def test_an_executor_there_is_none_of_is_refused(tmp_path: Path) -> None:
    given = [
        "run",
        "churn-distributed-training",
        "-p",
        "executor=cloud",
        "--runs-dir",
        str(tmp_path),
        "--rendered",
        str(FILES[0].parents[1]),
    ]
    refused = CliRunner().invoke(command, given).exception
    assert isinstance(refused, InputError)
    assert refused.allowed == "rayjob, local"


def test_the_ray_that_kube_ray_is_told_is_the_one_in_the_image() -> None:
    assert f"\nray=={RAY} " in (ROOT / "locks" / "training.txt").read_text()
    assert KUBERAY_OPERATOR.version >= "1.2.0", "backoffLimit"
