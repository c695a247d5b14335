"""SageMaker training, tuning and processing jobs, and the schedules that start them. https://aws.amazon.com/sagemaker/pricing/"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from mlctl.cost.catalogue import priced
from mlctl.cost.cron import runs_a_month
from mlctl.cost.quote import Quote
from mlctl.cost.services.sagemaker_endpoint import has_gpu, instance_price
from mlctl.cost.values import as_number, inside, times

_DEFINITIONS = {
    "DataQuality": "aws:sagemaker/dataQualityJobDefinition:DataQualityJobDefinition",
}


@priced("aws:sagemaker/trainingJob:TrainingJob", service="SageMaker", usage=("monthly_hours",))
def training_job(quote: Quote) -> None:
    """Hours of training a month: stated, else the model's. Managed spot is charged at most the price shown."""
    _add_job(quote, quote.raw("resourceConfig"), "training job", training_hours(quote))


@priced("aws:sagemaker/hyperParameterTuningJob:HyperParameterTuningJob", service="SageMaker", usage=("monthly_hours",))
def tuning_job(quote: Quote) -> None:
    definition = quote.raw("trainingJobDefinition") or inside(quote.raw("trainingJobDefinitions"), "")
    resources = inside(definition, "resourceConfig") or inside(definition, "hyperParameterTuningResourceConfig")
    _add_job(quote, resources, "training job", training_hours(quote))


def training_hours(quote: Quote) -> Decimal | None:
    found = quote.assumption("monthly_hours")
    usage = quote.around.usage.model(quote.model)
    if usage and (found is None or found.origin.startswith("default")):
        return usage.training_hours
    return found.value if found else None


@priced("aws:sagemaker/monitoringSchedule:MonitoringSchedule", service="SageMaker", usage=("hours_per_run",))
def monitoring_schedule(quote: Quote) -> None:
    """Runs a month from its cron expression, times the hours of one run."""
    runs = runs_a_month(str(quote.get("monitoringScheduleConfig.scheduleConfig.scheduleExpression") or ""))
    definition = inside(quote.raw("monitoringScheduleConfig"), "monitoringJobDefinition.monitoringResources.clusterConfig")
    name = inside(quote.raw("monitoringScheduleConfig"), "monitoringJobDefinitionName")
    token = _DEFINITIONS.get(str(inside(quote.raw("monitoringScheduleConfig"), "monitoringType")))
    if definition is None and name and token:
        found = quote.neighbour("monitoringScheduleConfig", name, token)
        definition = inside(found.inputs, "jobResources.clusterConfig") if found else None
    _add_job(quote, definition, "processing job", times(runs, quote.usage("hours_per_run")))


def _add_job(quote: Quote, resources: Any, use: str, hours: Decimal | None) -> None:
    """Add the instances of a job for `hours` each, and their disks for as long."""
    if isinstance(resources, list) and len(resources) == 1:
        resources = resources[0]
    if not isinstance(resources, Mapping):
        quote.unknown("the instances of the job are not in the plan")
        return
    kind, count = str(resources.get("instanceType")), as_number(resources.get("instanceCount", 1))
    key = "hours_per_run" if use == "processing job" else "monthly_hours"
    cost = quote.add(f"{use.capitalize()} ({kind})", "hours", times(count, hours), instance_price(quote, use, kind), key=key)
    if has_gpu(quote, kind):
        quote.gpu(cost)
    volume = as_number(resources.get("volumeSizeInGb"))
    if volume:
        held = times(volume, count, hours, Decimal(1) / 730)
        quote.add("Job storage", "GB", held, quote.price("SageMaker", f"{use.split()[0]} storage"), key=key)
