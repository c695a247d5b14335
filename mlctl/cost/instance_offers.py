"""Where AWS's Price List API keeps the prices that depend on an instance type."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mlctl.cost.offers import BILLS, REGION_PREFIX, peer


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceOffer:
    """A service whose price depends on the instance type."""

    service: str
    code: str
    filters: Mapping[str, str]
    usage: str
    """Regular expression of the usage type after the region's name. Its group is the instance type, where no attribute names that."""
    attribute: str | None = None
    """The attribute that names the instance type. SageMaker's is empty on most rows of the price list."""
    item: str
    """Item in services.csv, with `{}` for the instance type."""
    seen: str
    """Where the usage type is published."""

    def kind(self, product: Mapping[str, Any]) -> str | None:
        """The instance type of a product; None where it is something else."""
        attributes = product.get("attributes", {})
        usage = re.fullmatch(REGION_PREFIX + f"(?:{self.usage})", attributes.get("usagetype", ""))
        if usage is None:
            return None
        return attributes.get(self.attribute) if self.attribute else usage[1]


INSTANCE_OFFERS = (
    *(
        InstanceOffer(
            service="SageMaker",
            code="AmazonSageMaker",
            filters={},
            usage=rf"{prefix}:(ml\.[a-z0-9-]+\.\w+)",
            item=f"{use} {{}}",
            seen=f"{BILLS}{prefix}:ml.m5.large",
        )
        for use, prefix in (
            ("real-time hosting", "Host"),
            ("training job", "Train"),
            ("processing job", "Processing"),
            ("batch transform", "Tsform"),
            ("notebook instance", "Notebk"),
        )
    ),
    *(
        InstanceOffer(
            service="RDS",
            code="AmazonRDS",
            filters={"productFamily": "Database Instance", "databaseEngine": "PostgreSQL", "deploymentOption": zones},
            attribute="instanceType",
            usage=rf"{prefix}:db\..*",
            item=f"PostgreSQL {{}} {zones}",
            seen=peer("db_instance"),
        )
        for zones, prefix in (("Single-AZ", "InstanceUsage"), ("Multi-AZ", "Multi-AZUsage"))
    ),
)

EC2_FILTERS = {
    "operatingSystem": "Linux",
    "tenancy": "Shared",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "licenseModel": "No License required",
    "marketoption": "OnDemand",
}
"""Filters that leave one product per EC2 instance type."""
