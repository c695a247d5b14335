"""Serverless or instances, warm slots, and instances that are larger than the traffic needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from mlctl.config.model import Model
from mlctl.config.usage import ModelUsage
from mlctl.cost.advice.line import Advice, Evidence
from mlctl.cost.money import plain
from mlctl.cost.price import HOURS

_SIZES = ("medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge", "12xlarge", "16xlarge", "24xlarge")
_BUSY = Decimal("0.30")
"""Above this share of its processor time an instance is left as it is; a smaller one is advised only below half of it."""
_DEFAULT_INSTANCE = "ml.m5.large"
_DEFAULT_MEMORY_GB = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """Where serverless and real-time inference of a model cost the same."""

    model: str
    mode: str
    requests: Decimal
    """Requests a month of the model."""
    break_even_requests: Decimal
    """Below this, serverless is cheaper."""
    serverless_usd: Decimal
    realtime_usd: Decimal
    arithmetic: str


def break_even(evidence: Evidence) -> tuple[BreakEven, ...]:
    """One line for each serverless or real-time CPU model with stated traffic and published prices."""
    found = []
    for name, model, usage in _models(evidence):
        line = _break_even(evidence, name, model, usage)
        if line:
            found.append(line)
    return tuple(found)


def _models(evidence: Evidence) -> Iterator[tuple[str, Model, ModelUsage]]:
    for name, model in evidence.environment.models.items():
        usage = evidence.environment.usage.models.get(name)
        if usage and usage.milliseconds and model.mode in ("serverless", "realtime") and model.accelerator == "cpu":
            yield name, model, usage


def _break_even(evidence: Evidence, name: str, model: Model, usage: ModelUsage) -> BreakEven | None:
    kind = model.instances.instance_type if model.instances else _DEFAULT_INSTANCE
    count = model.instances.minimum if model.instances else 2 if evidence.environment.production else 1
    memory = model.serverless.memory_mb // 1024 if model.serverless else _DEFAULT_MEMORY_GB
    hourly = evidence.usd("SageMaker", f"real-time hosting {kind}")
    second = evidence.usd("SageMaker", f"serverless inference compute, {memory} GB memory")
    if hourly is None or second is None:
        return None
    realtime = count * HOURS * hourly
    per_request = usage.milliseconds / 1000 * second
    arithmetic = (
        f"serverless {usage.requests:,.0f} requests × {plain(usage.milliseconds)} ms × {plain(second)} USD/s ({memory} GB) "
        f"against {count} × {kind} × {HOURS} h × {plain(hourly)} USD"
    )
    return BreakEven(
        model=name,
        mode=model.mode,
        requests=usage.requests,
        break_even_requests=(realtime / per_request).to_integral_value(),
        serverless_usd=usage.requests * per_request,
        realtime_usd=realtime,
        arithmetic=arithmetic,
    )


def mode_advice(evidence: Evidence) -> Iterator[Advice]:
    """Change the mode of a model whose traffic lies on the other side of the break-even."""
    for line in break_even(evidence):
        model = evidence.environment.models[line.model]
        warm = model.serverless.provisioned_concurrency if model.serverless else 0
        if line.mode == "realtime" and line.serverless_usd < line.realtime_usd:
            yield Advice(
                kind="serverless",
                target=f"models.{line.model}.mode",
                change="realtime → serverless",
                saving_usd=line.realtime_usd - line.serverless_usd,
                arithmetic=f"{line.arithmetic}; break-even at {line.break_even_requests:,.0f} requests a month{_not_yet(model)}",
                risk="high" if model.critical else "medium",
                why="cold starts; " + _given_up(model),
            )
        elif line.mode == "serverless" and not warm and line.realtime_usd < line.serverless_usd:
            yield Advice(
                kind="realtime",
                target=f"models.{line.model}.mode",
                change="serverless → realtime",
                saving_usd=line.serverless_usd - line.realtime_usd,
                arithmetic=f"{line.arithmetic}; break-even at {line.break_even_requests:,.0f} requests a month{_not_yet(model)}",
                risk="low",
                why="instances must be sized for the peak",
            )


def _not_yet(model: Model) -> str:
    return "" if model.version is not None else "; no version is pinned yet, so today's total has none of it"


def _given_up(model: Model) -> str:
    settings = {
        "network isolation": model.network_isolation,
        "the VPC": model.vpc,
        "data capture by SageMaker": model.data_capture_percent > 0,
        "the shadow variant": model.challenger is not None and model.challenger.shadow,
    }
    given = [name for name, used in settings.items() if used]
    return f"AWS gives serverless no {', '.join(given)}" if given else "no setting of the model is lost"


def warm_advice(evidence: Evidence) -> Iterator[Advice]:
    """Warm slots that cost more than the traffic that they serve."""
    for name, model, usage in _models(evidence):
        slots = model.serverless.provisioned_concurrency if model.serverless else 0
        if not slots or not model.serverless:
            continue
        size = f"{model.serverless.memory_mb // 1024} GB memory"
        warm = evidence.usd("SageMaker", f"serverless provisioned concurrency, {size}")
        busy = evidence.usd("SageMaker", f"serverless provisioned execution, {size}")
        cold = evidence.usd("SageMaker", f"serverless inference compute, {size}")
        if warm is None or busy is None or cold is None:
            continue
        seconds = usage.requests * usage.milliseconds / 1000
        saving = slots * HOURS * 3600 * warm - seconds * (cold - busy)
        if saving > 0:
            yield Advice(
                kind="warm slots",
                target=f"models.{name}.serverless.provisioned_concurrency",
                change=f"{slots} → 0",
                saving_usd=saving,
                arithmetic=f"{slots} × {HOURS} h × 3,600 s × {plain(warm)} USD, "
                f"less {seconds:,.0f} s × ({plain(cold)} - {plain(busy)}) USD{_not_yet(model)}",
                risk="high" if model.critical else "medium",
                why=f"cold starts of seconds against alarms.p99_ms {model.alarms.p99_ms}",
            )


def size_advice(evidence: Evidence) -> Iterator[Advice]:
    """The next smaller instance where the model's traffic keeps the processors nearly idle."""
    for name, model, usage in _models(evidence):
        if model.instances is None:
            continue
        kind = model.instances.instance_type
        machine = evidence.instance(kind.removeprefix("ml."))
        count = max(model.instances.minimum, 1)
        smaller = _next_smaller(kind)
        now, then = (evidence.usd("SageMaker", f"real-time hosting {one}") if one else None for one in (kind, smaller))
        if machine is None or smaller is None or now is None or then is None or then >= now:
            continue
        load = usage.requests * usage.milliseconds / 1000 / (HOURS * 3600 * count * machine.vcpus)
        if load * 2 < _BUSY:
            yield Advice(
                kind="right-sizing",
                target=f"models.{name}.instances.instance_type",
                change=f"{kind} → {smaller}",
                saving_usd=count * HOURS * (now - then),
                arithmetic=f"{count} × {HOURS} h × ({plain(now)} - {plain(then)}) USD; "
                f"processors are {load:.1%} busy on average{_not_yet(model)}",
                risk="medium",
                why="the mean hides the peak, and memory halves: load-test first",
            )


def _next_smaller(kind: str) -> str | None:
    family, size = kind.rsplit(".", 1)
    place = _SIZES.index(size) if size in _SIZES else 0
    return f"{family}.{_SIZES[place - 1]}" if place else None
