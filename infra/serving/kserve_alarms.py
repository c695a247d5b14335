"""The alarms of a model on the cluster, as Prometheus rules: the same four as of a SageMaker endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mlctl.config.model import ServingAlarms

_REQUESTS = "revision_app_request_count"
_LATENCY = "revision_app_request_latencies_bucket"
"""Histogram of Knative's queue proxy, milliseconds."""


def alarm_rules(model: str, namespace: str, services: Sequence[str], limits: ServingAlarms, *, critical: bool) -> dict[str, Any]:
    """The spec of a PrometheusRule. `services` are the InferenceServices of the model."""
    names = "|".join(f"{service}-predictor" for service in services)
    where = f'namespace_name="{namespace}",configuration_name=~"{names}"'
    total = f"sum(rate({_REQUESTS}{{{where}}}[5m]))"
    wrong = f'sum(rate({_REQUESTS}{{{where},response_code_class="5xx"}}[5m]))'
    refused = f'sum(rate({_REQUESTS}{{{where},response_code="429"}}[5m]))'
    slow = f"histogram_quantile(0.99, sum by (le) (rate({_LATENCY}{{{where}}}[5m])))"
    conditions = {
        "errors": (f"100 * {wrong} / {total} > {limits.error_percent:g}", "5m", f"more than {limits.error_percent:g} % server errors"),
        "p99": (f"{slow} > {limits.p99_ms}", "5m", f"99 of 100 answers take more than {limits.p99_ms} ms"),
        "throttles": (f"{refused} > 0", "5m", "requests are refused because too many come at once"),
    }
    if limits.no_traffic_minutes is not None:
        silence = f"(sum(increase({_REQUESTS}{{{where}}}[{limits.no_traffic_minutes}m])) or vector(0)) == 0"
        conditions["no-traffic"] = (silence, "1m", f"no request for {limits.no_traffic_minutes} minutes")
    severity = "critical" if critical else "warning"
    rules = [
        {
            "alert": f"{model}-{short}",
            "expr": expression,
            "for": duration,
            "labels": {"severity": severity, "model": model, "namespace": namespace},
            "annotations": {"summary": f"{model}: {summary}"},
        }
        for short, (expression, duration, summary) in conditions.items()
    ]
    return {"groups": [{"name": f"{model}-serving", "rules": rules}]}
