"""Figures that a function of the router writes as log lines, which CloudWatch turns into metrics: no call, no right needed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

NAMESPACE = "MLPlatform/Serving"


def count(model: str, values: dict[str, int], **further: Any) -> None:
    """One line in CloudWatch's embedded metric format; `further` stands in the log alone."""
    metrics = [{"Name": name, "Unit": "Count"} for name in values]
    definition = {"Namespace": NAMESPACE, "Dimensions": [["Model"]], "Metrics": metrics}
    about = {"Timestamp": int(datetime.now(UTC).timestamp() * 1000), "CloudWatchMetrics": [definition]}
    print(json.dumps({"_aws": about, "Model": model, **values, **further}))
