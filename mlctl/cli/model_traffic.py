"""Where `mlctl model canary` gets its traffic from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mlctl.config.environment import Environment
    from mlctl.config.model import Model
    from mlctl.promotion.canary import Limits
    from mlctl.promotion.canary_run import Traffic
    from mlctl.promotion.local_traffic import LocalTraffic


def model_definition(root: Path, name: str) -> Mapping[str, Any]:
    """ml/models/<name>.yaml; empty where there is none."""
    from mlctl.config.yaml_file import read_yaml

    path = root / "ml" / "models" / f"{name}.yaml"
    return read_yaml(path).value if path.exists() else {}


def local_traffic(
    place: Environment, name: str, definition: Mapping[str, Any], champion: str | None, challenger: str | None, source: Path | None
) -> LocalTraffic:
    """Two local servers and a file of requests; InputError where one is missing."""
    from mlctl.errors import InputError
    from mlctl.promotion.canary_limits import favourable_word
    from mlctl.promotion.local_traffic import LocalTraffic, read_requests
    from mlctl.promotion.watched import watched_of

    if not (champion and challenger and source):
        raise InputError("a local canary needs two servers and requests", allowed="--champion, --challenger and --requests; or --aws")
    given, favourable = read_requests(source, watched_of(definition)), favourable_word(definition)
    return LocalTraffic(champion, challenger, given, slow_ms=place.models[name].alarms.p99_ms, favourable=favourable)


def deployed_traffic(place: Environment, name: str, definition: Mapping[str, Any]) -> Traffic:
    """What splits the requests to a model in its environment; InputError where nothing does, with the reason."""
    from datetime import UTC, datetime

    from mlctl.evidence.client import aws_client
    from mlctl.promotion.canary_limits import favourable_word
    from mlctl.promotion.captured import Records
    from mlctl.promotion.watched import watched_of

    model, region = place.models[name], place.region
    refuse_canary(name, model)
    endpoint, slow = f"{place.prefix}-{name}", model.alarms.p99_ms

    def now() -> datetime:
        return datetime.now(UTC)

    records = Records(s3=aws_client("s3", region), favourable=favourable_word(definition), watched=watched_of(definition))
    if model.mode == "kserve":
        import boto3

        from mlctl.promotion.kserve_traffic import KServeTraffic
        from mlctl.promotion.kubernetes_api import KubernetesApi

        session = boto3.Session()

        def api() -> KubernetesApi:
            return KubernetesApi.of_eks(place.prefix, session, region)

        return KServeTraffic(name, model.team, api, records, slow_ms=slow, now=now)
    cloudwatch = aws_client("cloudwatch", region)
    if model.mode == "serverless":
        from mlctl.promotion.router_traffic import RouterTraffic

        return RouterTraffic(endpoint, aws_client("lambda", region), cloudwatch, records, slow_ms=slow, now=now)
    from mlctl.promotion.sagemaker_traffic import SageMakerTraffic

    return SageMakerTraffic(endpoint, aws_client("sagemaker", region), cloudwatch, records, slow_ms=slow, now=now)


def refuse_canary(name: str, model: Model) -> None:
    """InputError where nothing splits the requests to the model, and why."""
    from mlctl.errors import InputError

    remedy = f"put the version on trial: mlctl model promote {name} --trial"
    reasons = {
        "batch": ("scores files and has no requests to split", "compare the two versions' files: mlctl workflow run"),
        "asynchronous": ("answers later, from a queue of its own that is not split", "use mode: realtime or serverless for a canary"),
    }
    problem, way = reasons.get(model.mode, ("has no challenger, so its new version took over at once", remedy))
    if model.challenger is not None and model.challenger.shadow:
        problem, way = "has a shadow challenger, whose answers nobody gets", "set challenger.shadow: false to let it answer"
    elif model.challenger is not None:
        return
    raise InputError(f"mode {model.mode}: {problem}", key=f"models.{name}", remedy=way)


def refuse_unseen(name: str, model: Model, limits: Limits) -> None:
    """InputError where a question must be answered before the challenger takes over, and nothing is recorded to answer it from."""
    from mlctl.errors import InputError

    if limits.required and not model.data_capture_percent:
        what = f"{', '.join(sorted(limits.required))} must be judged, for the model's file says it decides about people"
        key = f"models.{name}.data_capture_percent"
        raise InputError(f"{what}; its requests are not recorded", key=key, allowed="above 0", remedy="deploy it with requests recorded")


def alarms_by_model(environments: Sequence[Environment]) -> Mapping[tuple[str, str], str]:
    """(environment, model) → names of the alarms that are on."""
    from mlctl.evidence.client import aws_client
    from mlctl.promotion.alarms import alarms_on

    found: dict[tuple[str, str], str] = {}
    for environment in environments:
        found |= alarms_on(environment, aws_client("cloudwatch", environment.region))
    return found
