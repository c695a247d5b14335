"""Account-wide guards: trail, threat detection, keys, log archive."""

from __future__ import annotations

from pydantic import Field

from mlctl.config.base import LogRetentionDays, Section


class Security(Section):
    """Switches of the foundation stack. Turn one off only where another account does the job."""

    cloudtrail: bool = True
    """An all-region, validated, encrypted trail. Off where an organisation trail exists."""
    guardduty: bool = True
    """GuardDuty with EKS and S3 protection. Off where a delegated administrator enables it."""
    config_recorder: bool = True
    """AWS Config recorder. Off where Control Tower records."""
    access_analyzer: bool = True
    """IAM Access Analyzer for this account."""
    github_oidc_provider: bool = True
    """Create the GitHub identity provider. Off where the account has it already (one per account)."""
    kms_deletion_window_days: int = Field(default=30, ge=7, le=30)
    """Days a deleted key can still be rescued."""
    log_retention_days: LogRetentionDays = 90
    """How long CloudWatch log groups are kept, days."""
    archive_retention_days: int = Field(default=400, ge=1)
    """How long the log archive and audit evidence are locked against deletion, days. From your retention policy."""
