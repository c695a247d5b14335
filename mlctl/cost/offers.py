"""Where AWS's Price List API keeps each of our prices: the service code, and what in a product tells that it is this one.

A usage type begins with the region's name (`EU-NatGateway-Hours`, `USE1-Host:ml.m5.large`, `us-east-1-KMS-Keys`), which us-east-1 often
leaves out; only what follows is compared. Each offer says where its filter was read in public on 2026-11-20.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

REGION_PREFIX = r"(?:(?:[A-Z]{3,4}\d|EU|Global|[a-z]{2}(?:-[a-z]+)+-\d)-)?"
"""What stands before a usage type. `IA-` is none: it is the infrequent-access class of DynamoDB."""


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
    """Regular expression of the usage type after the region's name."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Further attributes that must be equal, and productFamily; sent to AWS as filters."""
    regional: bool = True
    """Whether AWS has a product per region. One for all of them has no region to filter by."""
    seen: str
    """Where the filter is published."""

    def matches(self, product: Mapping[str, Any]) -> bool:
        """Whether a product (its family beside its attributes, as AWS sends it) is this item."""
        attributes = product.get("attributes", {})
        known = {"productFamily": product.get("productFamily"), **attributes}
        usage = re.fullmatch(REGION_PREFIX + f"(?:{self.usage})", attributes.get("usagetype", ""))
        return usage is not None and all(known.get(key) == value for key, value in self.attributes.items())


def _offers(service: str, code: str, seen: str, *rows: tuple[str, str, str, dict[str, str]]) -> Iterator[Offer]:
    """Offers of one service that were read in one place: (item, unit, usage type, attributes)."""
    for item, unit, usage, attributes in rows:
        yield Offer(service=service, item=item, unit=unit, code=code, usage=usage, attributes=attributes, seen=seen)


def peer(name: str) -> str:
    return f"infracost/infracost internal/resources/aws/{name}.go"


_EC2, _VPC, _WATCH, _LAMBDA = "AmazonEC2", "AmazonVPC", "AmazonCloudWatch", "AWSLambda"
_AWS_SAMPLE = "AWS SDK reference, sample answer of GetProducts: CAN1-EBS:VolumeUsage.piops"
BILLS = "usage types in published bills and price lists: USE1-"

