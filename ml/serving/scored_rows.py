"""The table of decisions: one shape for the decision log, the batch output and monitoring.

It holds no personal data in clear. The entity is a code (see `pseudonym`), its own columns are left out; of the attributes the
model file says to monitor, the group is kept (a number only as its band); prohibited attributes that are not monitored are never
kept. What remains are the model's inputs, which an audit needs to repeat a decision.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from numpy.typing import NDArray

from ml.contracts.cells import typed
from ml.explanation.reasons import Reason
from ml.fairness.groups import group_labels
from ml.features.compute import is_category
from ml.serving.pseudonym import Pseudonyms
from ml.serving.scorer import Scored
from ml.spec import ModelSpec
from ml.spec_data import Column
from ml.spec_fit import GROUP_PREFIX

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa


def companion_columns(spec: ModelSpec) -> tuple[str, ...]:
    """Return the columns a request may carry beside the model's inputs: who, when, and the monitored attributes."""
    return tuple(dict.fromkeys([spec.entity, spec.timestamp, *(item.column for item in spec.monitored)]))


def schema(spec: ModelSpec) -> pa.Schema:
    """Return the columns and types of the table of decisions."""
    import pyarrow as pa

    features = [(name, pa.string() if is_category(spec, name) else pa.float64()) for name in spec.features]
    groups = [(GROUP_PREFIX + item.column, pa.string()) for item in spec.monitored]
    moment = pa.timestamp("us", tz="UTC")
    return pa.schema(
        [
            ("decision_id", pa.string()),
            ("key", pa.string()),
            ("decided_at", moment),
            ("artefact", pa.string()),
            *features,
            ("score", pa.float64()),
            ("decision", pa.string()),
            ("reasons", pa.string()),
            *groups,
        ]
    )


def identities(
    spec: ModelSpec, beside: pd.DataFrame, codes: Pseudonyms | None, *, fallback: list[str] | None = None
) -> tuple[list[str], list[str | None]]:
    """Return (decision ids, entity codes) of rows.

    A row without entity and time gets its decision id from `fallback`, or a random one.
    """
    entities = _entities(spec, beside)
    moments = moment_texts(beside[spec.timestamp]) if spec.timestamp in beside else [""] * len(beside)
    ids: list[str] = []
    keys: list[str | None] = []
    for position, (entity, moment) in enumerate(zip(entities, moments, strict=True)):
        keys.append(codes.of_entity(entity) if codes and entity else None)
        if codes and entity and moment:
            ids.append(codes.of_decision(entity, moment))
        elif codes and fallback:
            ids.append(codes.of_decision("", fallback[position]))
        else:
            ids.append(uuid4().hex)
    return ids, keys


def table_columns(
    spec: ModelSpec, scored: Scored, beside: pd.DataFrame, ids: list[str], keys: list[str | None]
) -> dict[str, list[Any] | NDArray[Any]]:
    """Return the columns of the table of decisions, but for the time and the artefact."""
    columns: dict[str, list[Any] | NDArray[Any]] = {"decision_id": ids, "key": keys}
    columns.update(scored.features)
    columns["score"] = scored.scores
    columns["decision"] = scored.decisions
    columns["reasons"] = [reasons_text(reasons) for reasons in scored.reasons]
    columns |= group_columns(spec, beside)
    return columns


def group_columns(spec: ModelSpec, beside: pd.DataFrame) -> dict[str, list[str | None]]:
    """Return the group of each row by every monitored attribute; none where the request did not carry it."""
    return {GROUP_PREFIX + item.column: _groups(spec, beside, item.column) for item in spec.monitored}


def reasons_text(reasons: tuple[Reason, ...]) -> str:
    """Return reasons as JSON text: a list of feature and text, most important first."""
    return json.dumps([{"feature": reason.feature, "text": reason.text} for reason in reasons], ensure_ascii=False)


def _groups(spec: ModelSpec, beside: pd.DataFrame, column: str) -> list[str | None]:
    if column not in beside:
        return [None] * len(beside)
    attribute = next(item for item in spec.monitored if item.column == column)
    about = spec.contract.columns[column]
    values, _ = typed(beside[column], about)
    if about.categories:
        values = values.where(values.isin(list(about.categories)))
    return [None if label == "missing" else str(label) for label in group_labels(attribute, values)]


def _entities(spec: ModelSpec, beside: pd.DataFrame) -> list[str]:
    """Return who each row is about, in one spelling: 7 and 7.0 are the same customer; nothing is ""."""
    if spec.entity not in beside:
        return [""] * len(beside)
    values = beside[spec.entity]
    read, _ = typed(values, spec.contract.columns[spec.entity])
    plain = values.astype(object).where(values.notna(), "")
    return [str(value) for value in read.astype(object).where(read.notna(), plain)]


def moment_texts(values: pd.Series) -> list[str]:
    """Return times in one spelling, however they were written: UTC, to the microsecond.

    What is no time stays as it is, and nothing is "".
    """
    read, _ = typed(values, _MOMENT)
    texts = read.dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    plain = values.astype(object).where(values.notna(), "")
    return [str(value) for value in texts.where(read.notna(), plain).tolist()]


_MOMENT = Column(dtype="timestamp")
