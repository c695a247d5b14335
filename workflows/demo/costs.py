"""What the runs would have cost as pods, from the price book and from what the steps ask for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml

from ml.errors import ServiceError
from workflows.demo import chart
from workflows.demo.runs import Run
from workflows.demo.story import MODEL, Story
from workflows.place import Place

_UNITS = {"m": Decimal("0.001"), "": Decimal(1), "Mi": Decimal(1) / 1024, "Gi": Decimal(1)}


def values(story: Story) -> dict[str, Any]:
    """The template's values about cost."""
    place = Place(environment=story.place.environment, name=MODEL)
    pool = place.pool("cpu")
    assert pool is not None
    usage = story.place.environment.usage.node_pools.get(pool.name)
    instance = usage.instance_type if usage else f"{pool.instance_families[0]}.{pool.instance_sizes[-1]}"
    quote = _quote(instance, pool.capacity, story.place.environment.region)
    cores, memory = (Decimal(number) for number in quote["size"])
    price = Decimal(quote["usd"])
    asked = _asked(story)
    costs = {name: sum((_cost(step, asked, cores, memory) for step in run.steps()), Decimal()) * price for name, run in story.runs.items()}
    most_steps = sorted(_by_template(story.runs.values(), asked, cores, memory).items(), key=lambda item: -item[1])[:8]
    bars = [chart.Bar(label=f"run: {name}", value=float(cost), text=f"{cost:.5f} USD") for name, cost in costs.items()]
    bars += [chart.Bar(label=name, value=float(cost * price), text=f"{cost * price:.5f} USD", kind="d") for name, cost in most_steps]
    return {
        "instance": instance,
        "price": f"{price:.4f}",
        "capacity": pool.capacity,
        "costs": chart.bars(bars),
        "cost_total": f"{sum(costs.values()):.4f}",
        "price_source": f"Price of {quote['date']}; {quote['note'] or 'list price'}.",
    }


def _quote(instance: str, capacity: str, region: str) -> dict[str, Any]:
    """The price of an hour, and cores and memory (GiB) of the instance."""
    command = [str(Path(sys.executable).with_name("mlctl")), "prices", "show", instance, "--region", region, "--format", "json"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    wanted = "spot" if capacity == "spot" else "on demand"
    line = next((item for item in found if item["name"].endswith(wanted)), None)
    sizes = [re.search(r"(\d+) vCPU, (\d+) GiB", item["note"] or "") for item in found]
    size = next((match.groups() for match in sizes if match), None)
    if line is None or size is None:
        raise ServiceError(f"the price book has no {instance} {wanted} in {region}", remedy="run mlctl prices refresh")
    return {**line, "size": size}


def _asked(story: Story) -> dict[str, tuple[Decimal, Decimal]]:
    """Template → (cores, GiB) it asks for, from the rendered manifests."""
    found = {}
    for path in sorted((story.place.folder / "rendered").rglob("*.yaml")):
        spec = yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
        for template in spec.get("templates", ()):
            if "script" in template:
                requests = template["script"]["resources"]["requests"]
                found[template["name"]] = (_amount(requests["cpu"]), _amount(requests["memory"]))
    return found


def _amount(text: str) -> Decimal:
    match = re.fullmatch(r"([\d.]+)(m|Mi|Gi|)", text)
    assert match
    return Decimal(match[1]) * _UNITS[match[2]]


def _cost(step: Any, asked: Mapping[str, tuple[Decimal, Decimal]], cores: Decimal, memory: Decimal) -> Decimal:
    """Node hours a step takes: the larger of its shares of cores and memory, times its time."""
    cpu, gib = asked[step.template]
    return max(cpu / cores, gib / memory) * Decimal(step.finished - step.started) / 3600


def _by_template(runs: Any, asked: Mapping[str, tuple[Decimal, Decimal]], cores: Decimal, memory: Decimal) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    run: Run
    for run in runs:
        for step in run.steps():
            found[step.template] = found.get(step.template, Decimal()) + _cost(step, asked, cores, memory)
    return found
