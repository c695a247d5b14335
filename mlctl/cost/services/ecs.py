"""Amazon ECS on Fargate; on EC2 the instances are charged, not the service. https://aws.amazon.com/fargate/pricing/"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mlctl.cost.catalogue import priced
from mlctl.cost.price import monthly
from mlctl.cost.quote import Quote
from mlctl.cost.values import as_number, inside, times

_TASK = "aws:ecs/taskDefinition:TaskDefinition"
_CLUSTER = "aws:ecs/cluster:Cluster"
_PROVIDERS = "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders"


@priced("aws:ecs/service:Service", service="ECS")
def service(quote: Quote) -> None:
    if not _on_fargate(quote):
        quote.free("runs on EC2 instances, which are charged themselves")
        return
    task = quote.neighbour("taskDefinition", quote.raw("taskDefinition"), _TASK)
    inputs: Mapping[str, Any] = task.inputs if task else {}
    count = quote.number("desiredCount", 1)
    arm = inside(inputs, "runtimePlatform.cpuArchitecture") == "ARM64"
    name = "Linux ARM" if arm else "Linux x86"
    memory = times(_size(inputs.get("memory"), 1024), count)
    vcpus = times(_size(inputs.get("cpu"), 1024), count)
    quote.add("Memory", "GB held", memory, monthly(quote.price("Fargate", f"Fargate memory {name}")))
    quote.add("vCPU", "vCPUs held", vcpus, monthly(quote.price("Fargate", f"Fargate vCPU {name}")))


def _size(written: Any, per_unit: int) -> Decimal | None:
    """`2 GB`, `1 vCPU`, `2048` (MB, or thousandths of a vCPU) as GB or vCPUs."""
    match = re.fullmatch(r"\s*([\d.]+)\s*(GB|vCPU)?\s*", str(written), re.IGNORECASE)
    number = as_number(match[1]) if match else None
    if number is None or match is None:
        return None
    return number if match[2] else number / per_unit


def _on_fargate(quote: Quote) -> bool:
    if quote.text("launchType") == "FARGATE":
        return True
    if any("FARGATE" in str(one.get("capacityProvider")) for one in quote.items("capacityProviderStrategies")):
        return True
    cluster = quote.neighbour("cluster", quote.raw("cluster"), _CLUSTER)
    if cluster is None:
        return False
    neighbours = quote.around.neighbours
    providers = [one for one in neighbours.of_type(_PROVIDERS) if neighbours.refers_to(one, "clusterName", cluster)]
    return any("FARGATE" in str(one.inputs.get("capacityProviders")) for one in providers)
