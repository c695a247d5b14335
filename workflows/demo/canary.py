"""A canary between two served models on this machine, by `mlctl model canary`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ml.spec import ModelSpec
from mlctl.evidence.log import EvidenceLog
from workflows.demo.checkout import Checkout, Done
from workflows.demo.hub import PullRequest
from workflows.demo.traffic import applicants

MINIMUM = 40
"""Answers of the challenger before a step ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """How a challenger did."""

    title: str
    version: int
    figures: Mapping[str, Any]
    """`result`, `checks` and `steps` of its record."""
    unanswered: int
    """Requests that no server answered."""
    done: Done
    merged: PullRequest
    """What it left: its evidence, or the revert."""

    @property
    def took_over(self) -> bool:
        return bool(self.figures["result"] == "champion_replaced")

    @property
    def summary(self) -> str:
        """How it ended, in a line."""
        steps = " → ".join(f"{step['percent']} %" for step in self.figures["steps"])
        if self.took_over:
            return f"{steps}, took over; {self.unanswered} requests unanswered"
        refused = ", ".join(check["name"] for check in self.figures["checks"] if check["verdict"] == "fail")
        return f"{steps}, rolled back by {refused}; {self.unanswered} requests unanswered"


def write_requests(path: Path, spec: ModelSpec, *, seed: int, feature_drift: float = 0.0, concept_drift: float = 0.0) -> Path:
    """One request of one row per line, with the groups of whom it is about: the monitored attributes that hold words."""
    rows, _ = applicants(spec, seed, feature_drift, concept_drift)
    attributes = [item.column for item in spec.monitored if not item.bins]
    lines = [json.dumps({"body": {"dataframe_records": [row]}, "groups": {name: row[name] for name in attributes}}) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def run_trial(checkout: Checkout, title: str, model: str, environment: str, given: Sequence[str]) -> Trial:
    """Shift traffic from one served model to the other; where it is rolled back, the revert is opened and merged.

    Parameters
    ----------
    given
        Further options of `mlctl model canary`: the servers, the requests.
    """
    options = ["--env", environment, "--minimum", str(MINIMUM), "--pull-request", *given]
    done = checkout.mlctl("model", "canary", model, *options, allowed=(0, 1))
    if done.status == 0:
        branch = f"evidence/canary-{model}-{environment}"
        checkout.mlctl("evidence", "propose", "--branch", branch)
    else:
        branch = f"rollback/{model}-in-{environment}"
    merged = checkout.merge(branch)
    record = [item for item in EvidenceLog(checkout.root / "evidence").records(model) if item.kind == "canary"][-1]
    assert record.version is not None
    unanswered = int(record.details["failed_for_callers"])
    return Trial(title=title, version=record.version, figures=record.details, unanswered=unanswered, done=done, merged=merged)
