"""Disks are encrypted."""

from __future__ import annotations

from collections.abc import Iterator

from pulumi_policy import ResourceValidationArgs

from mlctl.finding import Severity
from policies.property import given, items, true
from policies.rule import resource_rule


@resource_rule(
    id="aws-ec2-disk-encrypted",
    title="Disks of instances are encrypted",
    severity=Severity.HIGH,
    types=("aws:ec2/launchTemplate:LaunchTemplate", "aws:ec2/instance:Instance", "aws:ebs/volume:Volume"),
    why="A detached or copied disk must not be readable.",
    remediation="Set encrypted to True on every block device.",
    allowed={"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"encrypted": "true"}}]},
    disallowed={"blockDeviceMappings": [{"deviceName": "/dev/xvda", "ebs": {"volumeSize": 50}}]},
)
def ec2_disk_encrypted(args: ResourceValidationArgs) -> Iterator[str]:
    if args.resource_type == "aws:ebs/volume:Volume":
        disks = {"the volume": args.props}
    elif args.resource_type == "aws:ec2/instance:Instance":
        disks = {"the root disk": args.props.get("rootBlockDevice") or {}}
        disks |= {str(disk.get("deviceName")): disk for disk in items(args.props.get("ebsBlockDevices"))}
    else:
        mappings = items(args.props.get("blockDeviceMappings"))
        disks = {str(mapping.get("deviceName")): mapping["ebs"] for mapping in mappings if given(mapping, "ebs")}
    for name, disk in disks.items():
        if not true(disk.get("encrypted")):
            yield f"{name} is not encrypted"
