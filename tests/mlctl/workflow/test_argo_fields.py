"""The table of Argo's fields is the one Hera's models give."""

from __future__ import annotations

from mlctl.workflow.argo_fields import field_table, table_from_models


def test_the_table_is_not_stale() -> None:
    assert field_table() == table_from_models(), "run `python -m mlctl.workflow.argo_fields`"


def test_fields_argo_documents_are_there() -> None:
    table = field_table()
    assert {"container", "script", "dag", "steps", "suspend", "retryStrategy", "memoize"} <= set(table["Template"])
    assert table["Parameter"]["value"] == "text"
    assert table["Template"]["steps"] == "[[WorkflowStep]]"
