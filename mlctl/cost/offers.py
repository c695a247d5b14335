"""Where AWS's Price List API keeps each of our prices: the service code, and what in a product's attributes tells that it is this one.

A usage type begins with the region's short name (`EU-NatGateway-Hours`), which us-east-1 leaves out; only what follows is compared.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One price item, and how to find it."""

    service: str
    item: str
    """As in services.csv."""
    unit: str
    code: str
    """Service code of the Price List API."""
    usage: str
    """Regular expression of the usage type after the region's prefix."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Further attributes that must be equal; sent to AWS as filters."""
    divisor: Decimal = Decimal(1)
    """How many of our units one of AWS's units holds."""
    begin: str = "0"
    """Start of the price tier, in AWS's unit; None is the only one."""

    def matches(self, attributes: Mapping[str, str]) -> bool:
        """Whether a product's attributes are those of this item."""
        usage = re.sub(r"^[A-Z]{2,4}\d?-", "", attributes.get("usagetype", ""))
        return re.fullmatch(self.usage, usage) is not None and all(attributes.get(key) == value for key, value in self.attributes.items())


def _offer(service: str, item: str, unit: str, code: str, usage: str, begin: str = "0", **attributes: str) -> Offer:
    return Offer(service=service, item=item, unit=unit, code=code, usage=usage, attributes=attributes, begin=begin)


_EC2, _VPC, _WATCH = "AmazonEC2", "AmazonVPC", "AmazonCloudWatch"

