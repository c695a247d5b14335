"""The cluster stack as planned: the cores of production, and every switch of `cluster` and `teams` turned once."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml

from mlctl.config.team import PLATFORM_NAMESPACES
from mlctl.plan.environment import Repository
from mlctl.plan.model import Plan, Resource, StackPlan
from tests.stacks.find import by_name, names, of_kind, one, stack

TEAMS = {"ml-platform", "lending", "retention"}
VARIANT = {
    "cluster.public_access_cidrs": ["203.0.113.0/24"],
    "cluster.version": "1.34",
    "cluster.addon_versions": {"kube-proxy": "v1.34.1-eksbuild.2"},
    "cluster.system_nodes": {"instance_types": ["m6i.xlarge"], "minimum": 4, "maximum": 5, "disk_gib": 80},
    "cluster.node_pools.0.capacity": "reserved",
    "cluster.node_pools.0.architecture": "arm64",
    "cluster.node_pools.0.disk_gib": 200,
    "cluster.node_pools.2.kind": "cpu",
    "cluster.node_pools.2.instance_families": ["r6i"],
    "cluster.node_pools.2.limits": {"cpu": 8, "memory_gib": 64},
    "cluster.admin_roles": ["arn:aws:iam::333333333333:role/lending-engineers"],
    "teams.2.gpu_quota": 0,
    "security.log_retention_days": 731,
    "tier": "staging",
}


@pytest.fixture(scope="module")
def prod(plan_of: Callable[[str], Plan]) -> StackPlan:
    return stack(plan_of("prod"), "cluster")


@pytest.fixture(scope="module")
def variant(plan_variant: Callable[..., Plan]) -> StackPlan:
    return stack(plan_variant(VARIANT, base="prod", stacks=("cluster",)), "cluster")


def test_the_api_is_private_encrypted_and_logged(prod: StackPlan) -> None:
    cluster = one(prod, "Cluster").inputs
    assert cluster["vpcConfig"]["endpointPrivateAccess"] is True
    assert cluster["vpcConfig"]["endpointPublicAccess"] is False
    assert cluster["encryptionConfig"]["resources"] == ["secrets"]
    assert cluster["encryptionConfig"]["provider"]["keyArn"] == "<<aws:kms/key:Key|keys-secrets|arn>>"
    assert set(cluster["enabledClusterLogTypes"]) == {"api", "audit", "authenticator", "controllerManager", "scheduler"}
    assert cluster["accessConfig"] == {"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False}
    assert cluster["deletionProtection"] is True
    logs = one(prod, "LogGroup").inputs
    assert (logs["name"], logs["retentionInDays"]) == ("/aws/eks/acme-prod/cluster", 365)
    assert logs["kmsKeyId"] == "<<aws:kms/key:Key|keys-logs|arn>>"


def test_it_is_public_to_the_listed_addresses_only(variant: StackPlan) -> None:
    cluster = one(variant, "Cluster").inputs
    assert cluster["vpcConfig"]["endpointPublicAccess"] is True
    assert cluster["vpcConfig"]["publicAccessCidrs"] == ["203.0.113.0/24"]
    assert cluster["deletionProtection"] is False
    assert one(variant, "LogGroup").inputs["retentionInDays"] == 731


def test_add_ons_are_pinned_or_the_plan_says_which_are_not(plan_of: Callable[[str], Plan], variant: StackPlan) -> None:
    for name in ("dev", "staging", "prod"):
        shipped = stack(plan_of(name), "cluster")
        version = one(shipped, "Cluster").inputs["version"]
        pinned = {item["addonName"]: item.get("addonVersion") for item in by_name(shipped, "Addon").values()}
        assert pinned.keys() == {"vpc-cni", "kube-proxy", "eks-pod-identity-agent", "coredns", "aws-ebs-csi-driver"}
        assert all(pinned.values()) and pinned["kube-proxy"].startswith(f"v{version}.")
        assert "without a pinned version" not in "\n".join(shipped.messages)
    chosen = {item["addonName"]: item.get("addonVersion") for item in by_name(variant, "Addon").values()}
    assert {name: version for name, version in chosen.items() if version} == {"kube-proxy": "v1.34.1-eksbuild.2"}
    [note] = [message for message in variant.messages if "without a pinned version" in message]
    assert "Kubernetes 1.34: vpc-cni, coredns, eks-pod-identity-agent, aws-ebs-csi-driver; " in note


def test_the_network_add_on_enforces_policies(prod: StackPlan) -> None:
    cni = json.loads(by_name(prod, "Addon")["network-addons-vpc-cni"]["configurationValues"])
    assert cni["enableNetworkPolicy"] == "true"


def test_system_nodes(prod: StackPlan, variant: StackPlan) -> None:
    template = one(prod, "LaunchTemplate").inputs
    disk = template["blockDeviceMappings"][0]["ebs"]
    assert (disk["volumeType"], disk["encrypted"], disk["kmsKeyId"]) == ("gp3", "true", "<<aws:kms/key:Key|keys-ebs|arn>>")
    assert template["metadataOptions"] == {"httpEndpoint": "enabled", "httpTokens": "required", "httpPutResponseHopLimit": 1}
    assert template["networkInterfaces"][0]["associatePublicIpAddress"] == "false"
    for part in template["tagSpecifications"]:
        assert {"team", "cost-centre", "environment", "service"} <= set(part["tags"])
    group = one(variant, "NodeGroup").inputs
    assert group["instanceTypes"] == ["m6i.xlarge"]
    assert group["scalingConfig"] == {"minSize": 4, "desiredSize": 4, "maxSize": 5}
    assert one(variant, "LaunchTemplate").inputs["blockDeviceMappings"][0]["ebs"]["volumeSize"] == 80


def test_one_pool_per_entry_and_its_class(prod: StackPlan, variant: StackPlan) -> None:
    for plan in (prod, variant):
        assert names(plan, "NodePool") == {f"{name}-pool" for name in ("cpu-serving", "cpu-batch", "gpu-training")}
        assert names(plan, "EC2NodeClass") == {f"{name}-class" for name in ("cpu-serving", "cpu-batch", "gpu-training")}
    for made in by_name(prod, "EC2NodeClass").values():
        spec = made["spec"]
        assert spec["metadataOptions"]["httpTokens"] == "required"
        assert spec["metadataOptions"]["httpPutResponseHopLimit"] == 1
        assert spec["blockDeviceMappings"][0]["ebs"]["encrypted"] is True
        assert len(spec["subnetSelectorTerms"]) == 3
        assert "latest" not in spec["amiSelectorTerms"][0]["alias"]
    assert by_name(prod, "EC2NodeClass")["gpu-training-class"]["spec"]["tags"]["team"] == "lending"


def test_a_reserved_pool_selects_its_reservation(prod: StackPlan, variant: StackPlan) -> None:
    reserved = by_name(variant, "EC2NodeClass")["cpu-serving-class"]["spec"]
    assert reserved["capacityReservationSelectorTerms"] == [{"tags": {"node-pool": "cpu-serving", "cluster": "acme-prod"}}]
    assert reserved["blockDeviceMappings"][0]["ebs"]["volumeSize"] == "200Gi"
    assert "capacityReservationSelectorTerms" not in by_name(prod, "EC2NodeClass")["cpu-serving-class"]["spec"]


def test_the_device_plugin_comes_with_gpu_pools_only(prod: StackPlan, variant: StackPlan) -> None:
    assert names(prod, "Release") - names(variant, "Release") == {"nvidia-device-plugin"}
    assert names(variant, "Release") == {"karpenter", "karpenter-crd", "metrics-server", "aws-load-balancer-controller"}
    values = by_name(prod, "Release")["nvidia-device-plugin"]["values"]
    terms = values["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert terms == [{"matchExpressions": [{"key": "node-pool", "operator": "In", "values": ["gpu-training"]}]}]


def test_karpenter_hears_of_interruptions(prod: StackPlan) -> None:
    queue = one(prod, "Queue").inputs
    assert (queue["name"], queue["sqsManagedSseEnabled"]) == ("acme-prod-interruptions", True)
    heard = {json.loads(rule["eventPattern"])["detail-type"][0] for rule in by_name(prod, "EventRule").values()}
    assert heard >= {
        "EC2 Spot Instance Interruption Warning",
        "EC2 Instance Rebalance Recommendation",
        "EC2 Instance State-change Notification",
        "AWS Health Event",
    }
    assert {target["arn"] for target in by_name(prod, "EventTarget").values()} == {"<<aws:sqs/queue:Queue|karpenter-interruptions|arn>>"}
    settings = by_name(prod, "Release")["karpenter"]["values"]["settings"]
    assert settings["interruptionQueue"] == "acme-prod-interruptions"


def test_who_may_use_the_api(prod: StackPlan, variant: StackPlan) -> None:
    scopes = {
        name.removeprefix("access-"): (item["policyArn"].rpartition("/")[2], item["accessScope"].get("namespaces"))
        for name, item in by_name(prod, "AccessPolicyAssociation").items()
    }
    assert scopes == {
        "deploy": ("AmazonEKSClusterAdminPolicy", None),
        "platform-engineers": ("AmazonEKSClusterAdminPolicy", None),
        "preview": ("AmazonEKSViewPolicy", None),
        "lending-engineers": ("AmazonEKSEditPolicy", ["lending"]),
        "retention-engineers": ("AmazonEKSEditPolicy", ["retention"]),
    }
    groups = {name: item.get("kubernetesGroups") for name, item in by_name(prod, "AccessEntry").items()}
    assert groups["access-lending-engineers"] == ["team:lending"]
    # A team's role that administers gets one entry, since EKS takes no second.
    roles = [item["principalArn"] for item in by_name(variant, "AccessEntry").values()]
    assert roles.count("arn:aws:iam::333333333333:role/lending-engineers") == 1
    association = by_name(variant, "AccessPolicyAssociation")["access-lending-engineers"]
    assert association["policyArn"].endswith("AmazonEKSClusterAdminPolicy")


def test_every_team_gets_a_fenced_namespace(prod: StackPlan, variant: StackPlan) -> None:
    spaces = {item["metadata"]["name"]: item["metadata"]["labels"] for item in by_name(prod, "Namespace").values()}
    assert set(spaces) == TEAMS
    for team, labels in spaces.items():
        assert labels["pod-security.kubernetes.io/enforce"] == "baseline"
        assert labels["pod-security.kubernetes.io/warn"] == "restricted"
        assert labels["team"] == labels["ml-platform/team"] == team
    quota = by_name(prod, "ResourceQuota")["lending-quota"]["spec"]["hard"]
    assert quota["requests.nvidia.com/gpu"] == "4"
    assert by_name(variant, "ResourceQuota")["retention-quota"]["spec"]["hard"]["requests.nvidia.com/gpu"] == "0"
    policies = {item["metadata"]["name"] for item in by_name(prod, "NetworkPolicy").values() if item["metadata"]["namespace"] == "lending"}
    assert policies == {
        "default-deny",
        "allow-dns",
        "allow-from-same-namespace",
        "allow-from-platform",
        "allow-to-same-namespace",
        "allow-to-platform",
        "allow-aws",
        "allow-pod-identity",
    }
    subjects = {item["subjects"][0]["name"] for item in by_name(prod, "RoleBinding").values()}
    assert subjects == {f"team:{team}" for team in TEAMS}


def test_pods_that_serve_a_model_are_reached_by_their_own_policies_alone(prod: StackPlan) -> None:
    """Policies add up: one that let every pod of the namespace in would be a way past the front door."""
    rules = [item["spec"] for item in by_name(prod, "NetworkPolicy").values() if item["metadata"]["namespace"] == "lending"]
    opened = [rule["podSelector"] for rule in rules if rule.get("ingress")]
    assert len(opened) == 2
    for selector in opened:
        assert {(item["key"], item["operator"]) for item in selector["matchExpressions"]} == {
            ("serving.kserve.io/inferenceservice", "DoesNotExist"),
            ("serving.kserve.io/inferencegraph", "DoesNotExist"),
        }


def test_nothing_is_allowed_by_default_and_the_metadata_service_never(prod: StackPlan) -> None:
    deny = by_name(prod, "NetworkPolicy")["lending-default-deny"]["spec"]
    assert deny == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    blocks = [
        peer["ipBlock"]
        for item in by_name(prod, "NetworkPolicy").values()
        for rule in item["spec"].get("egress", [])
        for peer in rule["to"]
        if "ipBlock" in peer and peer["ipBlock"]["cidr"] == "0.0.0.0/0"
    ]
    assert blocks
    assert all(block["except"] == ["169.254.169.254/32"] for block in blocks)


def test_serving_goes_before_training_and_training_before_batch(prod: StackPlan) -> None:
    values = {name: item["value"] for name, item in by_name(prod, "PriorityClass").items()}
    assert values["serving"] > values["training"] > values["batch"] > 0


def test_admission_is_bound_to_the_teams_and_denies(prod: StackPlan) -> None:
    assert names(prod, "ValidatingAdmissionPolicy") == {"pod-owner", "pod-gpu-limit", "pod-image", "pod-serving"}
    for name, binding in by_name(prod, "ValidatingAdmissionPolicyBinding").items():
        assert binding["spec"]["policyName"] == name
        assert binding["spec"]["validationActions"] == ["Deny", "Audit"]
        selector = binding["spec"]["matchResources"]["namespaceSelector"]["matchExpressions"]
        assert selector == [{"key": "ml-platform/team", "operator": "Exists"}]


def test_no_team_can_take_a_namespace_of_the_platform(plan_of: Callable[[str], Plan]) -> None:
    made = {item.inputs["metadata"]["name"]: item for name in ("dev", "prod") for item in plan_of(name).resources() if is_namespace(item)}
    own = {name for name, item in made.items() if "ml-platform/team" not in item.inputs["metadata"]["labels"]}
    assert own == PLATFORM_NAMESPACES


def is_namespace(item: Resource) -> bool:
    return item.type == "kubernetes:core/v1:Namespace"


def test_the_default_storage_class_is_encrypted_gp3(prod: StackPlan) -> None:
    storage = one(prod, "StorageClass").inputs
    assert storage["metadata"]["annotations"] == {"storageclass.kubernetes.io/is-default-class": "true"}
    assert (storage["parameters"]["type"], storage["parameters"]["encrypted"]) == ("gp3", "true")


def test_a_team_and_a_pool_are_added_in_the_file_alone(
    plan_variant: Callable[..., Plan], plan_of: Callable[[str], Plan], repository: Repository
) -> None:
    environment: dict[str, Any] = yaml.safe_load((repository.environments / "dev.yaml").read_text())
    team = copy.deepcopy(environment["teams"][1]) | {"name": "fraud", "access_roles": []}
    pool = copy.deepcopy(environment["cluster"]["node_pools"][2]) | {"name": "gpu-serving", "team": "fraud", "purpose": "serving"}
    edits = {"teams": [*environment["teams"], team], "cluster.node_pools": [*environment["cluster"]["node_pools"], pool]}
    made = stack(plan_variant(edits, base="dev", stacks=("cluster",)), "cluster")
    before = stack(plan_of("dev"), "cluster")
    assert names(made, "NodePool") - names(before, "NodePool") == {"gpu-serving-pool"}
    assert names(made, "Namespace") - names(before, "Namespace") == {"fraud"}
    assert names(made, "NetworkPolicy") > names(before, "NetworkPolicy")
    assert of_kind(made, "Cluster")[0].inputs == of_kind(before, "Cluster")[0].inputs
