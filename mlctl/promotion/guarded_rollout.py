"""How SageMaker's own blue/green deployment of a real-time endpoint ended.

A real-time model without a challenger takes a new version by the guardrails that infra/serving/rollout.py sets: traffic moves by
`rollout.strategy`, and all of it goes back when an alarm goes off: on errors and latency. Nothing is left to shift after `pulumi up`; what
is left is to see which version serves, to open the revert where it is not the one that is pinned, and to name what nobody has compared.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from mlctl.errors import BlockedError
from mlctl.promotion.aws import ask
from mlctl.promotion.canary import QUESTIONS, Decision
from mlctl.promotion.canary_run import Outcome
from mlctl.promotion.gate import Check

_VERSION = re.compile(r"/(\d+)/model\.tar\.gz$")


_BY_ALARMS = ("errors", "latency")


def rollout_outcome(endpoint: str, version: int, sagemaker: Any, *, asked: Collection[str] = ()) -> Outcome:
    """Whether the pinned version took over, or SageMaker rolled it back.

    Parameters
    ----------
    asked
        Questions that the model's file sets limits for; those that no alarm answers are named as not evaluated.

    Raises
    ------
    BlockedError
        The endpoint is still changing, or failed.
    ServiceError
        SageMaker cannot be asked.
    """
    what = f"endpoint {endpoint}"
    found = ask(what, sagemaker.describe_endpoint, EndpointName=endpoint)
    status = found["EndpointStatus"]
    if status != "InService":
        said = f"{status}: {found['FailureReason']}" if found.get("FailureReason") else status
        raise BlockedError(f"{what} is {said}", remedy="wait for it, or look at its events in SageMaker")
    served = _served(what, found["EndpointConfigName"], sagemaker)
    taken = served == version
    detail = f"SageMaker's rollout ended with version {served or 'unknown'}; version {version} is pinned"
    check = Check(name="rollout", verdict="pass" if taken else "fail", detail=detail)
    open_ = tuple(name for name in QUESTIONS if name in asked and name not in _BY_ALARMS)
    left = "alarms alone decide in a rollout; to compare with the version before: mlctl model promote --trial"
    checks = (check, *(Check(name=name, verdict="not_evaluated", detail=left) for name in open_))
    decision = Decision(action="done" if taken else "roll_back", checks=checks, unanswered=open_)
    return Outcome(result="champion_replaced" if taken else "rolled_back", steps=(), decision=decision)


def _served(what: str, configuration: str, sagemaker: Any) -> int | None:
    """The version whose artefact the endpoint's first variant has."""
    variants = ask(what, sagemaker.describe_endpoint_config, EndpointConfigName=configuration)["ProductionVariants"]
    model = ask(what, sagemaker.describe_model, ModelName=variants[0]["ModelName"])
    container = model.get("PrimaryContainer") or model["Containers"][0]
    address = container.get("ModelDataUrl") or container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri", "")
    match = _VERSION.search(address)
    return int(match[1]) if match else None
