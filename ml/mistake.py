"""What pydantic found wrong, in words a user of a model file understands."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from ml.errors import InputError

BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
KINDS = {
    "int": "a whole number",
    "float": "a number",
    "finite_number": "a finite number",
    "bool": "true or false",
    "string_type": "text",
    "date": "a date such as 2025-01-31",
    "dict": "keys with values",
    "model": "keys with values",
    "tuple": "a list",
    "list": "a list",
}
Values = TypeVar("Values", bound=BaseModel)


def explained(error: Any) -> tuple[str, str | None]:
    """Return (what is wrong, what is allowed) of one of pydantic's errors."""
    given, kind, context = error.get("input"), str(error["type"]), error.get("ctx", {})
    if kind == "missing":
        return "missing; add it", None
    if kind == "value_error":
        return str(error["msg"]).removeprefix("Value error, "), None
    shown = repr(given) if isinstance(given, str | int | float) else f"a {type(given).__name__}"
    for bound, words in BOUNDS.items():
        if bound in context:
            limit = context[bound]
            return f"{shown} is out of range", f"{words} {format(limit, 'g') if isinstance(limit, float) else limit}"
    if kind == "literal_error":
        return f"{shown} is not one of the choices", str(context["expected"])
    for start, words in KINDS.items():
        if kind.startswith(start):
            return f"{shown} does not fit", words
    return f"{shown}: {error['msg']}", None


def checked(kind: type[Values], values: Mapping[str, Any], *, file: Path | None, key: str) -> Values:
    """Read values that were not in the model file, as options of a step.

    Raises
    ------
    InputError
        Names the option, its value and what is allowed.
    """
    try:
        return kind.model_validate(dict(values))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join([key, *(str(part) for part in first["loc"])])
        if first["type"] == "extra_forbidden":
            allowed = ", ".join(kind.model_fields)
            raise InputError("unknown key", file=file, key=where, allowed=allowed) from None
        problem, wanted = explained(first)
        raise InputError(problem, file=file, key=where, allowed=wanted) from None
