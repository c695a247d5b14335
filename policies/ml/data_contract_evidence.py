"""No version serves that learnt from unchecked data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from mlctl.finding import Severity
from policies.ml.evidence import SERVED, spoiled, unproven
from policies.rule import model_rule
from policies.settings import Settings


@model_rule(
    id="ml-data-contract-evidence",
    title="A served version learnt from data that kept its contract",
    severity=Severity.MEDIUM,
    why="A model of broken data is broken, however well it scores on it.",
    remediation="Run the training workflow; its data step writes the evidence.",
    allowed=SERVED,
    disallowed=spoiled("data_contract"),
)
def data_contract_evidence(model: Mapping[str, Any], settings: Settings) -> Iterator[str]:
    yield from unproven(model, settings, "data_contract")
