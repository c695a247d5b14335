"""SageMaker inference: serverless, real-time, asynchronous, batch. https://aws.amazon.com/sagemaker/pricing/"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mlctl.config.model import Instances, Model
from mlctl.cost.catalogue import priced
from mlctl.cost.price import HOURS, Price
from mlctl.cost.quote import Quote
from mlctl.cost.values import as_number, inside, times
from mlctl.plan.model import UNKNOWN

_DATA = "monthly_data_processed_gb"
_SECONDS = "monthly_inference_duration_seconds"
_WARM_SECONDS = "monthly_provisioned_concurrency_inference_duration_seconds"
_KB_PER_GB = Decimal(1_000_000)


@priced("aws:sagemaker/endpointConfiguration:EndpointConfiguration", service="SageMaker", usage=(_DATA, _SECONDS, _WARM_SECONDS))
def endpoint_configuration(quote: Quote) -> None:
    """What an endpoint with this configuration costs; variants share the traffic by their weights, a shadow variant gets a copy."""
    variants = quote.items("productionVariants")
    weights = [as_number(variant.get("initialVariantWeight", 1)) for variant in variants]
    total = sum((weight or Decimal(0) for weight in weights), Decimal(0))
    asynchronous = quote.raw("asyncInferenceConfig") is not None
    for variant, weight in zip(variants, weights, strict=True):
        share = Decimal(1) if len(variants) == 1 or not total else (weight or Decimal(0)) / total
        _add_variant(quote, variant, share, asynchronous=asynchronous)
    for variant in quote.items("shadowProductionVariants"):
        _add_variant(quote, variant, Decimal(1), asynchronous=False)
    quote.add("Data processed", "GB", _gigabytes(quote), quote.price("SageMaker", "endpoint data processed"), key=_DATA)


def _add_variant(quote: Quote, variant: Mapping[str, Any], share: Decimal, *, asynchronous: bool) -> None:
    serverless = inside(variant, "serverlessConfig")
    if isinstance(serverless, Mapping):
        _add_serverless(quote, serverless, share)
        return
    kind = str(variant.get("instanceType"))
    count = None if variant.get("initialInstanceCount") == UNKNOWN else as_number(variant.get("initialInstanceCount", 1))
    limits = _limits(quote)
    most = times(limits.maximum, HOURS) if limits else None
    hours, key = times(count, HOURS), None
    if asynchronous and limits and limits.minimum == 0:
        hours, key = _busy_hours(quote, share), _SECONDS
    cost = quote.add(f"Inference instance ({kind})", "hours", hours, instance_price(quote, "real-time hosting", kind), most=most, key=key)
    if has_gpu(quote, kind):
        quote.gpu(cost)
    volume = as_number(variant.get("volumeSizeInGb"))
    if volume:
        quote.add("Inference instance storage", "GB", times(volume, count), quote.price("SageMaker", "endpoint storage"))


def _add_serverless(quote: Quote, settings: Mapping[str, Any], share: Decimal) -> None:
    memory = as_number(settings.get("memorySizeInMb", 2048))
    size = f"{int(memory / 1024)} GB memory" if memory is not None else "unknown memory"
    warm = as_number(settings.get("provisionedConcurrency", 0)) or Decimal(0)
    seconds, warm_seconds = _seconds(quote, share, warm=bool(warm))
    if seconds != 0 or not warm:
        compute = quote.price("SageMaker", f"serverless inference compute, {size}")
        quote.add(f"Serverless compute ({size})", "seconds", seconds, compute, key=_SECONDS)
    if warm:
        price = quote.price("SageMaker", f"serverless provisioned concurrency, {size}")
        quote.add("Provisioned concurrency (warm)", "seconds", warm * HOURS * 3600, price)
        execution = quote.price("SageMaker", f"serverless provisioned execution, {size}")
        quote.add("Provisioned concurrency execution", "seconds", warm_seconds, execution, key=_SECONDS)


def _seconds(quote: Quote, share: Decimal, *, warm: bool) -> tuple[Decimal | None, Decimal | None]:
    """(seconds of inference on demand, on warm slots). What is not stated apart is all served by the warm slots where there are any."""
    found = quote.assumption(_SECONDS)
    if found and not found.origin.startswith("default"):
        return found.value * share, times(quote.usage(_WARM_SECONDS), share)
    busy = times(_busy_hours(quote, share), 3600)
    return (Decimal(0), busy) if warm else (busy, None)


def _busy_hours(quote: Quote, share: Decimal) -> Decimal | None:
    """Hours in which one request at a time is served: from the model's traffic, else the default."""
    usage = quote.around.usage.model(quote.model)
    if usage is not None:
        return usage.requests * usage.milliseconds * share / 1000 / 3600
    return times(quote.usage(_SECONDS), share, Decimal(1) / 3600)


def _gigabytes(quote: Quote) -> Decimal | None:
    """Stated for the resource; else from the model's traffic; else the default."""
    found = quote.assumption(_DATA)
    usage = quote.around.usage.model(quote.model)
    if usage and (found is None or found.origin.startswith("default")):
        return usage.requests * usage.payload_kb / _KB_PER_GB
    return found.value if found else None


def _limits(quote: Quote) -> Instances | None:
    model = _configured(quote)
    return model.instances if model else None


def _configured(quote: Quote) -> Model | None:
    return quote.around.environment.models.get(quote.model) if quote.model else None


@priced("aws:sagemaker/model:Model", service="SageMaker", usage=("monthly_batch_hours",))
def model(quote: Quote) -> None:
    """A model is free; where it scores in batches, the instances that do it are charged."""
    configured = _configured(quote)
    if configured is None or configured.mode != "batch" or configured.instances is None:
        quote.free("the endpoint that serves it is charged")
        return
    usage = quote.around.usage.model(quote.model)
    stated = quote.usage("monthly_batch_hours")
    hours = stated if stated is not None else usage.batch_hours if usage else None
    kind = configured.instances.instance_type
    cost = quote.add(f"Batch transform ({kind})", "hours", hours, instance_price(quote, "batch transform", kind), key="monthly_batch_hours")
    if has_gpu(quote, kind):
        quote.gpu(cost)


def instance_price(quote: Quote, use: str, kind: str) -> Price:
    """USD an hour of `ml.m5.large` for a use; where that is not published, hosting stands for it: they are equal to within 0.002 USD."""
    found = quote.price("SageMaker", f"{use} {kind}")
    if found.usd is None and use != "real-time hosting":
        return quote.price("SageMaker", f"real-time hosting {kind}").times(1, f"the hosting price stands for {use}")
    return found


def has_gpu(quote: Quote, kind: str) -> bool:
    machine = quote.instance(kind.removeprefix("ml."))
    return bool(machine and machine.gpus)
