"""Amazon EC2: instances, Auto Scaling groups, launch templates and configurations. https://aws.amazon.com/ec2/pricing/on-demand/"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from mlctl.cost.catalogue import priced
from mlctl.cost.price import HOURS, Price, unpriced
from mlctl.cost.quote import Quote
from mlctl.cost.services.ebs import Disk, add_disk, disk
from mlctl.cost.values import as_number, as_text, inside, mappings, times
from mlctl.plan.model import Resource
from mlctl.plan.placeholder import contains_placeholder

TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"
_CONFIGURATION = "aws:ec2/launchConfiguration:LaunchConfiguration"
_METRICS = 7
"""Metrics that detailed monitoring of one instance adds."""
_CHARGED_FOR_EBS = frozenset(f"{family}.{size}" for family in ("c3", "m3", "r3") for size in ("xlarge", "2xlarge", "4xlarge"))
"""Old types for which EBS optimisation costs extra; newer ones include it."""
_CREDITS = ("monthly_cpu_credit_hrs", "vcpu_count")


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What is known of the instances to be priced."""

    type: str | None = None
    """None where it is not known yet."""
    dedicated: bool = False
    monitored: bool = False
    ebs_optimized: bool = False
    credits: str | None = None
    """`unlimited` or `standard`; None leaves it to AWS."""
    spot: bool = False
    disks: Sequence[Disk] = field(default=())


def from_template(template: Resource | None) -> Machine:
    """What a launch template says; nothing where there is none."""
    settings: Mapping[str, Any] = template.inputs if template else {}
    disks = [disk(one["ebs"]) for one in mappings(settings.get("blockDeviceMappings")) if isinstance(one.get("ebs"), Mapping)]
    return Machine(
        type=as_text(settings.get("instanceType")),
        dedicated=inside(settings, "placement.tenancy") == "dedicated",
        monitored=bool(inside(settings, "monitoring.enabled")),
        ebs_optimized=str(settings.get("ebsOptimized")).lower() == "true",
        credits=inside(settings, "creditSpecification.cpuCredits"),
        spot=inside(settings, "instanceMarketOptions.marketType") == "spot",
        disks=disks,
    )


def _from_configuration(settings: Mapping[str, Any]) -> Machine:
    """A launch configuration: always a root disk, and monitored in detail unless it says otherwise."""
    root = next(iter(mappings(settings.get("rootBlockDevice"))), {})
    disks = [disk(root), *(disk(one) for one in mappings(settings.get("ebsBlockDevices")))]
    return Machine(
        type=as_text(settings.get("instanceType")),
        dedicated=settings.get("placementTenancy") == "dedicated",
        monitored=settings.get("enableMonitoring", True) is not False,
        ebs_optimized=bool(settings.get("ebsOptimized")),
        disks=disks,
    )


def add_machines(
    quote: Quote,
    machine: Machine,
    count: Decimal | None,
    *,
    most: Decimal | None = None,
    hours: Decimal | None = HOURS,
    spot_share: Decimal | None = None,
) -> None:
    """Add `count` machines for `hours` each, and their disks; `most` of them at the limit. `spot_share` of them, 0 to 1, are spot."""
    share = Decimal(int(machine.spot)) if spot_share is None else spot_share
    for spot, part in ((False, 1 - share), (True, share)):
        if part:
            _add_hours(quote, replace(machine, spot=spot), times(count, part), times(most, part) if most is not None else None, hours)
    if machine.monitored:
        metric = quote.price("CloudWatch", "custom metric, first 10,000")
        quote.add("EC2 detailed monitoring", "metrics", times(count, _METRICS), metric)
    _add_credits(quote, machine, count)
    if machine.ebs_optimized and machine.type in _CHARGED_FOR_EBS:
        quote.add("EBS-optimized usage", "hours", times(count, hours), quote.price("EC2", f"EBS-optimized {machine.type}"))
    for one in machine.disks:
        add_disk(quote, one, count, most=most)


def _add_hours(quote: Quote, machine: Machine, count: Decimal | None, most: Decimal | None, hours: Decimal | None) -> None:
    price, gpus = hourly(quote, machine)
    kind = "spot" if machine.spot else "on-demand"
    limit = times(most, hours) if most is not None else None
    cost = quote.add(
        f"Instance usage (Linux/UNIX, {kind}, {machine.type or 'type unknown'})", "hours", times(count, hours), price, most=limit
    )
    if gpus:
        quote.gpu(cost)


