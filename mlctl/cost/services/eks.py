"""Amazon EKS: control planes, managed node groups, Fargate. https://aws.amazon.com/eks/pricing/"""

from __future__ import annotations

from datetime import date

from mlctl.cost.catalogue import priced
from mlctl.cost.price import HOURS
from mlctl.cost.quote import Quote
from mlctl.cost.services.ebs import Disk
from mlctl.cost.services.ec2 import Machine, add_machines, from_template, template_of
from mlctl.cost.values import as_text, times

END_OF_STANDARD_SUPPORT = {
    "1.28": date(2024, 11, 26),
    "1.29": date(2025, 3, 23),
    "1.30": date(2025, 7, 23),
    "1.31": date(2025, 11, 26),
    "1.32": date(2026, 3, 23),
    "1.33": date(2026, 7, 29),
    "1.34": date(2026, 12, 2),
    "1.35": date(2027, 3, 27),
}
"""Last day of standard support, from the EKS release calendar as listed on endoflife.date/amazon-eks, read 2026-11-20. From the day after,
AWS charges extended support. A version that is not listed is newer and taken to be in standard support."""


@priced("aws:eks/cluster:Cluster", service="EKS")
def cluster(quote: Quote) -> None:
    quote.add("EKS cluster", "hours", HOURS, quote.price("EKS", "cluster, standard Kubernetes support"))
    version = quote.text("version")
    last_day = END_OF_STANDARD_SUPPORT.get(version)
    if last_day and quote.around.today > last_day and quote.get("upgradePolicy.supportType") != "STANDARD":
        name = f"Extended support of Kubernetes {version} (standard support ended {last_day})"
        quote.add(name, "hours", HOURS, quote.price("EKS", "cluster, extended support surcharge"))
    if quote.flag("computeConfig.enabled"):
        quote.unknown("the fee of EKS Auto Mode depends on the instances it starts")


@priced("aws:eks/nodeGroup:NodeGroup", service="EKS", usage=("instances", "monthly_cpu_credit_hrs", "vcpu_count"))
def node_group(quote: Quote) -> None:
    template = template_of(quote)
    machine = from_template(template)
    types = quote.raw("instanceTypes")
    first = as_text(types[0]) if isinstance(types, list) and types else None
    kind = first or machine.type or "t3.medium"
    disks = machine.disks
    if template is None:
        disks = [Disk(size=quote.number("diskSize", 20))]
    machine = Machine(
        type=kind,
        dedicated=machine.dedicated,
        monitored=machine.monitored,
        credits=machine.credits,
        spot=quote.text("capacityType") == "SPOT" or machine.spot,
        disks=disks,
    )
    count = quote.usage("instances")
    desired = quote.number("scalingConfig.desiredSize", quote.number("scalingConfig.minSize", 1))
    add_machines(quote, machine, desired if count is None else count, most=quote.number("scalingConfig.maxSize"))


@priced("aws:eks/fargateProfile:FargateProfile", service="EKS", usage=("average_pods", "pod_vcpus", "pod_memory_gb"))
def fargate_profile(quote: Quote) -> None:
    """Pods that match the profile, each rounded up by AWS to one of its sizes."""
    pods = quote.usage("average_pods")
    vcpu_hours = times(pods, quote.usage("pod_vcpus"), HOURS)
    quote.add("Fargate vCPU", "vCPU-hours", vcpu_hours, quote.price("EKS", "Fargate vCPU"), key="average_pods")
    memory_hours = times(pods, quote.usage("pod_memory_gb"), HOURS)
    quote.add("Fargate memory", "GB-hours", memory_hours, quote.price("EKS", "Fargate memory"), key="average_pods")
