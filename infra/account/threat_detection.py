"""GuardDuty, and who hears of its findings."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

_FEATURES = ("S3_DATA_EVENTS", "EKS_AUDIT_LOGS", "EBS_MALWARE_PROTECTION", "RDS_LOGIN_EVENTS", "LAMBDA_NETWORK_LOGS")
_MEDIUM = 4
"""GuardDuty's severities: low from 1, medium from 4, high from 7, critical from 9."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreatDetectionArgs:
    """Who is told."""

    topic_arn: pulumi.Input[str]
    """Receives findings of medium severity and above."""


class ThreatDetection(pulumi.ComponentResource):
    """Creates the GuardDuty detector with protection of S3, EKS (audit logs and runtime), disks, databases and Lambda; and the rule that
    sends findings to the topic.
    """

    def __init__(self, name: str, args: ThreatDetectionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:account:ThreatDetection", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        detector = aws.guardduty.Detector(name, enable=True, finding_publishing_frequency="FIFTEEN_MINUTES", opts=child)
        for feature in _FEATURES:
            aws.guardduty.DetectorFeature(
                f"{name}-{feature.lower().replace('_', '-')}", detector_id=detector.id, name=feature, status="ENABLED", opts=child
            )
        aws.guardduty.DetectorFeature(
            f"{name}-runtime",
            detector_id=detector.id,
            name="RUNTIME_MONITORING",
            status="ENABLED",
            additional_configurations=[{"name": "EKS_ADDON_MANAGEMENT", "status": "ENABLED"}],
            opts=child,
        )
        pattern = {
            "source": ["aws.guardduty"],
            "detail-type": ["GuardDuty Finding"],
            "detail": {"severity": [{"numeric": [">=", _MEDIUM]}]},
        }
        rule = aws.cloudwatch.EventRule(
            name, description="GuardDuty findings of medium severity and above", event_pattern=json.dumps(pattern), opts=child
        )
        aws.cloudwatch.EventTarget(name, rule=rule.name, arn=args.topic_arn, opts=child)
        self.detector_id = detector.id
        self.register_outputs({"detector_id": self.detector_id})
