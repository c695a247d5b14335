"""The Postgres database of MLflow and of the workflow archive."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.key import Key, KeyArgs
from infra.service_role import ServiceRole, ServiceRoleArgs, from_account
from mlctl.config.platform import Database as Settings

MAJOR = "17"
"""Postgres major version; minor ones are installed by AWS in the maintenance window."""

NAME = "mlplatform"
"""Database and administrator. MLflow and Argo Workflows keep their tables side by side; no table of one is called like one of the other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseArgs:
    """Where it stands, who reaches it, how large and how safe it is."""

    prefix: str
    account: str
    region: str
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]
    """Isolated subnets."""
    client_security_group_id: pulumi.Input[str]
    """Members may connect: the cluster's nodes and pods."""
    secrets_key_arn: pulumi.Input[str]
    logs_key_arn: pulumi.Input[str]
    log_retention_days: int
    key_deletion_window_days: int
    settings: Settings


class Database(pulumi.ComponentResource):
    """Creates a key; a subnet group of isolated subnets; a security group that lets the cluster in; parameters that demand TLS; log groups
    with retention; a monitoring role; and the instance: encrypted, private, backed up, its password made and rotated by RDS.
    """

    def __init__(self, name: str, args: DatabaseArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:Database", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._identifier = f"{args.prefix}-platform"
        self.instance = self._instance(self._key(), self._security_group(), self._log_groups())
        self.endpoint = self.instance.address
        self.secret_arn = self.instance.master_user_secrets[0].secret_arn
        self.register_outputs({"endpoint": self.endpoint, "secret_arn": self.secret_arn})

    def _key(self) -> Key:
        args = self._args
        return Key(
            f"{self._name}-key",
            KeyArgs(
                alias=f"{args.prefix}-database",
                description="Database of MLflow and the workflow archive, its snapshots and its performance data",
                account=args.account,
                region=args.region,
                via_services=["rds"],
                deletion_window_days=args.key_deletion_window_days,
            ),
            self._child,
        )

    def _security_group(self) -> aws.ec2.SecurityGroup:
        group = aws.ec2.SecurityGroup(
            self._name, description="Postgres: in from the cluster, nothing out", vpc_id=self._args.vpc_id, opts=self._child
        )
        aws.vpc.SecurityGroupIngressRule(
            self._name,
            security_group_id=group.id,
            description="Postgres from the cluster",
            ip_protocol="tcp",
            from_port=5432,
            to_port=5432,
            referenced_security_group_id=self._args.client_security_group_id,
            opts=self._child,
        )
        return group

    def _log_groups(self) -> list[aws.cloudwatch.LogGroup]:
        return [
            aws.cloudwatch.LogGroup(
                f"{self._name}-{kind}",
                name=f"/aws/rds/instance/{self._identifier}/{kind}",
                retention_in_days=self._args.log_retention_days,
                kms_key_id=self._args.logs_key_arn,
                opts=self._child,
            )
            for kind in ("postgresql", "upgrade")
        ]

    def _instance(self, key: Key, group: aws.ec2.SecurityGroup, logs: Sequence[pulumi.Resource]) -> aws.rds.Instance:
        args, settings = self._args, self._args.settings
        subnets = aws.rds.SubnetGroup(self._name, subnet_ids=args.subnet_ids, opts=self._child)
        monitoring = ServiceRole(
            f"{self._name}-monitoring",
            ServiceRoleArgs(
                services=["monitoring.rds.amazonaws.com"],
                description="Operating system metrics of the database",
                managed_policies=["arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"],
                trust_condition=from_account(args.account),
            ),
            self._child,
        )
        return aws.rds.Instance(
            self._name,
            identifier=self._identifier,
            engine="postgres",
            engine_version=MAJOR,
            instance_class=settings.instance_class,
            db_name=NAME,
            username=NAME,
            manage_master_user_password=True,
            master_user_secret_kms_key_id=args.secrets_key_arn,
            allocated_storage=settings.storage_gib,
            max_allocated_storage=max(settings.maximum_storage_gib, settings.storage_gib),
            storage_type="gp3",
            storage_encrypted=True,
            kms_key_id=key.arn,
            multi_az=settings.multi_zone,
            db_subnet_group_name=subnets.name,
            vpc_security_group_ids=[group.id],
            publicly_accessible=False,
            parameter_group_name=self._parameters().name,
            iam_database_authentication_enabled=True,
            backup_retention_period=settings.backup_days,
            copy_tags_to_snapshot=True,
            deletion_protection=settings.deletion_protection,
            skip_final_snapshot=not settings.deletion_protection,
            final_snapshot_identifier=f"{self._identifier}-final" if settings.deletion_protection else None,
            auto_minor_version_upgrade=True,
            enabled_cloudwatch_logs_exports=["postgresql", "upgrade"],
            performance_insights_enabled=True,
            performance_insights_kms_key_id=key.arn,
            performance_insights_retention_period=7,
            monitoring_interval=60,
            monitoring_role_arn=monitoring.arn,
            opts=pulumi.ResourceOptions(parent=self, depends_on=list(logs)),
        )

    def _parameters(self) -> aws.rds.ParameterGroup:
        return aws.rds.ParameterGroup(
            self._name,
            family=f"postgres{MAJOR}",
            parameters=[
                {"name": "rds.force_ssl", "value": "1"},
                {"name": "log_min_duration_statement", "value": "1000"},
                {"name": "log_statement", "value": "ddl"},
            ],
            opts=self._child,
        )
