"""Amazon GuardDuty. https://aws.amazon.com/guardduty/pricing/"""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote

_FEATURES = {
    "S3_DATA_EVENTS": ("monthly_s3_data_events", "S3 data events", "S3 data events, first 500M", "1M events", 1_000_000),
    "EKS_AUDIT_LOGS": ("monthly_eks_audit_events", "EKS audit log events", "EKS audit log events, first 100M", "1M events", 1_000_000),
    "EBS_MALWARE_PROTECTION": ("monthly_malware_scan_gb", "EBS volumes scanned", "malware protection EBS scan", "GB", 1),
    "EKS_RUNTIME_MONITORING": ("monitored_vcpus", "Runtime monitoring", "runtime monitoring EKS, first 500 vCPU", "vCPUs", 1),
    "RUNTIME_MONITORING": ("monitored_vcpus", "Runtime monitoring", "runtime monitoring EC2, first 500 vCPU", "vCPUs", 1),
    "LAMBDA_NETWORK_LOGS": ("monthly_lambda_network_gb", "Lambda network logs", "Lambda network logs, first 500 GB", "GB", 1),
}
_BASE = ("monthly_cloudtrail_events", "monthly_flow_and_dns_gb")
_DATABASES = ("aws:rds/instance:Instance", "aws:rds/clusterInstance:ClusterInstance")
_WATCHED = ("postgres", "aurora")
"""Engines whose logins GuardDuty reads: Aurora and RDS for PostgreSQL."""
FEATURE = "aws:guardduty/detectorFeature:DetectorFeature"


@priced("aws:guardduty/detector:Detector", service="GuardDuty", usage=(*_BASE, *dict.fromkeys(row[0] for row in _FEATURES.values())))
def detector(quote: Quote) -> None:
    """The foundation, and the protection plans that its deprecated `datasources` block turns on."""
    if not quote.flag("enable", default=True):
        quote.free("enable is false")
        return
    events = quote.price("GuardDuty", "CloudTrail management events")
    quote.metered("CloudTrail management events", "1M events", _BASE[0], events, scale=1_000_000)
    quote.metered("VPC flow and DNS logs", "GB", _BASE[1], quote.price("GuardDuty", "VPC flow + DNS logs, first 500 GB"))
    if quote.flag("datasources.s3Logs.enable"):
        _add(quote, "S3_DATA_EVENTS")
    if quote.flag("datasources.kubernetes.auditLogs.enable"):
        _add(quote, "EKS_AUDIT_LOGS")


@priced(FEATURE, service="GuardDuty", usage=(*dict.fromkeys(row[0] for row in _FEATURES.values()), "monitored_acus"))
def feature(quote: Quote) -> None:
    name = quote.text("name")
    if quote.text("status") == "DISABLED":
        quote.free("status is DISABLED")
    elif name in _FEATURES:
        _add(quote, name)
    elif name == "RDS_LOGIN_EVENTS":
        _databases(quote)
    else:
        quote.unknown(f"no price of GuardDuty feature {name or 'unknown'}")


def _add(quote: Quote, feature: str) -> None:
    key, name, item, unit, scale = _FEATURES[feature]
    quote.metered(name, unit, key, quote.price("GuardDuty", item), scale=scale)


def _databases(quote: Quote) -> None:
    """Charged by the vCPUs of the databases in the plan; for Aurora serverless by capacity units, which are an assumption."""
    watched = [one for token in _DATABASES for one in quote.of_type(token) if str(one.inputs.get("engine")).startswith(_WATCHED)]
    classes = [str(one.inputs.get("instanceClass")).removeprefix("db.") for one in watched]
    kinds = [(name, quote.instance(name)) for name in classes if name != "serverless"]
    unknown = [name for name, kind in kinds if kind is None]
    if not classes:
        quote.free("no database in the plan whose logins GuardDuty reads")
    elif unknown:
        quote.unknown(f"the vCPUs of db.{', db.'.join(unknown)} are not in the price data")
    elif kinds:
        total = sum((kind.vcpus for _, kind in kinds if kind), Decimal(0))
        quote.add("Database vCPUs watched", "vCPUs", total, quote.price("GuardDuty", "RDS protection, provisioned"))
    if "serverless" in classes:
        quote.metered("Aurora capacity units watched", "ACUs", "monitored_acus", quote.price("GuardDuty", "RDS protection, serverless v2"))