OFFERS: tuple[Offer, ...] = (
    *_offers(
        "EBS",
        _EC2,
        _AWS_SAMPLE,
        *(
            (f"{kind} storage", "GB-month", rf"EBS:VolumeUsage\.{kind}", {"volumeApiName": kind})
            for kind in ("gp2", "gp3", "io2", "sc1", "st1")
        ),
        ("io1 storage", "GB-month", r"EBS:VolumeUsage\.piops", {"volumeApiName": "io1"}),
    ),
    *_offers(
        "EBS",
        _EC2,
        peer("ebs_volume"),
        ("io1 IOPS", "IOPS-month", r"EBS:VolumeP-IOPS\.piops", {"volumeApiName": "io1"}),
        ("gp3 IOPS above 3,000", "IOPS-month", r"EBS:VolumeP-IOPS\.gp3", {"volumeApiName": "gp3"}),
        ("magnetic storage", "GB-month", r"EBS:VolumeUsage", {"volumeApiName": "standard"}),
    ),
    *_offers(
        "EBS",
        _EC2,
        peer("ebs_snapshot"),
        ("snapshot storage", "GB-month", r"EBS:SnapshotUsage", {"productFamily": "Storage Snapshot"}),
    ),
    *_offers(
        "VPC",
        _EC2,
        peer("nat_gateway"),
        ("NAT gateway", "hour", r"NatGateway-Hours", {"productFamily": "NAT Gateway"}),
        ("NAT gateway data processed", "GB", r"NatGateway-Bytes", {"productFamily": "NAT Gateway"}),
    ),
    *_offers(
        "VPC",
        _VPC,
        peer("vpc_endpoint"),
        ("interface endpoint", "hour", r"VpcEndpoint-Hours", {"productFamily": "VpcEndpoint"}),
        ("interface endpoint data, first 1 PB", "GB", r"VpcEndpoint-Bytes", {"productFamily": "VpcEndpoint"}),
    ),
    *_offers(
        "VPC",
        _VPC,
        BILLS + "PublicIPv4:InUseAddress",
        ("public IPv4 in use", "hour", r"PublicIPv4:InUseAddress", {}),
        ("public IPv4 idle", "hour", r"PublicIPv4:IdleAddress", {}),
    ),
    *_offers(
        "EKS",
        "AmazonEKS",
        BILLS + "AmazonEKS-Hours:extendedSupport",
        ("cluster, standard Kubernetes support", "cluster-hour", r"AmazonEKS-Hours:perCluster", {}),
        ("cluster, extended support surcharge", "cluster-hour", r"AmazonEKS-Hours:extendedSupport", {}),
    ),
    *_offers(
        "ELB",
        "AWSELB",
        peer("lb"),
        ("ALB hour", "hour", r"LoadBalancerUsage", {"productFamily": "Load Balancer-Application"}),
        ("ALB LCU", "LCU-hour", r"LCUUsage", {"productFamily": "Load Balancer-Application"}),
        ("NLB hour", "hour", r"LoadBalancerUsage", {"productFamily": "Load Balancer-Network"}),
        ("NLB LCU", "LCU-hour", r"LCUUsage", {"productFamily": "Load Balancer-Network"}),
    ),
    *_offers(
        "S3",
        "AmazonS3",
        peer("s3_standard_storage_class"),
        ("Standard storage, first 50 TB", "GB-month", r"TimedStorage-ByteHrs", {"volumeType": "Standard"}),
        ("Standard-IA storage", "GB-month", r"TimedStorage-SIA-ByteHrs", {}),
        ("PUT/COPY/POST/LIST requests, Standard", "request", r"Requests-Tier1", {"group": "S3-API-Tier1"}),
        ("GET and other requests, Standard", "request", r"Requests-Tier2", {"group": "S3-API-Tier2"}),
    ),
    *_offers(
        "ECR",
        "AmazonECR",
        peer("ecr_repository"),
        ("private repository storage", "GB-month", r"TimedStorage-ByteHrs", {"productFamily": "EC2 Container Registry"}),
    ),
    *_offers(
        "KMS",
        "awskms",
        peer("kms_key"),
        ("customer managed key", "key-month", r"KMS-Keys", {"productFamily": "Encryption Key"}),
        ("symmetric requests beyond free tier", "request", r"KMS-Requests", {}),
    ),
    *_offers(
        "Secrets Manager",
        "AWSSecretsManager",
        peer("secretsmanager_secret"),
        ("secret", "secret-month", r".*", {"productFamily": "Secret"}),
        ("API calls", "request", r".*", {"productFamily": "API Request"}),
    ),
    *_offers(
        "CloudWatch",
        _WATCH,
        peer("cloudwatch_log_group"),
        ("logs ingestion, standard class", "GB", r"DataProcessing-Bytes", {"productFamily": "Data Payload"}),
        ("logs storage", "GB-month", r"TimedStorage-ByteHrs", {"productFamily": "Storage Snapshot"}),
    ),
    *_offers(
        "CloudWatch",
        _WATCH,
        peer("cloudwatch_metric_alarm"),
        ("alarm, standard resolution", "alarm-month", r"CW:AlarmMonitorUsage", {"productFamily": "Alarm", "alarmType": "Standard"}),
        ("alarm, high resolution", "alarm-month", r"CW:HighRes\w*", {"productFamily": "Alarm", "alarmType": "High Resolution"}),
    ),
    *_offers(
        "CloudWatch",
        _WATCH,
        BILLS + "CW:MetricMonitorUsage",
        ("custom metric, first 10,000", "metric-month", r"CW:MetricMonitorUsage", {}),
    ),
    Offer(
        service="CloudWatch",
        item="dashboard (beyond 3 free)",
        unit="dashboard-month",
        code=_WATCH,
        usage=r"DashboardsUsageHour",
        attributes={"productFamily": "Dashboard"},
        regional=False,
        seen=peer("cloudwatch_dashboard"),
    ),
    *_offers(
        "SageMaker",
        "AmazonSageMaker",
        BILLS + "FeatureStore:WriteRequestUnits",
        ("feature store write request unit", "request-unit", r"FeatureStore:WriteRequestUnits", {}),
        ("feature store read request unit", "request-unit", r"FeatureStore:ReadRequestUnits", {}),
    ),
    *_offers(
        "EFS",
        "AmazonEFS",
        peer("efs_file_system"),
        ("Standard storage", "GB-month", r"TimedStorage-ByteHrs", {"productFamily": "Storage"}),
    ),
    *_offers(
        "Lambda",
        _LAMBDA,
        peer("lambda_function"),
        ("requests x86", "request", r"Request", {"group": "AWS-Lambda-Requests"}),
        ("duration x86, first 6B GB-s/month", "GB-second", r"Lambda-GB-Second", {"group": "AWS-Lambda-Duration"}),
        ("requests arm64", "request", r"Request-ARM", {"group": "AWS-Lambda-Requests-ARM"}),
        ("duration arm64, first 7.5B GB-s/month", "GB-second", r"Lambda-GB-Second-ARM", {"group": "AWS-Lambda-Duration-ARM"}),
    ),
    *_offers(
        "DynamoDB",
        "AmazonDynamoDB",
        peer("dynamodb_table"),
        ("on-demand read request unit", "RRU", r"ReadRequestUnits", {"group": "DDB-ReadUnits"}),
        ("on-demand write request unit", "WRU", r"WriteRequestUnits", {"group": "DDB-WriteUnits"}),
        ("storage, Standard class", "GB-month", r"TimedStorage-ByteHrs", {"productFamily": "Database Storage"}),
    ),
    *_offers(
        "API Gateway",
        "AmazonApiGateway",
        peer("apigatewayv2_api"),
        ("HTTP requests, first 300M", "request", r"ApiGatewayHttpRequest", {"productFamily": "API Calls"}),
        ("REST requests, first 333M", "request", r"ApiGatewayRequest", {"productFamily": "API Calls"}),
    ),
    *_offers(
        "SQS",
        "AWSQueueService",
        peer("sqs_queue"),
        ("standard queue requests", "request", r"Requests(-\w+)?", {"productFamily": "API Request", "queueType": "Standard"}),
    ),
    *_offers(
        "SNS",
        "AmazonSNS",
        peer("sns_topic"),
        ("API requests beyond free tier", "request", r"Requests(-\w+)?", {"productFamily": "API Request"}),
    ),
    *_offers(
        "Step Functions",
        "AmazonStates",
        peer("sfn_state_machine"),
        ("standard workflow transitions", "transition", r"StateTransition", {"productFamily": "AWS Step Functions"}),
    ),
)
"""Items that `mlctl prices refresh` can renew besides instances. What is not here keeps its row, and the command says so."""
