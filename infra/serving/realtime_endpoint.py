"""A model on instances that are always there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.policy_document import allow
from infra.router.handler import Target
from infra.serving.container_model import ContainerModel, ContainerModelArgs
from infra.serving.endpoint_scaling import EndpointScaling, EndpointScalingArgs
from infra.serving.front_door import FrontDoor
from infra.serving.model_access import ModelAccess, ModelAccessArgs
from infra.serving.model_alarms import ModelAlarms, ModelAlarmsArgs
from infra.serving.placed_model import PlacedModel
from infra.serving.request_metrics import endpoint_metrics
from infra.serving.rollout import deployment
from infra.serving.router import Router, RouterArgs, router_log_group
from infra.serving.variant import CHALLENGER, CHAMPION, has_local_disk, instance_variant

_REQUESTS_PER_INSTANCE = 20
"""Requests that one instance works on at once; as many calls of the router are let through."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RealtimeEndpointArgs:
    """Which model, behind which door."""

    placed: PlacedModel
    front_door: FrontDoor


class RealtimeEndpoint(pulumi.ComponentResource):
    """Creates the model's access, the SageMaker model and, with a challenger, a second one as production variant (A/B) or shadow
    variant; the endpoint's configuration with data capture; alarms and autoscaling of each variant; the endpoint, which takes a new
    version by blue/green and goes back when an alarm goes off; and the router with its route.
    """

    def __init__(self, name: str, args: RealtimeEndpointArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:serving:RealtimeEndpoint", name, {}, opts)
        self._name, self._placed = name, args.placed
        self._child = pulumi.ResourceOptions(parent=self)
        self._access = self._make_access()
        self._models = self._make_models()
        alarms = self._alarms()
        endpoint = self._endpoint(self._configuration(), alarms)
        self._scaling(endpoint)
        placed = args.placed
        assert placed.model.instances is not None
        self.router = Router(
            f"{name}-router",
            RouterArgs(
                placed=placed,
                access=self._access,
                front_door=args.front_door,
                targets=[Target(endpoint=placed.endpoint_name, variant=CHAMPION, version=placed.version, weight=100)],
                capture_percent=0,
                concurrency=placed.model.instances.maximum * _REQUESTS_PER_INSTANCE,
            ),
            opts=self._child,
        )
        self.register_outputs({"endpoint": endpoint.name, "path": self.router.path})

    def _make_access(self) -> ModelAccess:
        placed = self._placed
        statements = []
        if placed.model.data_capture_percent:
            statements.append(allow("CaptureRequests", actions=("s3:PutObject",), resources=placed.capture_arn))
        groups = [f"/aws/sagemaker/Endpoints/{placed.endpoint_name}", router_log_group(placed)]
        return ModelAccess(self._name, ModelAccessArgs(placed=placed, log_groups=groups, statements=statements), opts=self._child)

    def _make_models(self) -> dict[str, ContainerModel]:
        versions = {CHAMPION: self._placed.version}
        if self._placed.model.challenger:
            versions[CHALLENGER] = self._placed.model.challenger.version
        return {
            variant: ContainerModel(
                f"{self._name}-{variant}",
                ContainerModelArgs(placed=self._placed, version=version, access=self._access),
                opts=self._child,
            )
            for variant, version in versions.items()
        }

    def _alarms(self) -> dict[str, ModelAlarms]:
        return {
            variant: ModelAlarms(
                f"{self._name}-{variant}",
                ModelAlarmsArgs(
                    placed=self._placed,
                    metrics=endpoint_metrics(self._placed.name, self._placed.endpoint_name, variant),
                    silence=variant == CHAMPION,
                ),
                opts=self._child,
            )
            for variant in self._models
        }

    def _configuration(self) -> aws.sagemaker.EndpointConfiguration:
        placed = self._placed
        instances, challenger = placed.model.instances, placed.model.challenger
        assert instances is not None
        share = challenger.weight_percent if challenger else 0
        shadow = challenger is not None and challenger.shadow
        champion = instance_variant(CHAMPION, self._models[CHAMPION], instances, 100 if shadow else 100 - share)
        production = [champion]
        shadows: list[aws.sagemaker.EndpointConfigurationShadowProductionVariantArgsDict] = []
        if challenger:
            trial = instance_variant(CHALLENGER, self._models[CHALLENGER], instances, share)
            (shadows if shadow else production).append(trial)
        capture = placed.model.data_capture_percent
        return aws.sagemaker.EndpointConfiguration(
            self._name,
            # Instances with disks of their own encrypt them in hardware, and SageMaker refuses a key for them.
            kms_key_arn=None if has_local_disk(instances.instance_type) else self._access.key.arn,
            production_variants=production,
            shadow_production_variants=shadows or None,
            data_capture_config=self._capture(capture) if capture else None,
            tags={**placed.tags, "model": placed.name},
            opts=self._child,
        )

    def _capture(self, percent: int) -> Any:
        return {
            "enable_capture": True,
            "initial_sampling_percentage": percent,
            "destination_s3_uri": self._placed.capture,
            "kms_key_id": self._access.key.arn,
            "capture_options": [{"capture_mode": "Input"}, {"capture_mode": "Output"}],
            "capture_content_type_header": {"json_content_types": ["application/json"], "csv_content_types": ["text/csv"]},
        }

    def _endpoint(self, configuration: aws.sagemaker.EndpointConfiguration, alarms: dict[str, ModelAlarms]) -> aws.sagemaker.Endpoint:
        placed = self._placed
        return aws.sagemaker.Endpoint(
            self._name,
            name=placed.endpoint_name,
            endpoint_config_name=configuration.name,
            deployment_config=deployment(placed.model.rollout, alarms[CHAMPION].rollback_names),
            tags={**placed.tags, "model": placed.name},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[self._access]),
        )

    def _scaling(self, endpoint: aws.sagemaker.Endpoint) -> None:
        instances, challenger = self._placed.model.instances, self._placed.model.challenger
        assert instances is not None
        for variant in self._models:
            if variant == CHALLENGER and challenger and challenger.shadow:
                continue  # a shadow variant keeps as many instances as it began with: SageMaker scales production variants only
            EndpointScaling(
                f"{self._name}-{variant}",
                EndpointScalingArgs(
                    endpoint_name=endpoint.name,
                    variant=variant,
                    measure="requests",
                    target=instances.target_invocations,
                    minimum=instances.minimum,
                    maximum=instances.maximum,
                    tags=self._placed.tags,
                ),
                opts=self._child,
            )
