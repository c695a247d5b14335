"""One name for a service in the estimate, in FOCUS and in Cost Explorer, so that an estimate can be held against a bill.

AWS bills disks, NAT gateways and traffic as EC2, and nodes by their machines: what the bill does not tell apart is one name here.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from mlctl.finops.charge import Kind, Subject

CLUSTER = "EKS, its nodes and volumes"
NETWORK = "EC2, EBS, VPC and data transfer"
_ESTIMATED = {
    "EKS": CLUSTER,
    "Kubernetes volumes and load balancers": CLUSTER,
    "EC2": NETWORK,
    "EBS": NETWORK,
    "VPC": NETWORK,
    "Data Transfer": NETWORK,
    "Aurora": "RDS",
}
"""Names of mlctl/cost that stand together; every other is its own."""
_BILLED = {
    "Amazon API Gateway": "API Gateway",
    "Amazon Athena": "Athena",
    "AWS Backup": "Backup",
    "AWS Budgets": "Budgets",
    "Amazon CloudFront": "CloudFront",
    "AWS CloudTrail": "CloudTrail",
    "AmazonCloudWatch": "CloudWatch",
    "Amazon CloudWatch": "CloudWatch",
    "CodeBuild": "CodeBuild",
    "AWS CodeBuild": "CodeBuild",
    "AWS Config": "Config",
    "AWS Data Transfer": NETWORK,
    "Amazon DynamoDB": "DynamoDB",
    "Amazon Elastic Compute Cloud": NETWORK,
    "Amazon Elastic Compute Cloud - Compute": NETWORK,
    "EC2 - Other": NETWORK,
    "Amazon Virtual Private Cloud": NETWORK,
    "Amazon EC2 Container Registry (ECR)": "ECR",
    "Amazon Elastic Container Registry": "ECR",
    "Amazon Elastic Container Service": "ECS",
    "Amazon Elastic Container Service for Kubernetes": CLUSTER,
    "Amazon Elastic Kubernetes Service": CLUSTER,
    "Amazon ElastiCache": "ElastiCache",
    "Amazon Elastic File System": "EFS",
    "Amazon Elastic Load Balancing": "ELB",
    "Elastic Load Balancing": "ELB",
    "Amazon EventBridge": "EventBridge",
    "CloudWatch Events": "EventBridge",
    "Amazon FSx": "FSx",
    "AWS Glue": "Glue",
    "Amazon GuardDuty": "GuardDuty",
    "AWS Key Management Service": "KMS",
    "Amazon Kinesis": "Kinesis",
    "AWS Lambda": "Lambda",
    "Amazon Managed Streaming for Apache Kafka": "MSK",
    "Amazon Managed Workflows for Apache Airflow": "MWAA",
    "Amazon Managed Grafana": "Managed Grafana",
    "AWS Network Firewall": "Network Firewall",
    "Amazon OpenSearch Service": "OpenSearch",
    "Amazon Redshift": "Redshift",
    "Amazon Relational Database Service": "RDS",
    "Amazon Route 53": "Route 53",
    "Amazon SageMaker": "SageMaker",
    "AWS Secrets Manager": "Secrets Manager",
    "Amazon Simple Notification Service": "SNS",
    "Amazon Simple Queue Service": "SQS",
    "Amazon Simple Storage Service": "S3",
    "AWS Step Functions": "Step Functions",
    "AWS Systems Manager": "Systems Manager",
}
_OF_THE_CLUSTER = (Kind.NODES, Kind.WORKLOAD, Kind.IDLE, Kind.SHARED, Kind.DIFFERENCE)


def billed_service(subject: Subject) -> str:
    """The common name of what a charge is for; a name that is not known here stays as it is."""
    return CLUSTER if subject.kind in _OF_THE_CLUSTER else _BILLED.get(subject.service, subject.service)


def estimated_services(amounts: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """An estimate's amounts by common name."""
    sums: dict[str, Decimal] = {}
    for name, usd in amounts.items():
        common = _ESTIMATED.get(name, name)
        sums[common] = sums.get(common, Decimal(0)) + usd
    return sums
