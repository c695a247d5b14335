"""Which resources run on instances, and of which families."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from policies.property import items, value_at
from policies.spend.pools import POOLS, families_of

INSTANCES = (
    "aws:ec2/instance:Instance",
    "aws:ec2/launchTemplate:LaunchTemplate",
    "aws:eks/nodeGroup:NodeGroup",
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration",
    "aws:sagemaker/notebookInstance:NotebookInstance",
    *POOLS,
)


def families(kind: str, props: Mapping[str, Any]) -> Iterator[str]:
    """EC2 or SageMaker families, without `ml.`: `m6i`, `g5`."""
    if kind in POOLS:
        yield from families_of(props) or ["of any kind"]
        return
    variants = [*items(props.get("productionVariants")), *items(props.get("shadowProductionVariants"))]
    types = [props.get("instanceType"), *items(props.get("instanceTypes")), *(variant.get("instanceType") for variant in variants)]
    types.append(value_at(props, "defaultUserSettings.jupyterServerAppSettings.defaultResourceSpec.instanceType"))
    for name in types:
        if name:
            yield str(name).removeprefix("ml.").split(".")[0]
