"""Splits the traffic of a model on the cluster at its InferenceGraph, and reads from Prometheus what each version did.

infra/serving/kserve_service.py splits by a graph and not by KServe's canaryTrafficPercent, and says why. Requests and latency are those of
Knative's queue proxy. What a request was about is not in them: scores, business and groups are not evaluated here, but by the monitoring
workflow on the captured data.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from mlctl.errors import InputError, ServiceError
from mlctl.promotion.canary import Arm
from mlctl.promotion.kubernetes_api import KubernetesApi

PROMETHEUS = "/api/v1/namespaces/monitoring/services/monitoring-prometheus:9090/proxy/api/v1/query"
"""Through the API server's proxy: infra/platform/monitoring.py names namespace and service."""

_REQUESTS = "revision_app_request_count"
_LATENCY = "revision_app_request_latencies"
"""Milliseconds: a histogram with `_bucket` and `_count`."""
_BUCKETS = (5, 10, 20, 40, 60, 80, 100, 150, 200, 250, 300, 350, 400, 450, 500, 600, 700, 800, 900, 1000, 2000, 5000, 10000)
"""Upper bounds of the queue proxy's histogram, milliseconds."""


class KServeTraffic:
    """The graph of one model with a challenger.

    Parameters
    ----------
    api
        Makes a client of the cluster's server; asked each time, because its token lasts for minutes and a canary for hours.
    """

    def __init__(self, model: str, namespace: str, api: Callable[[], KubernetesApi], *, slow_ms: int, now: Callable[[], datetime]) -> None:
        self._model, self._namespace, self._api, self._now = model, namespace, api, now
        self._path = f"/apis/serving.kserve.io/v1alpha1/namespaces/{namespace}/inferencegraphs/{model}-split"
        self._bound = max([bucket for bucket in _BUCKETS if bucket <= slow_ms], default=_BUCKETS[0])
        self._since: datetime = now()
        self.failed_for_callers: int | None = None

    def split(self, percent: int) -> None:
        api = self._api()
        try:
            steps = api.get(self._path)["spec"]["nodes"]["root"]["steps"]
            names = [step["serviceName"] for step in steps]
        except (KeyError, TypeError):
            names, steps = [], []
        weights = {self._model: 100 - percent, f"{self._model}-challenger": percent}
        if sorted(names) != sorted(weights):
            found = ", ".join(names) or "nothing"
            raise InputError(f"{self._model}-split stands before {found}", allowed=", ".join(weights), remedy="deploy the challenger first")
        wanted = [{**step, "weight": weights[step["serviceName"]]} for step in steps]
        api.patch(self._path, {"spec": {"nodes": {"root": {"steps": wanted}}}})
        self._since = self._now()

    def counts(self) -> tuple[Arm, Arm]:
        seconds = max(60, int((self._now() - self._since).total_seconds()))
        api = self._api()
        champion, challenger = (self._arm(api, name, seconds) for name in (self._model, f"{self._model}-challenger"))
        return champion, challenger

    def _arm(self, api: KubernetesApi, service: str, seconds: int) -> Arm:
        where = f'namespace_name="{self._namespace}",configuration_name="{service}-predictor"'
        requests = self._sum(api, f"{_REQUESTS}{{{where}}}", seconds)
        errors = self._sum(api, f'{_REQUESTS}{{{where},response_code_class="5xx"}}', seconds)
        answered = self._sum(api, f"{_LATENCY}_count{{{where}}}", seconds)
        within = self._sum(api, f'{_LATENCY}_bucket{{{where},le="{self._bound}"}}', seconds)
        return Arm(requests=round(requests), errors=round(errors), slow=max(0, round(answered - within)))

    def _sum(self, api: KubernetesApi, series: str, seconds: int) -> float:
        query = f"sum(increase({series}[{seconds}s])) or vector(0)"
        answer: Any = api.get(PROMETHEUS, {"query": query})
        try:
            return float(answer["data"]["result"][0]["value"][1])
        except (KeyError, IndexError, TypeError, ValueError):
            raise ServiceError("Prometheus gave no number", remedy=f"ask it by hand: {query}") from None
