"""AWS Glue. https://aws.amazon.com/glue/pricing/"""

from __future__ import annotations

from decimal import Decimal

from mlctl.cost.catalogue import priced
from mlctl.cost.quote import Quote
from mlctl.cost.values import times

_UNITS: dict[str, Decimal | int] = {"Standard": 1, "G.1X": 1, "G.2X": 2, "G.4X": 4, "G.8X": 8, "G.025X": Decimal("0.25")}
"""Data processing units per worker."""


@priced("aws:glue/job:Job", service="Glue", usage=("monthly_hours",))
def job(quote: Quote) -> None:
    workers = quote.number("numberOfWorkers")
    units = quote.number("maxCapacity", 1) if workers is None else times(workers, _UNITS.get(quote.text("workerType", "G.1X"), 1))
    item = "ETL job, flex" if quote.text("executionClass") == "FLEX" else "ETL job"
    hours = times(quote.usage("monthly_hours"), units)
    quote.add("Duration", "DPU-hours", hours, quote.price("Glue", item), key="monthly_hours")


@priced("aws:glue/crawler:Crawler", service="Glue", usage=("monthly_hours",))
def crawler(quote: Quote) -> None:
    quote.metered("Duration", "DPU-hours", "monthly_hours", quote.price("Glue", "crawler"))
