"""A table's contract, derived from the model file: the same for ingestion, training, serving and monitoring."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

from ml.spec import ModelSpec
from ml.spec_data import Column


@dataclass(frozen=True, kw_only=True)
class TableContract:
    """What the rows of one table look like.

    Attributes
    ----------
    name
        Shown in errors, for example `credit-risk rows`.
    version
        The version the team declared.
    columns
        Every column the table has, in order.
    key
        Columns that together name a row once; empty where rows may repeat.
    """

    name: str
    version: str
    columns: Mapping[str, Column]
    key: tuple[str, ...] = ()

    @property
    def full_version(self) -> str:
        """The declared version and the first twelve digits of the content's SHA-256: `1.0+4f6d9a…`."""
        content = {name: column.model_dump(mode="json") for name, column in self.columns.items()}
        text = json.dumps([content, list(self.key)], sort_keys=True)
        return f"{self.version}+{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def row_contract(spec: ModelSpec) -> TableContract:
    """Return the contract of the model's main table: one row per entity and time."""
    return TableContract(
        name=f"{spec.name} rows",
        version=spec.contract.version,
        columns=spec.contract.columns,
        key=(spec.entity, spec.timestamp),
    )


def event_contract(spec: ModelSpec) -> TableContract | None:
    """Return the contract of the events table, or None where the model has no events."""
    if spec.events is None:
        return None
    return TableContract(name=f"{spec.name} events", version=spec.contract.version, columns=spec.events.columns)


def request_contract(spec: ModelSpec) -> TableContract:
    """Return the contract of a scoring request.

    A request carries the columns that row features are made from, and one number per window feature, which the
    caller or the online store fills in and which may be null.
    """
    columns: dict[str, Column] = {}
    for feature in spec.features.values():
        for source in feature.source:
            columns[source] = spec.contract.columns[source].model_copy(update={"unique": False})
    for name, feature in spec.features.items():
        if feature.window is not None:
            minimum = 0.0 if feature.window.aggregate == "count" else None
            columns[name] = Column(dtype="number", nullable=True, minimum=minimum)
    return TableContract(name=f"{spec.name} request", version=spec.contract.version, columns=columns)
