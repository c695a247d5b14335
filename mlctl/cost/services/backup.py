"""AWS Backup. https://aws.amazon.com/backup/pricing/"""

from __future__ import annotations

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote

_ROWS = (
    ("monthly_efs_warm_backup_gb", "EFS backup (warm)", "EFS backup, warm"),
    ("monthly_efs_cold_backup_gb", "EFS backup (cold)", "EFS backup, cold"),
    ("monthly_ebs_snapshot_gb", "EBS snapshot", "EBS snapshot"),
    ("monthly_rds_snapshot_gb", "RDS snapshot", "RDS snapshot"),
    ("monthly_dynamodb_backup_gb", "DynamoDB backup", "DynamoDB backup"),
    ("monthly_aurora_snapshot_gb", "Aurora snapshot", "Aurora snapshot"),
)


@priced("aws:backup/vault:Vault", service="Backup", usage=tuple(row[0] for row in _ROWS))
def vault(quote: Quote) -> None:
    for key, name, item in _ROWS:
        quote.metered(name, "GB", key, quote.price("Backup", item))
