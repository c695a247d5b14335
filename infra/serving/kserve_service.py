"""A model on the cluster, in its team's namespace."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra.labels import labels
from infra.serving.cluster_route import ClusterRoute, ClusterRouteArgs
from infra.serving.front_door import FrontDoor
from infra.serving.kserve_access import KServeAccess, KServeAccessArgs
from infra.serving.kserve_alarms import KServeAlarms, KServeAlarmsArgs
from infra.serving.model_alarms import ModelAlarms, ModelAlarmsArgs
from infra.serving.placed_model import PlacedModel
from infra.serving.private_way import PrivateWay
from mlctl.config.team import Team

MODE = "serving.kserve.io/deploymentMode"
_GPU = "nvidia.com/gpu"


@dataclass(frozen=True, slots=True, kw_only=True)
class KServeServiceArgs:
    """Which model, on which cluster, for whom."""

    placed: PlacedModel
    team: Team
    """Its namespace has the same name."""
    cluster: pulumi.Input[str]
    """The cluster's name. The component's options carry the Kubernetes provider."""
    front_door: FrontDoor
    way: PrivateWay
    """Through which the front door reaches the cluster."""


class KServeService(pulumi.ComponentResource):
    """Creates the model's access (key, log group, account, role); an InferenceService with its deployment mode stated; with a challenger
    a second one, and an InferenceGraph that splits the requests by weight; the alarms; and its authenticated route in the front door.

    The split is a graph and not KServe's `canaryTrafficPercent`: that one divides between the last two revisions that happened to be
    applied, so a cluster built anew would send everything to the challenger.
    """

    def __init__(self, name: str, args: KServeServiceArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:KServeService", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        placed, settings = args.placed, args.placed.model.kserve
        assert settings is not None
        access = KServeAccess(name, KServeAccessArgs(placed=placed, team=args.team, cluster=args.cluster), opts=self._child)
        versions = {placed.name: placed.version}
        if placed.model.challenger:
            versions[f"{placed.name}-challenger"] = placed.model.challenger.version
        services = [self._service(short, version, access) for short, version in versions.items()]
        answering = services
        if placed.model.challenger:
            answering = [self._graph(100 - placed.model.challenger.weight_percent, services)]
        KServeAlarms(name, KServeAlarmsArgs(placed=placed, services=tuple(versions), team=args.team), opts=self._child)
        route = ClusterRouteArgs(placed=placed, team=args.team, front_door=args.front_door, way=args.way)
        self.path = ClusterRoute(name, route, opts=pulumi.ResourceOptions(parent=self, depends_on=answering)).path
        if settings.deployment_mode == "Standard":
            metrics = args.front_door.counted(name, model=placed.name, path=self.path, opts=self._child)
            ModelAlarms(name, ModelAlarmsArgs(placed=placed, metrics=metrics), opts=self._child)
        self.register_outputs({"services": list(versions), "path": self.path})

    def _metadata(self, short: str) -> dict[str, Any]:
        return {
            "name": short,
            "namespace": self._args.team.name,
            "labels": labels(short, self._args.team, model=self._args.placed.name),
        }

    def _service(self, short: str, version: int, access: KServeAccess) -> kubernetes.apiextensions.CustomResource:
        settings = self._args.placed.model.kserve
        assert settings is not None
        metadata = self._metadata(short)
        return kubernetes.apiextensions.CustomResource(
            f"{self._name}-{short}",
            api_version="serving.kserve.io/v1beta1",
            kind="InferenceService",
            metadata={**metadata, "annotations": {MODE: settings.deployment_mode}},
            spec={"predictor": predictor(self._args, version, metadata["labels"])},
            # The log collector makes no group itself: what a pod writes before there is one is lost.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[access.account, access.log_group]),
        )

    def _graph(self, share: int, services: list[kubernetes.apiextensions.CustomResource]) -> kubernetes.apiextensions.CustomResource:
        placed = self._args.placed
        settings = placed.model.kserve
        assert settings is not None
        weights = {placed.name: share, f"{placed.name}-challenger": 100 - share}
        steps = [{"name": name, "serviceUrl": _scoring(name, self._args.team), "weight": weight} for name, weight in weights.items()]
        return kubernetes.apiextensions.CustomResource(
            f"{self._name}-split",
            api_version="serving.kserve.io/v1alpha1",
            kind="InferenceGraph",
            metadata={**self._metadata(f"{placed.name}-split"), "annotations": {MODE: settings.deployment_mode}},
            spec={"nodes": {"root": {"routerType": "Splitter", "steps": steps}}},
            opts=pulumi.ResourceOptions(parent=self, depends_on=services),
        )


def _scoring(service: str, team: Team) -> str:
    """Where a version answers. Given a service's name alone, KServe asks its own `/v1/models/…:predict`, which MLflow's server has not."""
    return f"http://{service}-predictor.{team.name}.svc.cluster.local/invocations"


def predictor(args: KServeServiceArgs, version: int, pod_labels: dict[str, str]) -> dict[str, Any]:
    """The pods of one version: as many as the bounds allow, placed on serving nodes, before training and batch."""
    placed = args.placed
    settings = placed.model.kserve
    assert settings is not None
    pods: dict[str, Any] = {
        "labels": pod_labels,
        "minReplicas": settings.minimum,
        "maxReplicas": settings.maximum,
        "serviceAccountName": placed.name,
        "priorityClassName": "serving",
        "nodeSelector": {"purpose": "serving"},
        "containers": [_container(placed, version)],
    }
    if placed.model.accelerator == "gpu":
        pods["tolerations"] = [{"key": _GPU, "operator": "Exists", "effect": "NoSchedule"}]
    if placed.model.data_capture_percent:
        pods["logger"] = _logger(placed)
    return pods


def _container(placed: PlacedModel, version: int) -> dict[str, Any]:
    """The model server, unprivileged; KServe puts the artefact of STORAGE_URI before it."""
    settings = placed.model.kserve
    assert settings is not None
    resources = {"cpu": settings.cpu, "memory": settings.memory}
    if placed.model.accelerator == "gpu":
        resources[_GPU] = "1"
    return {
        "name": "kserve-container",
        "image": placed.image,
        "env": [
            {"name": "STORAGE_URI", "value": placed.artefact(version)},
            {"name": "MODEL_NAME", "value": placed.name},
            {"name": "MODEL_VERSION", "value": str(version)},
        ],
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "resources": {"requests": resources, "limits": resources},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def _logger(placed: PlacedModel) -> dict[str, Any]:
    """KServe's own record of requests and answers. It puts each below `<namespace>/<service>/predictor/` of the location, and into a file
    of its own: `<id>-request.json`, `<id>-response.json` (pkg/logger/store.go of KServe 0.16).
    """
    return {
        "mode": "all",
        "url": placed.capture,
        "storage": {
            "parameters": {"type": "s3", "region": placed.here.region, "format": "json"},
            "serviceAccountName": placed.name,
        },
    }
