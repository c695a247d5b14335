"""Off-hours: what need not run at night and at weekends is stopped, and started again in the morning."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.finops.schedule import parse_off_hours
from infra.policy_document import Statement, allow
from infra.service_role import ServiceRole, ServiceRoleArgs, from_account

GROUP = "off-hours"
"""The Kubernetes group of the function."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """What is stopped and started."""

    node_pools: Sequence[str] = ()
    hub_namespace: str | None = None
    """Namespace of JupyterHub."""
    domain: pulumi.Input[str] | None = None
    """SageMaker domain whose apps are ended."""

    @property
    def anything(self) -> bool:
        return bool(self.node_pools or self.hub_namespace or self.domain is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class OffHoursArgs:
    """The schedule, and how the function reaches the cluster."""

    function_name: str
    code: Path
    """Folder of the function's package; `handler.handle` in it is called."""
    schedule: str
    """`off=(M-F,19);on=(M-F,7);tz=Europe/Dublin`."""
    stopped: Stopped
    account: str
    region: str
    cluster: pulumi.Input[str]
    endpoint: pulumi.Input[str]
    certificate: pulumi.Input[str]
    cluster_security_group_id: pulumi.Input[str]
    vpc_id: pulumi.Input[str]
    subnet_ids: pulumi.Input[Sequence[str]]
    logs_key_arn: pulumi.Input[str]
    data_key_arn: pulumi.Input[str]
    log_retention_days: int
    tags: Mapping[str, str] = field(default_factory=dict)


