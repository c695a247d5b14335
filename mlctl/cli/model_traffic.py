"""Where `mlctl model canary` gets its traffic from, and the clients of AWS that `mlctl model` uses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlctl.config.environment import Environment
    from mlctl.promotion.local_traffic import LocalTraffic
    from mlctl.promotion.sagemaker_traffic import SageMakerTraffic


def local_traffic(
    root: Path, place: Environment, name: str, champion: str | None, challenger: str | None, source: Path | None
) -> LocalTraffic:
    """Two local servers and a file of requests; InputError where one is missing."""
    from mlctl.config.yaml_file import read_yaml
    from mlctl.errors import InputError
    from mlctl.promotion.local_traffic import LocalTraffic, read_requests

    if not (champion and challenger and source):
        raise InputError("a local canary needs two servers and requests", allowed="--champion, --challenger and --requests; or --aws")
    definition = root / "ml" / "models" / f"{name}.yaml"
    decision = read_yaml(definition).value.get("decision") if definition.exists() else None
    favourable = decision.get("favourable_word") if isinstance(decision, dict) else None
    return LocalTraffic(champion, challenger, read_requests(source), slow_ms=place.models[name].alarms.p99_ms, favourable=favourable)


def endpoint_traffic(place: Environment, name: str) -> SageMakerTraffic:
    """The real-time endpoint of a model with a challenger; InputError where it has none."""
    from datetime import UTC, datetime

    from mlctl.errors import InputError
    from mlctl.promotion.sagemaker_traffic import SageMakerTraffic

    model = place.models[name]
    if model.mode != "realtime" or model.challenger is None or model.challenger.shadow:
        remedy = "give it mode: realtime and a challenger, and deploy"
        raise InputError("needs a real-time endpoint with a challenger", key=f"models.{name}", remedy=remedy)
    endpoint = f"{place.prefix}-{name}"
    clients = aws_client("sagemaker", place), aws_client("cloudwatch", place)
    return SageMakerTraffic(endpoint, *clients, slow_ms=model.alarms.p99_ms, now=lambda: datetime.now(UTC))


def aws_client(service: str, environment: Environment) -> Any:
    """boto3's client in an environment's region, patient with throttling."""
    import boto3
    from botocore.config import Config

    return boto3.client(service, region_name=environment.region, config=Config(retries={"max_attempts": 4, "mode": "standard"}))


def alarms_by_model(environments: Sequence[Environment]) -> Mapping[tuple[str, str], str]:
    """(environment, model) → names of the alarms that are on."""
    from mlctl.promotion.alarms import alarms_on

    found: dict[tuple[str, str], str] = {}
    for environment in environments:
        found |= alarms_on(environment, aws_client("cloudwatch", environment))
    return found
