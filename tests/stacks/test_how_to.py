"""The how-tos say what to write into an environment file: written there, it does what they say."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlctl.plan.model import Plan, Resource

ROOT = Path(__file__).parents[2]


def example(document: str) -> Any:
    """The first YAML block of a how-to."""
    text = (ROOT / "docs" / document).read_text(encoding="utf-8")
    return yaml.safe_load(re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)[0])


@pytest.fixture(scope="module")
def resources(plan_variant: Callable[..., Plan]) -> tuple[Resource, ...]:
    """dev with the team, the model and the pool of the how-tos; the model belongs to the team and has a version."""
    shipped = yaml.safe_load((ROOT / "environments" / "dev.yaml").read_text(encoding="utf-8"))
    [team] = example("how-to-add-a-team.md")["teams"]
    [(name, model)] = example("how-to-add-a-model.md")["models"].items()
    assert model["version"] is None, "a promotion sets it"
    edits = {
        "teams": [*shipped["teams"], team],
        f"models.{name}": {**model, "team": team["name"], "version": 1},
        "cluster.node_pools": [*shipped["cluster"]["node_pools"], *example("how-to-add-a-gpu-pool.md")],
    }
    plan = plan_variant(edits, base="dev", stacks=("registries", "cluster", "serving"))
    assert [stack.errors for stack in plan.stacks if stack.errors] == []
    return tuple(plan.resources())


def test_a_team_is_an_entry(resources: tuple[Resource, ...]) -> None:
    namespaces = [item for item in resources if item.type == "kubernetes:core/v1:Namespace" and item.inputs["metadata"]["name"] == "fraud"]
    assert [item.inputs["metadata"]["labels"]["cost-centre"] for item in namespaces] == ["CC-2300"]
    quotas = [
        item for item in resources if item.type == "kubernetes:core/v1:ResourceQuota" and item.inputs["metadata"]["namespace"] == "fraud"
    ]
    assert [str(item.inputs["spec"]["hard"]["requests.nvidia.com/gpu"]) for item in quotas] == ["1"]
    emails = [item.inputs["endpoint"] for item in resources if item.type == "aws:sns/topicSubscription:TopicSubscription"]
    assert "fraud-ml@acme.example" in emails


def test_a_model_is_an_entry(resources: tuple[Resource, ...]) -> None:
    [endpoint] = [item for item in resources if item.type == "aws:sagemaker/endpoint:Endpoint"]
    assert (endpoint.inputs["name"], endpoint.inputs["tags"]["team"]) == ("acme-dev-fraud", "fraud")
    groups = {item.inputs["modelPackageGroupName"] for item in resources if item.type.endswith(":ModelPackageGroup")}
    assert groups == {"credit-risk", "churn", "fraud"}
    routes = {item.inputs["routeKey"] for item in resources if item.type == "aws:apigatewayv2/route:Route"}
    assert routes == {"POST /models/fraud"}


def test_a_pool_is_an_entry(resources: tuple[Resource, ...]) -> None:
    [pool] = example("how-to-add-a-gpu-pool.md")
    [made] = [item for item in resources if item.type.endswith(":NodePool") and item.inputs["metadata"]["name"] == pool["name"]]
    assert made.inputs["spec"]["limits"] == {"cpu": "16", "memory": "64Gi", "nvidia.com/gpu": "2"}
    node = made.inputs["spec"]["template"]
    assert node["metadata"]["labels"].items() >= {"team": "lending", "purpose": "serving", "node-pool": pool["name"]}.items()
    assert [taint["key"] for taint in node["spec"]["taints"]] == ["nvidia.com/gpu"]
    [plugin] = [item for item in resources if item.type.endswith(":Release") and item.inputs["name"] == "nvidia-device-plugin"]
    assert pool["name"] in str(plugin.inputs["values"]["affinity"])
