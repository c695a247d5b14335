"""Production variants of an endpoint: which version gets which share, on what."""

from __future__ import annotations

import re

import pulumi_aws as aws

from infra.serving.container_model import ContainerModel
from mlctl.config.model import Instances, Serverless

CHAMPION, CHALLENGER = "champion", "challenger"

_LOCAL_DISK = re.compile(r"^ml\.(g4dn|g5|g5g|g6|g6e|gr6|p3dn|p4d|p4de|p5|p5e|p5en|trn1|trn1n|trn2|[a-z]+\d+[a-z]*d[a-z]*)\.")


def has_local_disk(instance_type: str) -> bool:
    """Whether instances of the type have NVMe disks of their own: hardware encrypts them, and SageMaker refuses a key of ours for them."""
    return _LOCAL_DISK.match(instance_type) is not None


def instance_variant(
    name: str, model: ContainerModel, instances: Instances, weight: float
) -> aws.sagemaker.EndpointConfigurationProductionVariantArgsDict:
    """A variant on instances; `weight` is its share of the requests. It begins with at least one, from where autoscaling goes on."""
    return {
        "variant_name": name,
        "model_name": model.name,
        "instance_type": instances.instance_type,
        "initial_instance_count": max(1, instances.minimum),
        "initial_variant_weight": weight,
    }


def serverless_variant(model: ContainerModel, settings: Serverless) -> aws.sagemaker.EndpointConfigurationProductionVariantArgsDict:
    """The one variant of a serverless endpoint."""
    config: aws.sagemaker.EndpointConfigurationProductionVariantServerlessConfigArgsDict = {
        "memory_size_in_mb": settings.memory_mb,
        "max_concurrency": settings.max_concurrency,
    }
    if settings.provisioned_concurrency:
        config["provisioned_concurrency"] = settings.provisioned_concurrency
    return {"variant_name": CHAMPION, "model_name": model.name, "serverless_config": config}