OFFERS = (
    *(
        _offer("EBS", f"{kind} storage", "GB-month", _EC2, rf"EBS:VolumeUsage\.{kind}", volumeApiName=kind)
        for kind in ("gp2", "gp3", "io2", "sc1", "st1")
    ),
    _offer("EBS", "io1 storage", "GB-month", _EC2, r"EBS:VolumeUsage\.piops", volumeApiName="io1"),
    _offer("EBS", "io1 IOPS", "IOPS-month", _EC2, r"EBS:VolumeP-IOPS\.piops", volumeApiName="io1"),
    _offer("EBS", "gp3 IOPS above 3,000", "IOPS-month", _EC2, r"EBS:VolumeP-IOPS\.gp3", volumeApiName="gp3"),
    _offer("EBS", "magnetic storage", "GB-month", _EC2, r"EBS:VolumeUsage", volumeApiName="standard"),
    _offer("EBS", "snapshot storage", "GB-month", _EC2, r"EBS:SnapshotUsage", productFamily="Storage Snapshot"),
    _offer("VPC", "NAT gateway", "hour", _EC2, r"NatGateway-Hours", productFamily="NAT Gateway"),
    _offer("VPC", "NAT gateway data processed", "GB", _EC2, r"NatGateway-Bytes", productFamily="NAT Gateway"),
    _offer("VPC", "interface endpoint", "hour", _VPC, r"VpcEndpoint-Hours", productFamily="VpcEndpoint"),
    _offer("VPC", "interface endpoint data, first 1 PB", "GB", _VPC, r"VpcEndpoint-Bytes", productFamily="VpcEndpoint"),
    _offer("VPC", "public IPv4 in use", "hour", _VPC, r"PublicIPv4:InUseAddress"),
    _offer("VPC", "public IPv4 idle", "hour", _VPC, r"PublicIPv4:IdleAddress"),
    _offer("EKS", "cluster, standard Kubernetes support", "cluster-hour", "AmazonEKS", r"AmazonEKS-Hours:perCluster"),
    _offer("EKS", "cluster, extended support surcharge", "cluster-hour", "AmazonEKS", r"AmazonEKS-Hours:extendedSupport"),
    _offer("ELB", "ALB hour", "hour", "AWSELB", r"LoadBalancerUsage", productFamily="Load Balancer-Application"),
    _offer("ELB", "ALB LCU", "LCU-hour", "AWSELB", r"LCUUsage", productFamily="Load Balancer-Application"),
    _offer("ELB", "NLB hour", "hour", "AWSELB", r"LoadBalancerUsage", productFamily="Load Balancer-Network"),
    _offer("ELB", "NLB LCU", "LCU-hour", "AWSELB", r"LCUUsage", productFamily="Load Balancer-Network"),
    _offer("S3", "Standard storage, first 50 TB", "GB-month", "AmazonS3", r"TimedStorage-ByteHrs", volumeType="Standard"),
    _offer("S3", "Standard-IA storage", "GB-month", "AmazonS3", r"TimedStorage-SIA-ByteHrs"),
    _offer("S3", "PUT/COPY/POST/LIST requests, Standard", "request", "AmazonS3", r"Requests-Tier1", group="S3-API-Tier1"),
    _offer("S3", "GET and other requests, Standard", "request", "AmazonS3", r"Requests-Tier2", group="S3-API-Tier2"),
    _offer("ECR", "private repository storage", "GB-month", "AmazonECR", r"TimedStorage-ByteHrs"),
    _offer("KMS", "customer managed key", "key-month", "awskms", r"KMS-Keys"),
    _offer("KMS", "symmetric requests beyond free tier", "request", "awskms", r"KMS-Requests", begin="20000"),
    _offer("Secrets Manager", "secret", "secret-month", "AWSSecretsManager", r"AWSSecretsManager-Secrets"),
    _offer("Secrets Manager", "API calls", "request", "AWSSecretsManager", r"AWSSecretsManager-APIRequests?"),
    _offer("CloudWatch", "logs ingestion, standard class", "GB", _WATCH, r"DataProcessing-Bytes", group="Ingested Logs"),
    _offer("CloudWatch", "logs storage", "GB-month", _WATCH, r"TimedStorage-ByteHrs"),
    _offer("CloudWatch", "alarm, standard resolution", "alarm-month", _WATCH, r"CW:AlarmMonitorUsage"),
    _offer("CloudWatch", "alarm, high resolution", "alarm-month", _WATCH, r"CW:HighResAlarmMonitorUsage"),
    _offer("CloudWatch", "custom metric, first 10,000", "metric-month", _WATCH, r"CW:MetricMonitorUsage"),
    _offer("CloudWatch", "dashboard (beyond 3 free)", "dashboard-month", _WATCH, r"DashboardsUsageHour(-Basic)?"),
    _offer("EFS", "Standard storage", "GB-month", "AmazonEFS", r"TimedStorage-ByteHrs"),
    _offer("Lambda", "requests x86", "request", "AWSLambda", r"Request", group="AWS-Lambda-Requests"),
    _offer("Lambda", "duration x86, first 6B GB-s/month", "GB-second", "AWSLambda", r"Lambda-GB-Second", group="AWS-Lambda-Duration"),
    _offer("Lambda", "requests arm64", "request", "AWSLambda", r"Request-ARM", group="AWS-Lambda-Requests-ARM"),
    _offer(
        "Lambda",
        "duration arm64, first 7.5B GB-s/month",
        "GB-second",
        "AWSLambda",
        r"Lambda-GB-Second-ARM",
        group="AWS-Lambda-Duration-ARM",
    ),
    _offer("DynamoDB", "on-demand read request unit", "RRU", "AmazonDynamoDB", r"ReadRequestUnits", group="DDB-ReadUnits"),
    _offer("DynamoDB", "on-demand write request unit", "WRU", "AmazonDynamoDB", r"WriteRequestUnits", group="DDB-WriteUnits"),
    _offer("DynamoDB", "storage, Standard class", "GB-month", "AmazonDynamoDB", r"TimedStorage-ByteHrs", begin="25"),
    _offer("API Gateway", "HTTP requests, first 300M", "request", "AmazonApiGateway", r"ApiGatewayHttpRequest"),
    _offer("API Gateway", "REST requests, first 333M", "request", "AmazonApiGateway", r"ApiGatewayRequest"),
    _offer("SQS", "standard queue requests", "request", "AWSQueueService", r"Requests(-Tier1)?", begin="1000000", queueType="Standard"),
    _offer("SNS", "API requests beyond free tier", "request", "AmazonSNS", r"Requests-Tier1", begin="1000000"),
    _offer("Step Functions", "standard workflow transitions", "transition", "AmazonStates", r"StateTransition", begin="4000"),
)
"""Items that `mlctl prices refresh` can renew besides instances. What is not here keeps its row, and the command says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceOffer:
    """A service whose price depends on the instance type."""

    service: str
    code: str
    filters: Mapping[str, str]
    attribute: str
    """The attribute that names the instance type."""
    usage: str
    """Regular expression of the usage type after the region's prefix."""
    item: str
    """Item in services.csv, with `{}` for the instance type."""


INSTANCE_OFFERS = (
    *(
        InstanceOffer(
            service="SageMaker",
            code="AmazonSageMaker",
            filters={"productFamily": "ML Instance", "component": component},
            attribute="instanceName",
            usage=rf"{prefix}:ml\..*",
            item=f"{use} {{}}",
        )
        for use, component, prefix in (
            ("real-time hosting", "Hosting", "Host"),
            ("training job", "Training", "Train"),
            ("processing job", "Processing", "Processing"),
            ("batch transform", "Batch Transform", "Tsform"),
            ("notebook instance", "Notebook", "Notebk"),
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
