"""Volumes, NAT gateways, logs and the Kubernetes version."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from mlctl.cost.advice.line import Advice, Evidence
from mlctl.cost.money import plain
from mlctl.cost.price import HOURS
from mlctl.cost.values import as_number

_NAT = "aws:ec2/natGateway:NatGateway"
_LOGS = "aws:cloudwatch/logGroup:LogGroup"
_KEPT_DAYS = Decimal(90)


def gp3_advice(evidence: Evidence) -> Iterator[Advice]:
    """gp2 volumes, which gp3 outdoes for less."""
    old, new = evidence.usd("EBS", "gp2 storage"), evidence.usd("EBS", "gp3 storage")
    if old is None or new is None:
        return
    for one in evidence.estimate.resources:
        gigabytes = sum(
            (part.monthly_quantity for part in one.components if "gp2" in part.name and part.unit_price == old and part.monthly_quantity),
            Decimal(0),
        )
        if gigabytes:
            yield Advice(
                kind="gp3",
                target=one.address,
                change="gp2 → gp3",
                saving_usd=gigabytes * (old - new),
                arithmetic=f"{plain(gigabytes)} GB × ({plain(old)} - {plain(new)}) USD",
                risk="low",
                why="changed in place; above 1,000 GB set IOPS to what gp2 gave",
            )


def nat_advice(evidence: Evidence) -> Iterator[Advice]:
    """One NAT gateway instead of one per zone, with the traffic between zones that this adds."""
    gateways = list(evidence.estimate.of_type(_NAT))
    hour, address = evidence.usd("VPC", "NAT gateway"), evidence.usd("VPC", "public IPv4 in use")
    crossing = evidence.usd("Data Transfer", "Intra-region data transfer")
    count = len(gateways)
    if count < 2 or hour is None or address is None or crossing is None:
        return
    parts = [part for one in gateways for part in one.components if part.usage_key == "monthly_data_processed_gb"]
    data = sum((part.monthly_quantity or Decimal(0) for part in parts), Decimal(0))
    moved = data * (count - 1) / count
    fixed = (count - 1) * HOURS * (hour + address)
    yield Advice(
        kind="one NAT gateway",
        target="network.nat",
        change="per_zone → single",
        saving_usd=fixed - moved * 2 * crossing,
        arithmetic=f"{count - 1} × {HOURS} h × ({plain(hour)} + {plain(address)}) USD, less {plain(round(moved, 1))} GB × 2 × "
        f"{plain(crossing)} USD between zones",
        risk="high" if evidence.environment.production else "low",
        why="the loss of one zone takes the way out of all others with it",
    )


def log_advice(evidence: Evidence) -> Iterator[Advice]:
    """Logs that are kept longer than 90 days."""
    inputs = {resource.urn: resource.inputs for resource in evidence.of_type(_LOGS)}
    saving, groups = Decimal(0), 0
    for one in evidence.estimate.of_type(_LOGS):
        days = as_number(inputs[one.urn].get("retentionInDays")) or Decimal(365)
        stored = next((part.monthly_usd for part in one.components if part.name == "Archival storage"), None)
        if stored and days > _KEPT_DAYS:
            saving += stored * (1 - _KEPT_DAYS / days)
            groups += 1
    if saving:
        yield Advice(
            kind="log retention",
            target="security.log_retention_days, network.flow_log_retention_days",
            change=f"{_KEPT_DAYS} days for {groups} log groups",
            saving_usd=saving,
            arithmetic=f"storage of {groups} groups × (1 - {_KEPT_DAYS} days / their retention)",
            risk="high" if evidence.environment.production else "medium",
            why="auditors may ask for longer: check the retention policy; audit evidence is kept elsewhere",
        )


def support_advice(evidence: Evidence) -> Iterator[Advice]:
    """A Kubernetes version in extended support costs six times as much."""
    for one in evidence.estimate.of_type("aws:eks/cluster:Cluster"):
        for part in one.components:
            if part.name.startswith("Extended support") and part.monthly_usd and part.unit_price:
                yield Advice(
                    kind="Kubernetes version",
                    target="cluster.version",
                    change="upgrade to a version in standard support",
                    saving_usd=part.monthly_usd,
                    arithmetic=f"{HOURS} h × {plain(part.unit_price)} USD",
                    risk="medium",
                    why="removed APIs: run the upgrade in dev first",
                )