class OffHours(pulumi.ComponentResource):
    """Creates a function in the private subnets with its role, log group, security group and a queue for what failed; its access entry in
    the cluster; and two schedules in the configured time zone, one that stops and one that starts, with a role that may call the function.
    """

    def __init__(self, name: str, args: OffHoursArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:finops:OffHours", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self._failures = aws.sqs.Queue(
            f"{name}-failures", message_retention_seconds=1_209_600, kms_master_key_id=args.data_key_arn, opts=self._child
        )
        role = self._function_role()
        function = self._function(role, self._network())
        aws.eks.AccessEntry(
            name,
            cluster_name=args.cluster,
            principal_arn=role.arn,
            type="STANDARD",
            kubernetes_groups=[GROUP],
            opts=self._child,
        )
        self._schedules(function)
        self.register_outputs({"function": function.arn})

    def _function_role(self) -> ServiceRole:
        args = self._args
        log_group = f"arn:aws:logs:{args.region}:{args.account}:log-group:/aws/lambda/{args.function_name}:*"
        statements = [
            allow("WriteLogs", actions=("logs:CreateLogStream", "logs:PutLogEvents"), resources=log_group),
            allow("ReportFailures", actions=("sqs:SendMessage",), resources=self._failures.arn),
            allow("EncryptFailures", actions=("kms:Decrypt", "kms:GenerateDataKey"), resources=args.data_key_arn),
            *_domain_statements(args),
        ]
        # Network interfaces have no name before they exist: AWS's own policy for functions in a VPC.
        vpc = "arn:aws:iam::aws:policy/service-role/AWSLambdaENIManagementAccess"
        return ServiceRole(
            f"{self._name}-function",
            ServiceRoleArgs(
                services=["lambda.amazonaws.com"],
                description="Stops and starts what off-hours name",
                statements=statements,
                managed_policies=[vpc],
            ),
            self._child,
        )

    def _network(self) -> aws.ec2.SecurityGroup:
        args = self._args
        group = aws.ec2.SecurityGroup(
            self._name, description="Off-hours function: out to HTTPS, nothing in", vpc_id=args.vpc_id, opts=self._child
        )
        aws.vpc.SecurityGroupEgressRule(
            self._name,
            security_group_id=group.id,
            description="Cluster API, STS, SageMaker",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4="0.0.0.0/0",
            opts=self._child,
        )
        aws.vpc.SecurityGroupIngressRule(
            self._name,
            security_group_id=args.cluster_security_group_id,
            description="Off-hours function to the cluster API",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            referenced_security_group_id=group.id,
            opts=self._child,
        )
        return group

    def _function(self, role: ServiceRole, group: aws.ec2.SecurityGroup) -> aws.lambda_.Function:
        args = self._args
        logs = aws.cloudwatch.LogGroup(
            self._name,
            name=f"/aws/lambda/{args.function_name}",
            retention_in_days=args.log_retention_days,
            kms_key_id=args.logs_key_arn,
            opts=self._child,
        )
        files: dict[str, pulumi.Asset | pulumi.Archive] = {
            f"{args.code.name}/{file.name}": pulumi.FileAsset(os.path.relpath(file)) for file in sorted(args.code.glob("*.py"))
        }
        return aws.lambda_.Function(
            self._name,
            name=args.function_name,
            description="Stops and starts what off-hours name",
            runtime="python3.13",
            architectures=["arm64"],
            handler=f"{args.code.name}.handler.handle",
            code=pulumi.AssetArchive(files),
            role=role.arn,
            timeout=120,
            memory_size=256,
            reserved_concurrent_executions=1,
            kms_key_arn=args.data_key_arn,
            environment={
                "variables": {
                    "CLUSTER": args.cluster,
                    "ENDPOINT": args.endpoint,
                    "CERTIFICATE": args.certificate,
                    "REGION": args.region,
                }
            },
            vpc_config={"subnet_ids": args.subnet_ids, "security_group_ids": [group.id]},
            dead_letter_config={"target_arn": self._failures.arn},
            tracing_config={"mode": "PassThrough"},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[logs]),
        )

    def _schedules(self, function: aws.lambda_.Function) -> None:
        args = self._args
        role = ServiceRole(
            f"{self._name}-schedule",
            ServiceRoleArgs(
                services=["scheduler.amazonaws.com"],
                description="Calls the off-hours function",
                statements=[
                    allow("CallTheFunction", actions=("lambda:InvokeFunction",), resources=function.arn),
                    allow("ReportFailures", actions=("sqs:SendMessage",), resources=self._failures.arn),
                    allow("EncryptFailures", actions=("kms:Decrypt", "kms:GenerateDataKey"), resources=args.data_key_arn),
                ],
                trust_condition=from_account(args.account),
            ),
            self._child,
        )
        group = aws.scheduler.ScheduleGroup(self._name, name=args.function_name, opts=self._child)
        times = parse_off_hours(args.schedule)
        for action, cron in (("stop", times.stop), ("start", times.start)):
            aws.scheduler.Schedule(
                f"{self._name}-{action}",
                name=action,
                group_name=group.name,
                schedule_expression=cron,
                schedule_expression_timezone=times.time_zone,
                flexible_time_window={"mode": "OFF"},
                target={
                    "arn": function.arn,
                    "role_arn": role.arn,
                    "input": _event(action, args.stopped),
                    "retry_policy": {"maximum_retry_attempts": 5, "maximum_event_age_in_seconds": 3600},
                    "dead_letter_config": {"arn": self._failures.arn},
                },
                opts=self._child,
            )


def _event(action: str, stopped: Stopped) -> pulumi.Output[str]:
    event: dict[str, Any] = {
        "action": action,
        "node_pools": list(stopped.node_pools),
        "hub_namespace": stopped.hub_namespace,
        "domain": stopped.domain,
    }
    return pulumi.Output.json_dumps(event)


def _domain_statements(args: OffHoursArgs) -> list[Statement]:
    if args.stopped.domain is None:
        return []
    base = f"arn:aws:sagemaker:{args.region}:{args.account}"
    domain = pulumi.Output.from_input(args.stopped.domain)
    return [
        # Listing names no app before it has found one.
        allow("ListApps", actions=("sagemaker:ListApps",), resources=f"{base}:app/*"),
        allow("EndApps", actions=("sagemaker:DeleteApp",), resources=domain.apply(lambda name: f"{base}:app/{name}/*")),
    ]
