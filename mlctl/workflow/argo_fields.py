"""The field names and kinds of Argo's four manifest kinds, taken once from Hera's generated models.

The result is kept in `argo_fields.json`, so that checking a manifest does not cost the import of the models.
Write it again with `python -m mlctl.workflow.argo_fields`; a test fails when it is stale.

A kind is written as `str`, `int`, `bool`, `float`, `any`, `text` (a string that may also be written as a number or
a truth value), `int|str`, `[kind]`, `{kind}`, or the name of another entry.
"""

from __future__ import annotations

import functools
import json
import types
import typing
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("argo_fields.json")
KINDS = ("Workflow", "WorkflowTemplate", "CronWorkflow", "ClusterWorkflowTemplate")

# What Argo reads otherwise than the published models say; the first four are its `AnyString`.
_OTHER_KINDS = {
    ("Parameter", "value"): "text",
    ("Parameter", "default"): "text",
    ("Parameter", "enum"): "[text]",
    ("ValueFrom", "default"): "text",
    ("HTTPGetAction", "port"): "int|str",
    ("TCPSocketAction", "port"): "int|str",
    # The cache is kept under a key of the ConfigMap; the models know only its name.
    ("Cache", "configMap"): "ConfigMapKeySelector",
}
# Argo 3 wrote these; Argo 4, whose models these are, renamed them.
_OLDER_FIELDS = {
    "Synchronization": {"mutex": "Mutex", "semaphore": "SemaphoreRef"},
    "CronWorkflowSpec": {"schedule": "str"},
}
_SCALARS = {str: "str", int: "int", bool: "bool", float: "float"}

FieldTable = dict[str, dict[str, str]]


@functools.cache
def field_table() -> FieldTable:
    """Every type that can occur in a manifest, as `{type: {field: kind}}`."""
    table: FieldTable = json.loads(FILE.read_text(encoding="utf-8"))
    return table


def table_from_models() -> FieldTable:
    """Build the table from Hera's models (slow: imports them)."""
    from hera.workflows import models

    table: FieldTable = {}
    for kind in KINDS:
        _add(getattr(models, kind), table)
    for name, fields in _OLDER_FIELDS.items():
        table[name].update(fields)
    return dict(sorted(table.items()))


def _name(model: type) -> str:
    in_argo = ".argoproj." in model.__module__
    return f"Argo{model.__name__}" if in_argo and model.__name__ == "HTTPHeader" else model.__name__


def _add(model: Any, table: FieldTable) -> str:
    name = _name(model)
    special = {"Time": "str", "Item": "any", "IntOrString": "int|str", "Quantity": "text", "Amount": "text"}
    if name in special:
        return special[name]
    if "root" in model.model_fields:
        return _kind(model.model_fields["root"].annotation, table)
    if name not in table:
        table[name] = {}
        for python_name, field in model.model_fields.items():
            alias = field.alias or python_name
            kind = _kind(field.annotation, table)
            table[name][alias] = _OTHER_KINDS.get((name, alias), kind)
    return name


def _kind(annotation: Any, table: FieldTable) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        inner = [argument for argument in arguments if argument is not type(None)]
        return _kind(inner[0], table) if len(inner) == 1 else "any"
    if origin is typing.Annotated:
        return _kind(arguments[0], table)
    if origin is list:
        return f"[{_kind(arguments[0], table)}]"
    if origin is dict:
        return f"{{{_kind(arguments[1], table)}}}"
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if hasattr(annotation, "model_fields"):
        return _add(annotation, table)
    return "any"


if __name__ == "__main__":
    FILE.write_text(json.dumps(table_from_models(), indent=1) + "\n", encoding="utf-8")
