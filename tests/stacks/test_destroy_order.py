"""What is destroyed before what: `pulumi destroy` goes against the dependencies, so they must say who outlives whom."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from mlctl.plan.model import Plan, Resource, StackPlan
from tests.stacks.find import of_kind, one, stack, waits_for


@pytest.fixture(scope="module")
def cluster(plan_of: Callable[[str], Plan]) -> StackPlan:
    return stack(plan_of("dev"), "cluster")


def outlive(where: StackPlan, first: Resource) -> set[str]:
    """Names by kind of everything that still stands when `first` is destroyed."""
    return waits_for(where, first)


def test_pools_then_classes_then_controller_then_crds_then_nodes_then_cluster(cluster: StackPlan) -> None:
    order = [
        *(("NodePool", f"{name}-pool") for name in ("cpu-serving", "cpu-batch", "gpu-training")),
        ("Release", "karpenter"),
        ("Release", "karpenter-crd"),
        ("NodeGroup", "system-nodes"),
        ("Cluster", "cluster"),
    ]
    chain = [one(cluster, kind, name) for kind, name in order]
    for pool in of_kind(cluster, "NodePool"):
        node_class = one(cluster, "EC2NodeClass", pool.name.replace("-pool", "-class"))
        assert node_class.urn in waits_for(cluster, pool)
        assert chain[3].urn in waits_for(cluster, node_class)
    for earlier, later in itertools.pairwise(chain[3:]):
        assert later.urn in waits_for(cluster, earlier), f"{earlier.name} must be gone before {later.name}"


def test_the_controller_keeps_its_rights_until_its_nodes_are_gone(cluster: StackPlan) -> None:
    needed = {
        item.urn
        for item in cluster.resources
        if item.custom and ("karpenter-controller" in item.name or "karpenter-node" in item.name or "karpenter-interruptions" in item.name)
    }
    assert len(needed) > 15
    for node_class in of_kind(cluster, "EC2NodeClass"):
        assert needed <= waits_for(cluster, node_class)


def test_deleting_a_pool_waits_for_its_nodes(cluster: StackPlan) -> None:
    for kind in ("NodePool", "EC2NodeClass"):
        for item in of_kind(cluster, kind):
            assert item.inputs["metadata"]["annotations"]["pulumi.com/deletionPropagationPolicy"] == "foreground"


def test_nodes_have_their_network_before_they_start_and_after_they_stop(cluster: StackPlan) -> None:
    before = waits_for(cluster, one(cluster, "NodeGroup"))
    for name in ("vpc-cni", "kube-proxy", "eks-pod-identity-agent"):
        assert one(cluster, "Addon", f"network-addons-{name}").urn in before


def test_everything_in_the_cluster_goes_before_the_access_to_it(cluster: StackPlan) -> None:
    access = {item.urn for item in of_kind(cluster, "AccessPolicyAssociation")}
    inside = [item for item in cluster.resources if item.custom and item.package == "kubernetes"]
    assert len(inside) > 40
    for item in inside:
        assert access <= waits_for(cluster, item), item.name
