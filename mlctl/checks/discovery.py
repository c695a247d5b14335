"""Finds the rules in a folder: every CrossGuard policy that a module of it defines."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from pulumi_policy.policy import Policy, ResourceValidationPolicy, StackValidationPolicy

from mlctl.errors import InputError

SdkPolicy = ResourceValidationPolicy | StackValidationPolicy

_ENTRY_POINTS = ("__main__.py",)


def find_rules(folder: Path) -> list[SdkPolicy]:
    """The rules, sorted by id.

    The folder is a package by its own name (`policies`): its parent is put on the import path.

    Raises
    ------
    InputError
        There is no such folder, a module of it cannot be imported, it holds no rule, or two rules share an id.
    """
    folder = folder.resolve()
    if not folder.is_dir():
        raise InputError("no such folder", file=folder, remedy="name the folder that holds the rules")
    if str(folder.parent) not in sys.path:
        sys.path.insert(0, str(folder.parent))
    found: dict[str, SdkPolicy] = {}
    for path in sorted(folder.rglob("*.py")):
        if path.name in _ENTRY_POINTS or any(part.startswith(".") for part in path.relative_to(folder).parts):
            continue
        for policy in _policies_of(path, folder):
            if found.setdefault(policy.name, policy) is not policy:
                raise InputError(f"two rules have the id {policy.name}", file=path, remedy="rename one")
    if not found:
        raise InputError("holds no rule", file=folder, remedy="add a module that defines a CrossGuard policy")
    return [found[name] for name in sorted(found)]


def _policies_of(path: Path, folder: Path) -> Sequence[SdkPolicy]:
    name = ".".join(path.relative_to(folder.parent).with_suffix("").parts).removesuffix(".__init__")
    try:
        module = importlib.import_module(name)
    except Exception as error:  # a rule is the user's program: whatever it raises is an input error
        raise InputError(f"cannot be imported: {type(error).__name__}: {error}", file=path, remedy="mend the rule") from error
    return [value for value in vars(module).values() if isinstance(value, Policy) and isinstance(value, SdkPolicy)]
