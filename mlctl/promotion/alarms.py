"""Which CloudWatch alarms of a model are on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlctl.config.environment import Environment
from mlctl.errors import ServiceError


def alarms_on(environment: Environment, cloudwatch: Any) -> dict[tuple[str, str], str]:
    """(environment, model) → names of the alarms that are on, "" where none is.

    Parameters
    ----------
    cloudwatch
        boto3's client in the environment's account and region.

    Raises
    ------
    ServiceError
        CloudWatch failed.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    found: dict[tuple[str, str], list[str]] = {(environment.name, name): [] for name in environment.models}
    try:
        for page in cloudwatch.get_paginator("describe_alarms").paginate(StateValue="ALARM"):
            for alarm in page["MetricAlarms"]:
                for name in _models(environment, set(_dimension_values(alarm))):
                    found[(environment.name, name)].append(alarm["AlarmName"])
    except (BotoCoreError, ClientError) as error:
        raise ServiceError(f"CloudWatch in {environment.name}: {error}", remedy="check the credentials, or leave --aws out") from None
    return {key: ", ".join(sorted(names)) for key, names in found.items()}


def _models(environment: Environment, values: set[str]) -> list[str]:
    """The models that an alarm with these dimension values is about: their endpoint, its challenger, or their name."""
    names = []
    for name in environment.models:
        endpoint = f"{environment.prefix}-{name}"
        if values & {name, endpoint, f"{endpoint}-challenger"}:
            names.append(name)
    return names


def _dimension_values(alarm: Mapping[str, Any]) -> Iterator[str]:
    metrics = [query.get("MetricStat", {}).get("Metric", {}) for query in alarm.get("Metrics", [])]
    for item in (alarm, *metrics):
        for dimension in item.get("Dimensions", []):
            yield str(dimension["Value"])
