"""Disks are of the cheap and fast kind."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import items
from policies.rule import resource_rule


@resource_rule(
    id="spend-disk-gp3",
    title="Disks are gp3",
    severity=Severity.LOW,
    types=("aws:ec2/launchTemplate:LaunchTemplate", "aws:ebs/volume:Volume", "aws:ec2/instance:Instance", "aws:rds/instance:Instance"),
    why="gp3 costs a fifth less than gp2 and is faster; io1 and io2 need a reason.",
    remediation="Set the volume type to gp3.",
    allowed={"blockDeviceMappings": [{"ebs": {"volumeType": "gp3"}}]},
    disallowed={"blockDeviceMappings": [{"ebs": {"volumeType": "gp2"}}]},
)
def disk_gp3(args: ResourceValidationArgs) -> Iterator[str]:
    if args.resource_type == "aws:rds/instance:Instance":
        kinds = [args.props.get("storageType", "gp2")]
    elif args.resource_type == "aws:ebs/volume:Volume":
        kinds = [args.props.get("type", "gp2")]
    else:
        disks = [mapping.get("ebs") or {} for mapping in items(args.props.get("blockDeviceMappings"))]
        disks += [disk for disk in (args.props.get("rootBlockDevice"), *items(args.props.get("ebsBlockDevices"))) if disk]
        kinds = [disk.get("volumeType", "gp2") for disk in disks if len(disk)]
    for kind in kinds:
        if kind != "gp3":
            yield f"has a disk of type {kind}"
