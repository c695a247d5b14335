"""Find a team's own function by its entry point `module:function`."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

from ml.errors import InputError


def entry_point(text: str, *, key: str) -> Callable[..., Any]:
    """Return the function that `module:function` names.

    Raises
    ------
    InputError
        The module cannot be imported, or it has no such function.
    """
    module_name, _, function_name = text.partition(":")
    try:
        module = importlib.import_module(module_name)
    except Exception as error:
        problem = f"cannot import {module_name!r}: {type(error).__name__}: {error}"
        raise InputError(problem, key=key, allowed="module:function of an importable module") from error
    function = getattr(module, function_name, None)
    if not callable(function):
        raise InputError(f"{module_name!r} has no function {function_name!r}", key=key)
    return function  # type: ignore[no-any-return]
