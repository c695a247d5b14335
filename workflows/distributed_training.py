"""Train on a Ray cluster of its own: a RayJob makes it and takes it away. Everything else is as in training."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml
from hera.workflows import DAG, Artifact, Parameter, Resource, Task

from mlctl.config.environment import Environment
from workflows import training
from workflows.manifest import Manifest, add_exit, finished, passed, template
from workflows.needs import MEMOISED, NEEDS
from workflows.place import Place, places
from workflows.pod import memoised
from workflows.ray_cluster import PYTHON, cluster_spec, submitter
from workflows.steps.prepare import collect, train_on_ray
from workflows.tasks import in_order, task

KIND = "distributed-training"
WORKERS = 4
ON_RAYJOB = "{{workflow.parameters.executor}} == rayjob"
HERE = "{{workflow.parameters.executor}} == local"
JOB = "ray-{{workflow.uid}}"
"""Name of the RayJob: the same in a second attempt, which then waits for the job that is there, and short enough for KubeRay (47)."""
KEPT_SECONDS = 600
"""How long a finished RayJob can be looked at; its cluster is gone at once. That of a workflow that did not succeed is deleted."""


def build(environment: Environment) -> Iterator[Manifest]:
    """A WorkflowTemplate per model, where the platform has KubeRay."""
    if not environment.platform.kuberay:
        return iter(())
    return (distributed_training(place) for place in places(environment))


def distributed_training(place: Place) -> Manifest:
    """Train through a RayJob, or with `executor` local on a Ray inside the step, which is how it runs on one machine."""
    about = f"Train {place.name} on a Ray cluster; with executor=local on a Ray of this machine"
    with template(place, KIND, about, parameters=parameters(place), minutes=720) as workflow:
        training.add_training(place, own_fit=True)
        _add_fit()
        Resource(name="ray-job", action="apply", manifest=_text(ray_job(place)), set_owner_reference=True, **_WAIT)
        Resource(name="ray-away", action="delete", flags=["rayjob", JOB, "--ignore-not-found"])
        add_exit(place, before="ray-away", when=f"{ON_RAYJOB} && {{{{workflow.status}}}} != Succeeded")
    found = finished(workflow, place)
    found["spec"]["arguments"]["parameters"] = [_limited(item) for item in found["spec"]["arguments"]["parameters"]]
    for item in found["spec"]["templates"]:
        _complete(item, place)
    return found


def parameters(place: Place) -> dict[str, str]:
    """Those of training, how it is distributed, and how many workers there are; a GPU is a matter of the workers."""
    own = {**training.parameters(place), "training": '{"engine": "ray"}', "executor": "rayjob", "workers": str(WORKERS)}
    del own["accelerator"]
    return {**own, "gpu-workers": "0"} if place.gpu_pool is not None else own


_WAIT: dict[str, Any] = {
    "success_condition": "status.jobStatus == SUCCEEDED, status.jobDeploymentStatus == Complete",
    # Any one of these. A program that failed ends the step; a lost head (spot) is KubeRay's to replace, see `backoffLimit`.
    "failure_condition": "status.jobStatus in (FAILED, STOPPED), status.jobDeploymentStatus == Failed",
}


def _add_fit() -> None:
    """`fit`: the same function on a RayJob or on a Ray of the step's own."""
    chosen = "tasks.here.status == 'Succeeded' ? tasks.here.outputs.artifacts.bundle : tasks.collect.outputs.artifacts.bundle"
    inputs: list[Any] = [*(Parameter(name=name) for name in training.FIT), Artifact(name="features")]
    handed = [passed(*training.FIT), Artifact(name="features", from_="{{inputs.artifacts.features}}")]
    with DAG(name="fit", inputs=inputs, outputs=[Artifact(name="bundle", from_expression=chosen)]):
        task(train_on_ray, name="here", arguments=handed, when=HERE)
        job = Task(name="job", template="ray-job", when=ON_RAYJOB)
        in_order(job, task(collect, name="collect", arguments=passed("model"), when=ON_RAYJOB))


def _limited(parameter: dict[str, Any]) -> dict[str, Any]:
    return {**parameter, "enum": ["rayjob", "local"]} if parameter["name"] == "executor" else parameter


def _complete(item: dict[str, Any], place: Place) -> None:
    """Where features and bundle lie for the job, what is not done twice, and what is tried again."""
    name = item["name"]
    if name == "build-features":
        item["outputs"]["artifacts"][0].update(s3={"key": _key(place, "features")}, archive={"none": {}})
    elif name == "collect":
        made = next(artefact for artefact in item["inputs"]["artifacts"] if artefact["name"] == "made")
        made["s3"] = {"key": _key(place, "bundle")}
    elif name in MEMOISED and "dag" in item:
        item["memoize"] = memoised(name, place)
    elif "resource" in item:
        item["retryStrategy"] = {"limit": "3", "retryPolicy": "OnError", "backoff": {"duration": "30s", "factor": 2, "cap": "10m"}}
        item["activeDeadlineSeconds"] = (NEEDS["train"].minutes + 60) * 60


def _key(place: Place, name: str) -> str:
    return f"{place.team.name}/ray/{{{{workflow.name}}}}/{name}"


class _Repeating(yaml.SafeDumper):
    """Writes what occurs twice twice: anchors in a manifest are hard to read."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always."""
        return True


def _text(manifest: Manifest) -> str:
    """Numbers of workers stand without quotes: Argo fills them in before the text is read, and Kubernetes wants numbers."""
    text = yaml.dump(manifest, Dumper=_Repeating, sort_keys=False, width=10_000)
    for name in ("workers", "gpu-workers"):
        text = text.replace(f"'{_parameter(name)}'", _parameter(name))
    return text


def _parameter(name: str) -> str:
    return f"{{{{workflow.parameters.{name}}}}}"


def ray_job(place: Place) -> Manifest:
    """The RayJob. What a person can choose reaches the program as Base64: nothing in it can be read as YAML or by a shell."""
    folder = f"s3://{place.bucket('workflows')}"
    environment = {
        "MODEL": place.name,
        "FEATURES": f"{folder}/{_key(place, 'features')}",
        "BUNDLE": f"{folder}/{_key(place, 'bundle')}",
        "TRACKING_URI": "{{=toBase64(workflow.parameters['tracking-uri'])}}",
        "TRAINING": "{{=toBase64(workflow.parameters.training)}}",
    }
    queue = {"kueue.x-k8s.io/queue-name": "default"} if place.environment.platform.kueue else {}
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayJob",
        "metadata": {"name": JOB, "labels": {**place.labels, "workflows.argoproj.io/workflow": "{{workflow.name}}", **queue}},
        "spec": {
            "entrypoint": f"{PYTHON} -m workflows.ray_job",
            "shutdownAfterJobFinishes": True,
            "ttlSecondsAfterFinished": KEPT_SECONDS,
            "activeDeadlineSeconds": NEEDS["train"].minutes * 60,
            "backoffLimit": 2,
            "submitterPodTemplate": submitter(place),
            "rayClusterSpec": cluster_spec(
                place, workers=_parameter("workers"), gpu_workers=_parameter("gpu-workers"), environment=environment
            ),
        },
    }
