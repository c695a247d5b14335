"""Notebooks with a SageMaker domain."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.key import USE
from infra.policy_document import allow
from infra.service_role import ServiceRole, ServiceRoleArgs, from_account
from mlctl.config.platform import Notebooks
from mlctl.config.team import Team


@dataclass(frozen=True, slots=True, kw_only=True)
class NotebookDomainArgs:
    """Where the domain stands, and who works in it."""

    domain_name: str
    account: str
    region: str
    settings: Notebooks
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]
    key_arn: pulumi.Input[str]
    data_buckets: Sequence[pulumi.Input[str]]
    """ARNs of the buckets that notebooks read."""
    teams: Sequence[Team]


class NotebookDomain(pulumi.ComponentResource):
    """Creates a role that reads data; a security group without entry; the domain, reachable through the VPC only, its disks encrypted, idle
    apps shut down; and a user profile per team.
    """

    def __init__(self, name: str, args: NotebookDomainArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:NotebookDomain", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        role = self._role()
        idle: aws.sagemaker.DomainDefaultUserSettingsJupyterLabAppSettingsAppLifecycleManagementIdleSettingsArgsDict = {
            "lifecycle_management": "ENABLED",
            "idle_timeout_in_minutes": args.settings.idle_minutes,
            "min_idle_timeout_in_minutes": 60,
            "max_idle_timeout_in_minutes": max(args.settings.idle_minutes, 60),
        }
        domain = aws.sagemaker.Domain(
            name,
            domain_name=args.domain_name,
            auth_mode="IAM",
            app_network_access_type="VpcOnly",
            vpc_id=args.vpc_id,
            subnet_ids=args.subnet_ids,
            kms_key_id=args.key_arn,
            default_user_settings={
                "execution_role": role.arn,
                "security_groups": [self._security_group().id],
                "jupyter_lab_app_settings": {
                    "default_resource_spec": {"instance_type": args.settings.instance_type},
                    "app_lifecycle_management": {"idle_settings": idle},
                },
                "space_storage_settings": {
                    "default_ebs_storage_settings": {
                        "default_ebs_volume_size_in_gb": args.settings.storage_gib,
                        "maximum_ebs_volume_size_in_gb": 5 * args.settings.storage_gib,
                    }
                },
                "sharing_settings": {"notebook_output_option": "Disabled"},
            },
            default_space_settings={"execution_role": role.arn},
            retention_policy={"home_efs_file_system": "Delete"},
            opts=self._child,
        )
        for team in args.teams:
            aws.sagemaker.UserProfile(
                f"{name}-{team.name}",
                domain_id=domain.id,
                user_profile_name=team.name,
                tags={"team": team.name, "cost-centre": team.cost_centre},
                opts=self._child,
            )
        self.domain_id, self.url = domain.id, domain.url
        self.register_outputs({"domain_id": self.domain_id})

    def _role(self) -> ServiceRole:
        args = self._args
        objects = [pulumi.Output.concat(arn, "/*") for arn in args.data_buckets]
        apps = f"arn:aws:sagemaker:{args.region}:{args.account}"
        return ServiceRole(
            self._name,
            ServiceRoleArgs(
                services=["sagemaker.amazonaws.com"],
                description="Notebooks: read data, run one's own apps",
                statements=[
                    allow("ReadData", actions=("s3:GetObject",), resources=objects),
                    allow("ListData", actions=("s3:ListBucket",), resources=list(args.data_buckets)),
                    allow("UseKey", actions=USE, resources=args.key_arn),
                    allow(
                        "OwnApps",
                        actions=("sagemaker:CreateApp", "sagemaker:DeleteApp", "sagemaker:DescribeApp"),
                        resources=f"{apps}:app/*",
                    ),
                ],
                trust_condition=from_account(args.account),
            ),
            self._child,
        )

    def _security_group(self) -> aws.ec2.SecurityGroup:
        group = aws.ec2.SecurityGroup(
            self._name, description="Notebooks: out to HTTPS, nothing in", vpc_id=self._args.vpc_id, opts=self._child
        )
        aws.vpc.SecurityGroupEgressRule(
            self._name,
            security_group_id=group.id,
            description="AWS services and package indexes",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4="0.0.0.0/0",
            opts=self._child,
        )
        return group
