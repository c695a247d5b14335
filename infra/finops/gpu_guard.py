"""The guard against GPU spend: at the configured share of the GPU budget, nobody gets new GPU capacity."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra.finops.gpu_instances import PATTERNS
from infra.policy_document import allow, deny, policy_document, trust_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class GpuGuardArgs:
    """When it acts, and on which roles."""

    prefix: str
    account: str
    budget_name: pulumi.Input[str]
    percent: int
    """Share of the GPU budget actually spent."""
    approval: Literal["AUTOMATIC", "MANUAL"]
    role_names: Sequence[pulumi.Input[str]]
    """Who could otherwise get GPUs: Karpenter's controller and the teams' workflows. Running nodes and endpoints go on."""
    topic_arn: pulumi.Input[str]
    email: str


class GpuGuard(pulumi.ComponentResource):
    """Creates a policy that refuses new GPU instances, in EC2 and in SageMaker; a role with which AWS Budgets may attach it to the given
    roles and to nothing else; and the budget action that does so. To lift it: Budgets console › the GPU budget › Actions › Reverse.
    """

    def __init__(self, name: str, args: GpuGuardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:finops:GpuGuard", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        policy = aws.iam.Policy(
            name,
            name=f"{args.prefix}-deny-new-gpus",
            description="Attached by AWS Budgets when the GPU budget is spent",
            policy=policy_document(*_refusal(args.account)),
            opts=child,
        )
        role = self._role(name, args, policy)
        aws.budgets.BudgetAction(
            name,
            budget_name=args.budget_name,
            action_type="APPLY_IAM_POLICY",
            approval_model=args.approval,
            notification_type="ACTUAL",
            action_threshold={"action_threshold_type": "PERCENTAGE", "action_threshold_value": args.percent},
            execution_role_arn=role.arn,
            definition={"iam_action_definition": {"policy_arn": policy.arn, "roles": list(args.role_names)}},
            subscribers=[
                {"address": args.topic_arn, "subscription_type": "SNS"},
                {"address": args.email, "subscription_type": "EMAIL"},
            ],
            opts=child,
        )
        self.policy_arn = policy.arn
        self.register_outputs({"policy_arn": self.policy_arn})

    def _role(self, name: str, args: GpuGuardArgs, policy: aws.iam.Policy) -> aws.iam.Role:
        child = pulumi.ResourceOptions(parent=self)
        here = {
            "StringEquals": {"aws:SourceAccount": args.account},
            "ArnLike": {"aws:SourceArn": f"arn:aws:budgets::{args.account}:budget/*"},
        }
        role = aws.iam.Role(name, assume_role_policy=trust_policy("budgets.amazonaws.com", condition=here), opts=child)
        roles = [pulumi.Output.concat(f"arn:aws:iam::{args.account}:role/", role_name) for role_name in args.role_names]
        this = {"ArnEquals": {"iam:PolicyARN": policy.arn}}
        attach = allow("AttachTheRefusal", actions=("iam:AttachRolePolicy", "iam:DetachRolePolicy"), resources=roles, condition=this)
        aws.iam.RolePolicy(name, role=role.name, policy=policy_document(attach), opts=child)
        return role


def _refusal(account: str) -> list[dict[str, object]]:
    ec2 = {"StringLike": {"ec2:InstanceType": list(PATTERNS)}}
    sagemaker = {"ForAnyValue:StringLike": {"sagemaker:InstanceTypes": [f"ml.{pattern}" for pattern in PATTERNS]}}
    kinds = ("training-job", "processing-job", "transform-job", "endpoint-config", "hyper-parameter-tuning-job")
    create = (
        "sagemaker:CreateEndpointConfig",
        "sagemaker:CreateHyperParameterTuningJob",
        "sagemaker:CreateProcessingJob",
        "sagemaker:CreateTrainingJob",
        "sagemaker:CreateTransformJob",
    )
    return [
        dict(
            deny(
                "NoNewGpuInstances",
                actions=("ec2:CreateFleet", "ec2:RunInstances"),
                resources=f"arn:aws:ec2:*:{account}:instance/*",
                condition=ec2,
            )
        ),
        dict(
            deny(
                "NoNewGpuJobs",
                actions=create,
                resources=[f"arn:aws:sagemaker:*:{account}:{kind}/*" for kind in kinds],
                condition=sagemaker,
            )
        ),
    ]
