"""Where the requests to a model are counted: at its endpoint, or at the front door."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from infra.router.metrics import NAMESPACE

_SAGEMAKER = "AWS/SageMaker"
_GATEWAY = "AWS/ApiGateway"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One figure that CloudWatch keeps."""

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMetrics:
    """What the alarms of a model are made from."""

    requests: Metric
    errors: Metric
    """Server errors among them."""
    throttles: Metric
    """Requests that were refused because too many came at once."""
    latency: Metric
    per_millisecond: int = 1
    """Units of `latency` in a millisecond."""


def endpoint_metrics(model: str, endpoint: str, variant: str) -> RequestMetrics:
    """Of a variant of an endpoint that answers at once. SageMaker keeps no figure of throttles; the router does.

    https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
    """
    where = {"EndpointName": endpoint, "VariantName": variant}
    return RequestMetrics(
        requests=Metric(namespace=_SAGEMAKER, name="Invocations", dimensions=where),
        errors=Metric(namespace=_SAGEMAKER, name="Invocation5XXErrors", dimensions=where),
        throttles=_counted_by_router(model),
        latency=Metric(namespace=_SAGEMAKER, name="ModelLatency", dimensions=where),
        per_millisecond=1000,
    )


def queue_metrics(model: str, endpoint: str, variant: str) -> RequestMetrics:
    """Of a variant of an asynchronous endpoint, which publishes no `Invocations`. A failure is one for any reason: of the model, of a
    request that cannot be read, or of an answer that cannot be written.

    https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html
    """
    where = {"EndpointName": endpoint, "VariantName": variant}
    return RequestMetrics(
        requests=Metric(namespace=_SAGEMAKER, name="InvocationsProcessed", dimensions=where),
        errors=Metric(namespace=_SAGEMAKER, name="InvocationFailures", dimensions=where),
        throttles=_counted_by_router(model),
        latency=Metric(namespace=_SAGEMAKER, name="ModelLatency", dimensions=where),
        per_millisecond=1000,
    )


def route_metrics(api_id: pulumi.Input[str], path: str, throttles: Metric) -> RequestMetrics:
    """Of a route of the front door, for a model that nothing else counts: one in KServe's Standard mode, whose pods keep no figures.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
    """
    where: dict[str, pulumi.Input[str]] = {"ApiId": api_id, "Stage": "$default", "Method": "POST", "Resource": path}
    return RequestMetrics(
        requests=Metric(namespace=_GATEWAY, name="Count", dimensions=where),
        errors=Metric(namespace=_GATEWAY, name="5xx", dimensions=where),
        throttles=throttles,
        latency=Metric(namespace=_GATEWAY, name="Latency", dimensions=where),
    )


def _counted_by_router(model: str) -> Metric:
    return Metric(namespace=NAMESPACE, name="Throttles", dimensions={"Model": model})
