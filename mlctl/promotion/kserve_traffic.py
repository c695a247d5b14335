"""Splits the traffic of a model on the cluster at its InferenceGraph, and reads from Prometheus what each version did.

infra/serving/kserve_service.py splits by a graph and not by KServe's canaryTrafficPercent, and says why. Requests and latency are those of
Knative's queue proxy; scores, decisions and groups come from the requests and answers that KServe's logger keeps in S3, by service. Where
it keeps none, they are not evaluated.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from mlctl.errors import InputError, ServiceError
from mlctl.promotion.canary import Arm
from mlctl.promotion.captured import Records
from mlctl.promotion.kubernetes_api import KubernetesApi
from mlctl.promotion.logged import Logged

PROMETHEUS = "/api/v1/namespaces/monitoring/services/monitoring-prometheus:9090/proxy/api/v1/query"
"""Through the API server's proxy: infra/platform/monitoring.py names namespace and service."""

_ANSWERS = "http_server_request_duration_seconds"
"""The histogram of Knative's queue proxy, seconds, with `_bucket` and `_count`; infra/serving/kserve_alarms.py goes by it too."""
_BUCKETS = (5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10000)
"""Its upper bounds, milliseconds: those OpenTelemetry advises, https://opentelemetry.io/docs/specs/semconv/http/http-metrics/."""


class KServeTraffic:
    """The graph of one model with a challenger.

    Parameters
    ----------
    api
        Makes a client of the cluster's server; asked each time, because its token lasts for minutes and a canary for hours.
    """

    def __init__(
        self, model: str, namespace: str, api: Callable[[], KubernetesApi], records: Records, *, slow_ms: int, now: Callable[[], datetime]
    ) -> None:
        self._model, self._namespace, self._api, self._records, self._now = model, namespace, api, records, now
        self._versions = (model, f"{model}-challenger")
        self._logged: Logged | None = None
        self._path = f"/apis/serving.kserve.io/v1alpha1/namespaces/{namespace}/inferencegraphs/{model}-split"
        self._bound = max([bucket for bucket in _BUCKETS if bucket <= slow_ms], default=_BUCKETS[0])
        self._since: datetime = now()
        self.failed_for_callers: int | None = None

    def split(self, percent: int) -> None:
        api = self._api()
        try:
            steps = api.get(self._path)["spec"]["nodes"]["root"]["steps"]
            names = [step["name"] for step in steps]
        except (KeyError, TypeError):
            names, steps = [], []
        weights = dict(zip(self._versions, (100 - percent, percent), strict=True))
        if sorted(names) != sorted(weights):
            found = ", ".join(names) or "nothing"
            raise InputError(f"{self._model}-split stands before {found}", allowed=", ".join(weights), remedy="deploy the challenger first")
        wanted = [{**step, "weight": weights[step["name"]]} for step in steps]
        api.patch(self._path, {"spec": {"nodes": {"root": {"steps": wanted}}}})
        self._since = self._now()
        self._logged = self._start_logged(api) if percent else None

    def counts(self) -> tuple[Arm, Arm]:
        seconds = max(60, int((self._now() - self._since).total_seconds()))
        api, seen = self._api(), self._logged.arms() if self._logged else {}
        champion, challenger = (self._arm(api, name, seconds).about(seen.get(name, Arm())) for name in self._versions)
        return champion, challenger

    def _start_logged(self, api: KubernetesApi) -> Logged | None:
        """Below `<the logger's address>/<namespace>/<service>/predictor`; None where nothing is logged."""
        service = api.get(f"/apis/serving.kserve.io/v1beta1/namespaces/{self._namespace}/inferenceservices/{self._model}")
        logger = service.get("spec", {}).get("predictor", {}).get("logger") or {}
        address = str(logger.get("url", ""))
        if not address.startswith("s3://"):
            return None
        bucket, _, prefix = address.removeprefix("s3://").partition("/")
        folders = {name: f"{prefix.rstrip('/')}/{self._namespace}/{name}/predictor" for name in self._versions}
        return Logged(self._records, self._since, bucket, folders)

    def _arm(self, api: KubernetesApi, service: str, seconds: int) -> Arm:
        where = f'k8s_namespace_name="{self._namespace}",kn_configuration_name="{service}-predictor"'
        requests = self._sum(api, f"{_ANSWERS}_count{{{where}}}", seconds)
        errors = self._sum(api, f'{_ANSWERS}_count{{{where},http_response_status_code=~"5.."}}', seconds)
        within = self._sum(api, f'{_ANSWERS}_bucket{{{where},le="{self._bound / 1000:g}"}}', seconds)
        return Arm(requests=round(requests), errors=round(errors), slow=max(0, round(requests - within)))

    def _sum(self, api: KubernetesApi, series: str, seconds: int) -> float:
        query = f"sum(increase({series}[{seconds}s])) or vector(0)"
        answer: Any = api.get(PROMETHEUS, {"query": query})
        try:
            return float(answer["data"]["result"][0]["value"][1])
        except (KeyError, IndexError, TypeError, ValueError):
            raise ServiceError("Prometheus gave no number", remedy=f"ask it by hand: {query}") from None
