"""Variants of the environments in which every way to serve is used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mlctl.plan.model import Plan, Resource

PlanVariant = Callable[..., Plan]


def entry(mode: str, **further: Any) -> dict[str, Any]:
    instances = {"instance_type": "ml.m5.large", "minimum": 1, "maximum": 4}
    sections: dict[str, dict[str, Any]] = {
        "serverless": {"serverless": {"memory_mb": 2048}, "network_isolation": False, "vpc": False},
        "kserve": {"kserve": {"deployment_mode": "Knative"}},
    }
    section = sections.get(mode, {"instances": instances})
    return {"team": "lending", "version": 3, "mode": mode, **section, **further}


def model_entries() -> dict[str, dict[str, Any]]:
    """A model per mode and switch; `resting` has no version."""
    busy = {"instance_type": "ml.m5.large", "minimum": 1, "maximum": 4}
    return {
        "split": entry(
            "serverless",
            serverless={"provisioned_concurrency": 2},
            challenger={"version": 4, "weight_percent": 10},
            data_capture_percent=50,
        ),
        "trial": entry("realtime", challenger={"version": 4, "weight_percent": 20}, rollout={"strategy": "linear", "step_percent": 25}),
        "shadow": entry("realtime", challenger={"version": 4, "weight_percent": 20, "shadow": True}, critical=True, data_capture_percent=0),
        "queue": entry("asynchronous", accelerator="gpu", instances={"instance_type": "ml.g5.xlarge", "minimum": 0, "maximum": 2}),
        "nightly": entry("batch", batch_schedule="0 2 * * 0", instances=busy),
        "cluster": entry("kserve", challenger={"version": 4, "weight_percent": 30}),
        "raw": entry("kserve", kserve={"deployment_mode": "Standard"}, data_capture_percent=0, critical=True),
        "accelerated": entry("kserve", accelerator="gpu", data_capture_percent=0),
        "resting": entry("realtime", version=None),
    }


def every_mode() -> dict[str, Any]:
    """What to change in an environment so that it serves them; its pool of GPUs is then one for serving."""
    return {"models": model_entries(), "usage.models": {}, "cluster.node_pools.2.purpose": "serving"}


@pytest.fixture(scope="session")
def served(plan_variant: PlanVariant) -> tuple[Resource, ...]:
    """The serving stack of an environment with every mode."""
    plan = plan_variant(every_mode(), stacks=("serving",))
    [stack] = [stack for stack in plan.stacks if stack.name == "serving"]
    assert stack.errors == ()
    return stack.resources


@pytest.fixture(scope="session")
def served_messages(plan_variant: PlanVariant) -> tuple[str, ...]:
    """What its program says."""
    plan = plan_variant(every_mode(), stacks=("serving",))
    return next(stack.messages for stack in plan.stacks if stack.name == "serving")


@pytest.fixture(scope="session")
def notebooks(plan_variant: PlanVariant) -> tuple[Resource, ...]:
    """The platform stack of an environment whose notebooks run on SageMaker."""
    plan = plan_variant({"platform.notebooks": {"mode": "sagemaker"}}, base="dev", stacks=("platform",))
    [stack] = [stack for stack in plan.stacks if stack.name == "platform"]
    assert stack.errors == ()
    return stack.resources
