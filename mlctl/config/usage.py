"""What pricing has to assume, since a plan does not say how much a thing is used."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from mlctl.config.base import Percent, Section

Size = Literal["small", "medium", "large"]
Quantity = Annotated[Decimal, Field(ge=0, allow_inf_nan=False)]


class PoolUsage(Section):
    """How much of a Karpenter pool is in use."""

    average_nodes: Quantity
    """Mean number of nodes while the pool is in use. Grafana › Node pools."""
    hours: Annotated[Decimal, Field(ge=0, le=730)] = Decimal(730)
    """Hours a month in use, 730 at most."""
    instance_type: str
    """The type that stands for the pool, one of its families and sizes."""


class ModelUsage(Section):
    """Traffic of one model."""

    requests: Quantity
    """Requests a month. CloudWatch › Invocations."""
    milliseconds: Quantity = Decimal(50)
    """Mean duration of a request, ms. CloudWatch › ModelLatency."""
    payload_kb: Quantity = Decimal(4)
    """Mean size of request and answer together, KB."""
    batch_hours: Quantity = Decimal(0)
    """Batch mode: instance hours a month."""
    training_hours: Quantity = Decimal(2)
    """Instance hours of training a month."""


class Usage(Section):
    """Assumptions. What is not given here comes from the size's defaults, which the report prints."""

    size: Size = "small"
    """Defaults for everything below: mlctl/cost/usage_defaults.yaml."""
    spot_interruption_percent: Percent = 5
    """Share of spot hours lost and repeated."""
    node_pools: dict[str, PoolUsage] = Field(default_factory=dict)
    """Per node pool name."""
    models: dict[str, ModelUsage] = Field(default_factory=dict)
    """Per model name."""
    types: dict[str, dict[str, Quantity]] = Field(default_factory=dict)
    """Per Pulumi type token: usage key → monthly quantity, for every resource of the type."""
    resources: dict[str, dict[str, Quantity]] = Field(default_factory=dict)
    """Per `stack/resource name`: usage key → monthly quantity."""
