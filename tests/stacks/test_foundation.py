"""The foundation stack: what is always there, and what each switch adds or takes away."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from mlctl.plan.model import Plan, Resource, StackPlan

PlanOf = Callable[[str], Plan]
PlanVariant = Callable[..., Plan]


def foundation(plan: Plan) -> StackPlan:
    [stack] = [stack for stack in plan.stacks if stack.name == "foundation"]
    assert stack.errors == ()
    return stack


@pytest.fixture(scope="module")
def prod(plan_of: PlanOf) -> StackPlan:
    return foundation(plan_of("prod"))


@pytest.fixture(scope="module")
def bare(plan_variant: PlanVariant) -> StackPlan:
    """Everything off that can be off, with the cheaper network."""
    off = dict.fromkeys(("cloudtrail", "guardduty", "config_recorder", "access_analyzer", "github_oidc_provider"), False)
    edits = {"security": off, "network.nat": "single", "network.interface_endpoints": []}
    return foundation(plan_variant(edits, stacks=("foundation",)))


def of(stack: StackPlan, kind: str) -> dict[str, Resource]:
    return {resource.name: resource for resource in stack.resources if resource.custom and resource.type.endswith(f":{kind}")}


def inputs(stack: StackPlan, kind: str) -> dict[str, Mapping[str, Any]]:
    return {name: resource.inputs for name, resource in of(stack, kind).items()}


def statements(document: str) -> dict[str, dict[str, Any]]:
    return {statement["Sid"]: statement for statement in json.loads(document)["Statement"]}


def test_three_tiers_in_every_zone(prod: StackPlan) -> None:
    tiers = [(subnet["tags"]["tier"], subnet["availabilityZone"]) for subnet in inputs(prod, "Subnet").values()]
    zones = ("us-east-1a", "us-east-1b", "us-east-1c")
    assert sorted(tiers) == sorted((tier, zone) for tier in ("public", "private", "isolated") for zone in zones)
    assert {subnet["mapPublicIpOnLaunch"] for subnet in inputs(prod, "Subnet").values()} == {False}


def test_isolated_subnets_have_no_way_out(prod: StackPlan) -> None:
    assert not any("isolated" in name for name in inputs(prod, "Route"))


def test_nat_per_zone_or_single(prod: StackPlan, bare: StackPlan) -> None:
    assert len(of(prod, "NatGateway")) == 3
    assert len(of(bare, "NatGateway")) == 1
    private = [name for name in of(bare, "Route") if "private" in name]
    assert len(private) == 3, "every zone still has a route out"


def test_default_security_group_is_closed(prod: StackPlan) -> None:
    [group] = inputs(prod, "DefaultSecurityGroup").values()
    assert (group["ingress"], group["egress"]) == ([], [])


def test_endpoints_as_configured(prod: StackPlan, bare: StackPlan) -> None:
    def services(stack: StackPlan, kind: str) -> set[str]:
        endpoints = inputs(stack, "VpcEndpoint").values()
        return {item["serviceName"].removeprefix("com.amazonaws.us-east-1.") for item in endpoints if item["vpcEndpointType"] == kind}

    assert services(prod, "Gateway") == services(bare, "Gateway") == {"s3", "dynamodb"}
    assert services(prod, "Interface") == {"ecr.api", "ecr.dkr", "sts", "logs", "sagemaker.runtime"}
    assert services(bare, "Interface") == set()
    assert of(bare, "SecurityGroup") == {}


def test_flow_log_is_kept_as_configured(prod: StackPlan) -> None:
    [log] = inputs(prod, "FlowLog").values()
    assert log["trafficType"] == "ALL"
    assert inputs(prod, "LogGroup")["acme-prod-flow-log"]["retentionInDays"] == 365


@pytest.mark.parametrize(
    "kind", ["Trail", "Detector", "DetectorFeature", "Recorder", "RecorderStatus", "Analyzer", "OpenIdConnectProvider"]
)
def test_switches(prod: StackPlan, bare: StackPlan, kind: str) -> None:
    assert of(prod, kind) != {}
    assert of(bare, kind) == {}


def test_trail_is_complete(prod: StackPlan) -> None:
    [trail] = inputs(prod, "Trail").values()
    assert (trail["isMultiRegionTrail"], trail["enableLogFileValidation"]) == (True, True)
    assert trail["kmsKeyId"] == "<<aws:kms/key:Key|keys-logs|arn>>"


def test_guardduty_watches_the_cluster(prod: StackPlan) -> None:
    features = {feature["name"] for feature in inputs(prod, "DetectorFeature").values()}
    assert features >= {"EKS_AUDIT_LOGS", "RUNTIME_MONITORING", "S3_DATA_EVENTS"}


def test_archive_is_locked_and_the_others_are_not(prod: StackPlan, plan_of: PlanOf) -> None:
    def locks(stack: StackPlan) -> dict[str, tuple[str, int]]:
        return {
            name: (item["rule"]["defaultRetention"]["mode"], item["rule"]["defaultRetention"]["days"])
            for name, item in inputs(stack, "BucketObjectLockConfiguration").items()
        }

    assert locks(prod) == {"logs-archive": ("COMPLIANCE", 2557)}
    assert locks(foundation(plan_of("dev"))) == {"logs-archive": ("GOVERNANCE", 90)}


def test_every_bucket_is_guarded(prod: StackPlan) -> None:
    buckets = set(of(prod, "Bucket"))
    assert buckets == {"logs-access", "logs-archive", "logs-history"}
    for kind in ("BucketPublicAccessBlock", "BucketVersioning", "BucketServerSideEncryptionConfiguration", "BucketLifecycleConfiguration"):
        assert set(of(prod, kind)) == buckets
    assert set(of(prod, "BucketLogging")) == buckets - {"logs-access"}
    for policy in inputs(prod, "BucketPolicy").values():
        assert {"DenyPlainHttp", "DenyOldTls"} <= set(statements(policy["policy"]))


def test_keys_rotate_and_name_their_users(prod: StackPlan) -> None:
    keys = of(prod, "Key")
    assert set(keys) == {"keys-data", "keys-logs", "keys-secrets", "keys-ebs", "keys-alerts"}
    for key in keys.values():
        assert key.inputs["enableKeyRotation"] is True
        for statement in statements(key.inputs["policy"]).values():
            assert all("*" not in action for action in statement["Action"])
    via = statements(keys["keys-secrets"].inputs["policy"])["UseThroughServices"]["Condition"]["StringEquals"]["kms:ViaService"]
    assert via == ["secretsmanager.us-east-1.amazonaws.com", "ssm.us-east-1.amazonaws.com", "eks.us-east-1.amazonaws.com"]


@pytest.mark.parametrize(("role", "environment"), [("acme-prod-github-deploy", "prod"), ("acme-prod-github-preview", "prod-preview")])
def test_github_roles_trust_one_repository_and_environment(prod: StackPlan, role: str, environment: str) -> None:
    [found] = [item for item in inputs(prod, "Role").values() if item.get("name") == role]
    trust = statements(found["assumeRolePolicy"])["AssumeFromGithub"]["Condition"]
    assert trust == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": f"repo:acme/ml-platform:environment:{environment}",
        }
    }


def test_preview_changes_nothing_but_its_lock(prod: StackPlan) -> None:
    state = statements(inputs(prod, "Policy")["github-preview-state"]["policy"])
    writing = {
        sid: item["Resource"] for sid, item in state.items() if any("Put" in action or "Delete" in action for action in item["Action"])
    }
    assert writing == {"HoldLock": "arn:aws:s3:::acme-prod-state-333333333333/.pulumi/locks/*"}
    attached = {item["policyArn"] for name, item in inputs(prod, "RolePolicyAttachment").items() if name.startswith("github-preview-")}
    assert {arn for arn in attached if arn.startswith("arn:aws:iam::aws:")} == {
        "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess",
        "arn:aws:iam::aws:policy/SecurityAudit",
    }


def test_preview_reads_what_was_spent(prod: StackPlan) -> None:
    """finops.yml asks Cost Explorer and Budgets as this role."""
    spend = statements(inputs(prod, "Policy")["github-preview-spend"]["policy"])
    assert {action for statement in spend.values() for action in statement["Action"]} == {
        "budgets:ViewBudget",
        "ce:GetCostAndUsage",
        "ce:GetCostForecast",
    }


def test_every_role_stands_under_the_boundary(plan_of: PlanOf) -> None:
    roles = [resource for resource in plan_of("prod").resources() if resource.type == "aws:iam/role:Role"]
    assert len(roles) > 5
    allowed = {"arn:aws:iam::333333333333:policy/acme-prod-boundary", "<<aws:iam/policy:Policy|github-boundary|arn>>"}
    assert {role.name for role in roles if role.inputs.get("permissionsBoundary") not in allowed} == set()


def test_the_boundary_keeps_itself(prod: StackPlan) -> None:
    boundary = statements(inputs(prod, "Policy")["github-boundary"]["policy"])
    assert boundary["RolesOnlyWithThisBoundary"]["Condition"] == {
        "StringNotEquals": {"iam:PermissionsBoundary": "arn:aws:iam::333333333333:policy/acme-prod-boundary"}
    }
    assert "iam:CreatePolicyVersion" in boundary["ThisPolicyStays"]["Action"]
    assert boundary["PipelineRolesStay"]["Resource"] == "arn:aws:iam::333333333333:role/acme-prod-github-*"


def test_existing_github_provider_is_named(bare: StackPlan) -> None:
    [role] = [item for item in inputs(bare, "Role").values() if item.get("name") == "acme-prod-github-deploy"]
    provider = statements(role["assumeRolePolicy"])["AssumeFromGithub"]["Principal"]["Federated"]
    assert provider == "arn:aws:iam::333333333333:oidc-provider/token.actions.githubusercontent.com"


def test_alerts_reach_their_owners(prod: StackPlan) -> None:
    addresses = {name: item["endpoint"] for name, item in inputs(prod, "TopicSubscription").items()}
    assert addresses == {
        "alerts-platform-1": "ml-platform@acme.example",
        "alerts-security-1": "security@acme.example",
        "alerts-finops-1": "finops@acme.example",
    }
    assert {topic["kmsMasterKeyId"] for topic in inputs(prod, "Topic").values()} == {"<<aws:kms/key:Key|keys-alerts|arn>>"}


def test_roles_wait_for_the_boundary(prod: StackPlan) -> None:
    """They name it by its ARN, which makes no dependency by itself."""
    boundary = of(prod, "Policy")["github-boundary"].urn
    roles = {name: role for name, role in of(prod, "Role").items() if not name.startswith("github-")}
    assert set(roles) == {"acme-prod-flow-log", "trail", "recorder"}
    assert {name for name, role in roles.items() if boundary not in role.dependencies} == set()


def test_trail_waits_for_the_policies_it_checks(prod: StackPlan) -> None:
    [trail] = of(prod, "Trail").values()
    needed = {of(prod, "BucketPolicy")["logs-archive"].urn, of(prod, "TopicPolicy")["alerts-security"].urn}
    assert needed <= set(trail.dependencies)
