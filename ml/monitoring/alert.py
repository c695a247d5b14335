"""An alert, as data. Whoever calls sends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ml.monitoring.metric import MetricResult
from ml.monitoring.verdict import Verdict
from ml.monitoring.window import Window


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One thing that drifted: the model, the feature, the size, and where to act."""

    model: str
    owner: str
    metric: str
    feature: str
    value: float
    threshold: float
    window: str
    link: str
    text: str

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "model": self.model,
            "owner": self.owner,
            "metric": self.metric,
            "feature": self.feature,
            "value": self.value,
            "threshold": self.threshold,
            "window": self.window,
            "link": self.link,
            "text": self.text,
        }


def alerts(model: str, owner: str, window: Window, results: list[MetricResult], *, link: str) -> list[Alert]:
    """Return one alert for each result that drifted, largest first in units of its threshold."""
    drifted = [result for result in results if result.verdict is Verdict.DRIFT and result.value is not None]
    return [_alert(model, owner, window, result, link) for result in sorted(drifted, key=_severity, reverse=True)]


def _severity(result: MetricResult) -> float:
    value = result.value if result.value is not None else 0.0
    low, high = sorted((abs(value), abs(result.threshold)))
    return high / max(low, 1e-12)


def _alert(model: str, owner: str, window: Window, result: MetricResult, link: str) -> Alert:
    assert result.value is not None
    text = (
        f"{model}: {result.feature} drifted, {result.metric} {result.value:.4g} is {result.direction.value} "
        f"{result.threshold:g} in {window.name} ({result.current_rows} rows)"
    )
    if result.reason:
        text += f"; {result.reason}"
    return Alert(
        model=model,
        owner=owner,
        metric=result.metric,
        feature=result.feature,
        value=result.value,
        threshold=result.threshold,
        window=window.name,
        link=link,
        text=f"{text}. Act: {link}",
    )