def hourly(quote: Quote, machine: Machine) -> tuple[Price, Decimal]:
    """(price of an hour, GPUs) of one machine. Spot is an estimate, with the assumed repeated hours added."""
    name = machine.type
    if not name or contains_placeholder(name):
        return unpriced("instanceType is known only after the update"), Decimal(0)
    kind = quote.instance(name)
    if machine.dedicated:
        return quote.price("EC2", f"dedicated {name}"), kind.gpus if kind else Decimal(0)
    if kind is None:
        return unpriced(f"no price of {name} in {quote.region}"), Decimal(0)
    if not machine.spot:
        return kind.on_demand, kind.gpus
    repeated = quote.around.usage.usage.spot_interruption_percent
    return kind.spot.times(1 + Decimal(repeated) / 100, f"{repeated} % of hours repeated after interruptions"), kind.gpus


def _add_credits(quote: Quote, machine: Machine, count: Decimal | None) -> None:
    family = (machine.type or "").split(".")[0]
    unlimited = machine.credits == "unlimited" or (machine.credits is None and family in ("t3", "t3a", "t4g"))
    hours, vcpus = (quote.usage(key) for key in _CREDITS)
    if unlimited and family in ("t2", "t3", "t3a", "t4g") and hours:
        price = quote.price("EC2", "CPU credits T3" if family in ("t3", "t3a") else f"CPU credits {family.upper()}")
        quote.add("CPU credits", "vCPU-hours", times(hours, vcpus, count), price, key=_CREDITS[0])


@priced("aws:ec2/instance:Instance", "aws:ec2/spotInstanceRequest:SpotInstanceRequest", service="EC2", usage=("monthly_hrs", *_CREDITS))
def instance(quote: Quote) -> None:
    machine = from_template(_template_of(quote, "launchTemplate", quote.raw("launchTemplate")))
    own = [disk(quote.mapping("rootBlockDevice")), *(disk(one) for one in quote.items("ebsBlockDevices"))]
    machine = replace(
        machine,
        type=as_text(quote.raw("instanceType")) or machine.type,
        dedicated=quote.text("tenancy") == "dedicated" or machine.dedicated,
        monitored=quote.flag("monitoring", default=machine.monitored),
        ebs_optimized=quote.flag("ebsOptimized", default=machine.ebs_optimized),
        credits=quote.get("creditSpecification.cpuCredits") or machine.credits,
        spot=quote.get("instanceMarketOptions.marketType") == "spot" or machine.spot,
        disks=[*own, *machine.disks],
    )
    hours = quote.usage("monthly_hrs")
    add_machines(quote, machine, Decimal(1), hours=HOURS if hours is None else hours)


@priced("aws:autoscaling/group:Group", service="EC2", usage=("instances", *_CREDITS))
def group(quote: Quote) -> None:
    machine = _machine_of_group(quote)
    desired = quote.number("desiredCapacity", quote.number("minSize", 0) or 1)
    count = quote.usage("instances")
    most = quote.number("maxSize")
    count = desired if count is None else count
    if count == 0:
        quote.free("desiredCapacity is 0")
        return
    add_machines(quote, machine, count, most=most, spot_share=_spot_share(quote, count))


def _machine_of_group(quote: Quote) -> Machine:
    if configuration := quote.raw("launchConfiguration"):
        found = quote.neighbour("launchConfiguration", configuration, _CONFIGURATION)
        return _from_configuration(found.inputs) if found else Machine()
    mixed = quote.raw("mixedInstancesPolicy")
    if mixed:
        specification = inside(mixed, "launchTemplate.launchTemplateSpecification")
        machine = from_template(_template_of(quote, "mixedInstancesPolicy", specification))
        first = next(iter(mappings(inside(mixed, "launchTemplate.overrides"))), {})
        return replace(machine, type=as_text(first.get("instanceType")) or machine.type)
    return from_template(_template_of(quote, "launchTemplate", quote.raw("launchTemplate")))


def _spot_share(quote: Quote, count: Decimal | None) -> Decimal | None:
    """The spot share of a group with mixed instances; None leaves it to the template."""
    distribution = inside(quote.raw("mixedInstancesPolicy"), "instancesDistribution")
    if not isinstance(distribution, Mapping) or not count:
        return None
    base = as_number(distribution.get("onDemandBaseCapacity", 0)) or Decimal(0)
    percent = as_number(distribution.get("onDemandPercentageAboveBaseCapacity", 100))
    on_demand = base + max(count - base, Decimal(0)) * (Decimal(100) if percent is None else percent) / 100
    return 1 - min(on_demand / count, Decimal(1))


def _template_of(quote: Quote, key: str, value: Any) -> Resource | None:
    """The launch template named in an input by id or name."""
    if not value:
        return None
    for name in ("id", "launchTemplateId", "name", "launchTemplateName"):
        if found := quote.neighbour(key, inside(value, name), TEMPLATE):
            return found
    return None


def template_of(quote: Quote) -> Resource | None:
    """The launch template of a node group."""
    return _template_of(quote, "launchTemplate", quote.raw("launchTemplate"))
