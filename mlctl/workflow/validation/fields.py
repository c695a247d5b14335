"""Unknown keys and values of the wrong kind, against Argo's published field names."""

from __future__ import annotations

import difflib
from typing import Any

from mlctl.workflow.argo_fields import KINDS, field_table
from mlctl.workflow.yaml_document import Document, Path_

_NAMED = ("Parameter", "Artifact", "EnvVar", "Volume", "VolumeMount", "WorkflowStep", "DAGTask")
_FREE = ("Plugin",)
"""Holds whatever the plugin understands."""
_NAMES = {
    "str": "a string", "int": "a whole number", "bool": "true or false", "float": "a number",
    "int|str": "a string or a whole number", "text": "a string, a number, true or false",
}  # fmt: skip


def check_fields(document: Document) -> None:
    """Raise InputError at the first key Argo does not know or value it would not read."""
    kind = document.value.get("kind")
    if kind is None:
        raise document.error((), "has no `kind`", allowed=", ".join(KINDS))
    if kind not in KINDS:
        raise document.error(("kind",), f"`{kind}` is not a kind that can be run", allowed=", ".join(KINDS))
    version = document.value.get("apiVersion")
    if version != "argoproj.io/v1alpha1":
        raise document.error(("apiVersion",), f"`{version}` is not known", allowed="argoproj.io/v1alpha1")
    if "spec" not in document.value:
        raise document.error((), "has no `spec`")
    _check(document, (), document.value, str(kind))


def _check(document: Document, path: Path_, value: Any, kind: str) -> None:
    if value is None or kind == "any" or kind in _FREE:
        return
    if kind.startswith("["):
        _check_list(document, path, value, kind[1:-1])
    elif kind.startswith("{"):
        _check_map(document, path, value, kind[1:-1])
    elif kind in field_table():
        _check_object(document, path, value, kind)
    else:
        _check_scalar(document, path, value, kind)


def _check_list(document: Document, path: Path_, value: Any, kind: str) -> None:
    if not isinstance(value, list):
        raise document.error(path, f"is {_describe(value)}", allowed="a list")
    for index, item in enumerate(value):
        if item is None and kind != "any":
            raise document.error((*path, index), "is empty")
        _check(document, (*path, index), item, kind)


def _check_map(document: Document, path: Path_, value: Any, kind: str) -> None:
    if not isinstance(value, dict):
        raise document.error(path, f"is {_describe(value)}", allowed="a mapping")
    for key, item in value.items():
        if item is None and kind in field_table():
            raise document.error((*path, key), "is empty")
        _check(document, (*path, key), item, kind)


def _check_object(document: Document, path: Path_, value: Any, kind: str) -> None:
    if not isinstance(value, dict):
        raise document.error(path, f"is {_describe(value)}", allowed="a mapping")
    fields = field_table()[kind]
    if kind in _NAMED and value.get("name") in (None, ""):
        raise document.error(path, "needs a `name`")
    for key, item in value.items():
        if key not in fields:
            raise document.error((*path, key), f"`{key}` is not a field of {kind}", remedy=_nearest(key, list(fields)))
        _check(document, (*path, key), item, fields[key])


def _check_scalar(document: Document, path: Path_, value: Any, kind: str) -> None:
    accepted: dict[str, tuple[type, ...]] = {
        "str": (str,),
        "int": (int,),
        "bool": (bool,),
        "float": (int, float),
        "int|str": (int, str),
        "text": (str, int, float, bool),
    }
    wrong = not isinstance(value, accepted[kind])
    if isinstance(value, bool) and kind not in ("bool", "text"):
        wrong = True
    if wrong:
        remedy = "put it in quotes" if kind == "str" and not isinstance(value, dict | list) else None
        if kind == "text":
            remedy = "put it in quotes; Argo reads it as an empty string"
        raise document.error(path, f"is {_describe(value)}", allowed=_NAMES[kind], remedy=remedy)


def _describe(value: Any) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if isinstance(value, str):
        return f"the string `{value[:60]}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _nearest(key: str, known: list[str]) -> str:
    lowered = {name.lower(): name for name in known}
    if found := difflib.get_close_matches(key.lower(), lowered, n=1, cutoff=0.6):
        return f"did you mean `{lowered[found[0]]}`?"
    return "known fields: " + ", ".join(sorted(known)[:12]) + (", …" if len(known) > 12 else "")
