"""A model on SageMaker serverless inference: no instances, billed by use, CPU only."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.router.handler import Target
from infra.serving.container_model import ContainerModel, ContainerModelArgs
from infra.serving.endpoint_scaling import EndpointScaling, EndpointScalingArgs
from infra.serving.front_door import FrontDoor
from infra.serving.model_access import ModelAccess, ModelAccessArgs
from infra.serving.model_alarms import ModelAlarms, ModelAlarmsArgs
from infra.serving.placed_model import PlacedModel
from infra.serving.request_metrics import endpoint_metrics
from infra.serving.router import Router, RouterArgs, router_log_group
from infra.serving.variant import CHALLENGER, CHAMPION, serverless_variant


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerlessEndpointArgs:
    """Which model, behind which door."""

    placed: PlacedModel
    front_door: FrontDoor


class ServerlessEndpoint(pulumi.ComponentResource):
    """Creates the model's access, its endpoint with configuration, alarms and, with provisioned concurrency, autoscaling; with a
    challenger a second endpoint like it; and the router that splits the requests by weight and records them, since AWS does neither for
    serverless.
    """

    def __init__(self, name: str, args: ServerlessEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:ServerlessEndpoint", name, {}, opts)
        placed = args.placed
        self._placed = placed
        self._child = pulumi.ResourceOptions(parent=self)
        versions = {placed.endpoint_name: placed.version}
        challenger = placed.model.challenger
        if challenger:
            versions[f"{placed.endpoint_name}-challenger"] = challenger.version
        groups = [*(f"/aws/sagemaker/Endpoints/{endpoint}" for endpoint in versions), router_log_group(placed)]
        self._access = ModelAccess(name, ModelAccessArgs(placed=placed, log_groups=groups), opts=self._child)
        for endpoint, version in versions.items():
            self._endpoint(name if endpoint == placed.endpoint_name else f"{name}-challenger", endpoint, version)
        weight = challenger.weight_percent if challenger else 0
        targets = [Target(endpoint=placed.endpoint_name, variant=CHAMPION, version=placed.version, weight=100 - weight)]
        if challenger:
            endpoint = f"{placed.endpoint_name}-challenger"
            targets.append(Target(endpoint=endpoint, variant=CHALLENGER, version=challenger.version, weight=weight))
        assert placed.model.serverless is not None
        self.router = Router(
            f"{name}-router",
            RouterArgs(
                placed=placed,
                access=self._access,
                front_door=args.front_door,
                targets=targets,
                capture_percent=placed.model.data_capture_percent,
                concurrency=placed.model.serverless.max_concurrency * len(targets),
            ),
            opts=self._child,
        )
        self.register_outputs({"endpoints": list(versions), "path": self.router.path})

    def _endpoint(self, name: str, endpoint_name: str, version: int) -> None:
        placed, settings = self._placed, self._placed.model.serverless
        assert settings is not None
        champion = version == placed.version
        ModelAlarms(
            name,
            ModelAlarmsArgs(placed=placed, metrics=endpoint_metrics(placed.name, endpoint_name, CHAMPION), silence=champion),
            opts=self._child,
        )
        arguments = ContainerModelArgs(placed=placed, version=version, access=self._access)
        model = ContainerModel(name, arguments, opts=self._child)
        configuration = aws.sagemaker.EndpointConfiguration(
            name,
            kms_key_arn=self._access.key.arn,
            production_variants=[serverless_variant(model, settings)],
            tags={**placed.tags, "model": placed.name},
            opts=self._child,
        )
        endpoint = aws.sagemaker.Endpoint(
            name,
            name=endpoint_name,
            endpoint_config_name=configuration.name,
            tags={**placed.tags, "model": placed.name},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._access]),
        )
        if settings.provisioned_concurrency:
            EndpointScaling(
                name,
                EndpointScalingArgs(
                    endpoint_name=endpoint.name,
                    variant=CHAMPION,
                    measure="concurrency",
                    target=0.7,
                    minimum=settings.provisioned_concurrency,
                    maximum=settings.max_concurrency,
                    tags=placed.tags,
                ),
                opts=self._child,
            )
