"""Imports the SDK modules that the programs name, once, before they are forked."""

from __future__ import annotations

import contextlib
import gc
import importlib
import re
from collections.abc import Iterable
from pathlib import Path

from mlctl.plan.collector import collector_paused
from mlctl.plan.schema import load

_MODULE = re.compile(r"\b(?:pulumi_)?(aws|kubernetes|k8s)\.([a-z]\w*)(?:\.([a-z]\w*))?")
_PACKAGES = {"aws": "pulumi_aws", "kubernetes": "pulumi_kubernetes", "k8s": "pulumi_kubernetes"}


@collector_paused()
def preload(folders: Iterable[Path]) -> None:
    """Import, before forking, the SDK modules that the programs name, so that each child finds them there.

    Only a matter of speed: what is missed here is imported in the child.
    """
    importlib.import_module("mlctl.plan.child")
    sources = [path for folder in folders if folder.is_dir() for path in sorted(folder.rglob("*.py"))]
    found = {match for path in sources for match in _MODULE.findall(path.read_text(encoding="utf-8", errors="replace"))}
    names = {f"{_PACKAGES[package]}.{module}" for package, module, _ in found}
    names |= {
        "pulumi_kubernetes.meta.v1",
        *(f"{_PACKAGES[package]}.{module}.{inner}" for package, module, inner in found if inner and package != "aws"),
    }
    for name in sorted(names):
        with contextlib.suppress(ImportError):
            getattr(importlib.import_module(name), "__all__", None)  # the SDK's modules load at the first look inside
    for package in ("aws", "kubernetes"):
        if catalogue := load(package):
            catalogue.read_ahead(module.rstrip("_") for _, module, _ in found)
    gc.freeze()
