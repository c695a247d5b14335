"""What a team's workflows run as."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as kubernetes

from infra.labels import labels
from infra.platform.account_token import account_token
from infra.platform.argo import NAMESPACE as ARGO
from infra.platform.argo_values import CONTROLLER_ACCOUNT, PEOPLE, WORKFLOW_ACCOUNT
from infra.platform.team_secrets import TeamSecrets, TeamSecretsArgs
from infra.pod_role import PodRole, PodRoleArgs
from infra.policy_document import Statement, allow
from mlctl.config.team import Team

_RBAC = "rbac.authorization.k8s.io"
_WRITE = ("s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject")


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamWorkflowsArgs:
    """The team, and the data it works with."""

    team: Team
    cluster: pulumi.Input[str]
    account: str
    region: str
    prefix: str
    buckets: Mapping[str, pulumi.Input[str]]
    """Purpose → bucket ARN: artifacts, raw, curated, features, models, mlflow, audit."""
    data_key_arn: pulumi.Input[str]
    models_key_arn: pulumi.Input[str]
    audit_key_arn: pulumi.Input[str]
    secrets_key_arn: pulumi.Input[str]
    models: Sequence[str]
    """Names of the team's models; a team without one keeps no secrets and remembers nothing."""


class TeamWorkflows(pulumi.ComponentResource):
    """Creates the service account `workflow` with its role in AWS (artifacts, models and evidence below the team's own prefix; data to
    read; features of its models to write); the Kubernetes Role with which a step reports its result; the account, with its token, through
    which the team's people see their workflows; its secrets; and the Role with which Argo's controller remembers results of steps in a
    ConfigMap per model.
    """

    def __init__(self, name: str, args: TeamWorkflowsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:platform:TeamWorkflows", name, {}, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        team = args.team
        role = PodRole(
            name,
            PodRoleArgs(
                cluster=args.cluster,
                account=args.account,
                namespace=team.name,
                service_account=WORKFLOW_ACCOUNT,
                statements=workflow_statements(args),
                role_name=f"{args.prefix}-workflow-{team.name}",
                tags={"team": team.name, "cost-centre": team.cost_centre},
            ),
            self._child,
        )
        self._account(WORKFLOW_ACCOUNT, {}, _REPORT)
        rule = {
            "workflows.argoproj.io/rbac-rule": f"'{team.name}' in groups",
            "workflows.argoproj.io/rbac-rule-precedence": "1",
        }
        people = self._account(PEOPLE, rule, _LOOK_AND_RUN)
        after = pulumi.ResourceOptions(parent=self, depends_on=[people])
        account_token(f"{name}-{PEOPLE}", PEOPLE, namespace=team.name, team=team, opts=after)
        if args.models:
            secrets = TeamSecretsArgs(team=team, prefix=args.prefix, secrets_key_arn=args.secrets_key_arn)
            TeamSecrets(f"{name}-secrets", secrets, self._child)
            self._memory()
        self.role_name, self.role_arn = role.role_name, role.arn
        self.register_outputs({"role_arn": self.role_arn})

    def _account(self, account: str, annotations: dict[str, str], rules: Any) -> kubernetes.core.v1.ServiceAccount:
        team = self._args.team
        metadata = {"name": account, "namespace": team.name, "labels": labels(account, team)}
        made = kubernetes.core.v1.ServiceAccount(
            f"{self._name}-{account}", metadata={**metadata, "annotations": annotations}, opts=self._child
        )
        role = kubernetes.rbac.v1.Role(f"{self._name}-{account}", metadata=metadata, rules=rules, opts=self._child)
        kubernetes.rbac.v1.RoleBinding(
            f"{self._name}-{account}",
            metadata=metadata,
            role_ref={"api_group": _RBAC, "kind": "Role", "name": account},
            subjects=[{"kind": "ServiceAccount", "name": account, "namespace": team.name}],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[made, role]),
        )
        return made

    def _memory(self) -> None:
        """The chart lets the controller read ConfigMaps only: https://argo-workflows.readthedocs.io/en/latest/memoization/."""
        team = self._args.team
        metadata = {"name": "workflow-memory", "namespace": team.name, "labels": labels("workflow-memory", team)}
        caches = [memory_of(model) for model in self._args.models]
        rules: Any = [
            # What is created has no name yet that a rule could ask for.
            {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create"]},
            {"apiGroups": [""], "resources": ["configmaps"], "resourceNames": caches, "verbs": ["get", "update"]},
        ]
        role = kubernetes.rbac.v1.Role(f"{self._name}-memory", metadata=metadata, rules=rules, opts=self._child)
        kubernetes.rbac.v1.RoleBinding(
            f"{self._name}-memory",
            metadata=metadata,
            role_ref={"api_group": _RBAC, "kind": "Role", "name": "workflow-memory"},
            subjects=[{"kind": "ServiceAccount", "name": CONTROLLER_ACCOUNT, "namespace": ARGO}],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
        )


def memory_of(model: str) -> str:
    """The ConfigMap in which Argo remembers the results of a model's steps."""
    return f"memo-{model}"


_REPORT: Any = [
    {"apiGroups": ["argoproj.io"], "resources": ["workflowtaskresults"], "verbs": ["create", "patch"]},
    {
        "apiGroups": ["ray.io"],
        "resources": ["rayclusters", "rayjobs"],
        "verbs": ["create", "get", "list", "watch", "patch", "delete"],
    },
    {
        "apiGroups": ["argoproj.io"],
        "resources": ["workflows"],
        "verbs": ["create", "get", "list", "watch"],
    },
]
_LOOK_AND_RUN: Any = [
    {
        "apiGroups": ["argoproj.io"],
        "resources": ["workflows", "workflowtemplates", "cronworkflows", "workflowtaskresults"],
        "verbs": ["get", "list", "watch", "create", "patch"],
    },
    {"apiGroups": [""], "resources": ["pods", "pods/log", "events"], "verbs": ["get", "list", "watch"]},
]


def workflow_statements(args: TeamWorkflowsArgs) -> list[Statement]:
    """What the team's workflows may do in AWS."""
    team = args.team.name
    own = [_below(args.buckets[purpose], f"{team}/*") for purpose in ("artifacts", "models", "audit", "features")]
    shared = [_below(args.buckets[purpose], "*") for purpose in ("raw", "curated", "features")]
    mine = [_below(args.buckets["mlflow"], "*")]
    keys = [args.data_key_arn, args.models_key_arn, args.audit_key_arn]
    packages = f"arn:aws:sagemaker:{args.region}:{args.account}"
    statements = [
        allow("OwnObjects", actions=_WRITE, resources=own),
        allow("TrackingArtifacts", actions=_WRITE, resources=mine),
        allow("ReadData", actions=("s3:GetObject", "s3:GetObjectVersion"), resources=shared),
        allow("ListBuckets", actions=("s3:GetBucketLocation", "s3:ListBucket"), resources=list(args.buckets.values())),
        allow("UseKeys", actions=("kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"), resources=keys),
        allow(
            "RegisterModels",
            actions=("sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage", "sagemaker:UpdateModelPackage"),
            resources=[f"{packages}:model-package/{args.prefix}-*", f"{packages}:model-package-group/{args.prefix}-*"],
        ),
    ]
    return [*statements, _put_features(args), _read_captured(args)] if args.models else statements


def _put_features(args: TeamWorkflowsArgs) -> Statement:
    """A model's feature group has the model's name."""
    groups = [f"arn:aws:sagemaker:{args.region}:{args.account}:feature-group/{model}" for model in args.models]
    return allow("PutFeatures", actions=("sagemaker:PutRecord",), resources=groups)


def _read_captured(args: TeamWorkflowsArgs) -> Statement:
    """Captured requests lie under the keys of their models, which are made later, by the serving stack: they are named by their aliases."""
    aliases = [f"alias/{args.prefix}-model-{model}" for model in args.models]
    return allow(
        "ReadCapturedRequests",
        actions=("kms:Decrypt",),
        resources=f"arn:aws:kms:{args.region}:{args.account}:key/*",
        condition={"ForAnyValue:StringEquals": {"kms:ResourceAliases": aliases}},
    )


def _below(bucket_arn: pulumi.Input[str], pattern: str) -> pulumi.Output[str]:
    return pulumi.Output.concat(bucket_arn, "/", pattern)
