"""What monitoring says about one window of one model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ml.monitoring.alert import Alert
from ml.monitoring.metric import MetricResult
from ml.monitoring.retraining import RetrainDecision
from ml.monitoring.verdict import Verdict, worst
from ml.monitoring.window import Window


@dataclass(frozen=True, kw_only=True)
class MonitoringReport:
    """All results of a window, the alerts, and whether to retrain."""

    model: str
    window: Window
    as_of: str
    rows: int
    labelled_rows: int
    results: tuple[MetricResult, ...]
    alerts: tuple[Alert, ...]
    retraining: RetrainDecision

    @property
    def verdict(self) -> Verdict:
        """The worst of all results."""
        return worst([result.verdict for result in self.results])

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "model": self.model,
            "window": {"start": self.window.start.isoformat(), "end": self.window.end.isoformat()},
            "as_of": self.as_of,
            "rows": self.rows,
            "labelled_rows": self.labelled_rows,
            "verdict": self.verdict.value,
            "results": [result.to_dict() for result in self.results],
            "alerts": [alert.to_dict() for alert in self.alerts],
            "retraining": self.retraining.to_dict(),
        }
