"""Writes what a folder of workflow definitions gives for an environment: one YAML file per manifest.

A definition is a module of the folder with a function `build(environment)` that gives manifests as mappings. The folder is the user's:
nothing of it is known here but that.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import yaml

from mlctl.config.environment import Environment
from mlctl.errors import InputError, MlctlError
from mlctl.workflow.yaml_scalars import resolvers

HEAD = "# Written by `mlctl workflow render` from {source}; edits are lost.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """One file as it should be."""

    path: Path
    text: str

    @property
    def stale(self) -> bool:
        """Whether the file is missing or says something else."""
        return not self.path.is_file() or self.path.read_text(encoding="utf-8") != self.text

    def write(self) -> None:
        """Put the text into the file."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(self.text, encoding="utf-8")


def render(folder: Path, out: Path, environment: Environment) -> list[Rendered]:
    """The files of an environment, sorted by path: `out/<environment>/<name of the manifest>.yaml`.

    Raises
    ------
    InputError
        A definition cannot be loaded or built, or two manifests have one name.
    """
    found: dict[Path, Rendered] = {}
    for module in _definitions(folder):
        source = f"{folder.name}/{Path(str(module.__file__)).name}"
        for manifest in _manifests(module, environment, source):
            path = out / environment.name / f"{manifest['metadata']['name']}.yaml"
            if path in found:
                raise InputError(f"two manifests are named {path.stem}", file=source, remedy="rename one")
            found[path] = Rendered(path=path, text=HEAD.format(source=source) + _text(manifest))
    return [found[path] for path in sorted(found)]


def orphans(out: Path, environment: Environment, files: list[Rendered]) -> list[Path]:
    """Rendered files of the environment that no definition gives any more."""
    return sorted(set((out / environment.name).glob("*.yaml")) - {file.path for file in files})


def _definitions(folder: Path) -> Iterator[ModuleType]:
    if not (folder / "__init__.py").is_file():
        raise InputError("is no folder of workflow definitions", file=folder, remedy="it needs an __init__.py and one module per workflow")
    parent = str(folder.resolve().parent)
    if parent not in sys.path:
        sys.path.insert(0, parent)
    for path in sorted(folder.glob("*.py")):
        if path.stem == "__init__" or "def build(" not in path.read_text(encoding="utf-8"):
            continue
        try:
            module = importlib.import_module(f"{folder.name}.{path.stem}")
        except MlctlError:
            raise
        except Exception as error:
            raise InputError(f"cannot be loaded: {type(error).__name__}: {error}", file=path) from error
        yield module


def _manifests(module: ModuleType, environment: Environment, source: str) -> list[Mapping[str, Any]]:
    try:
        manifests = list(module.build(environment))
    except MlctlError:
        raise
    except Exception as error:
        problem = f"build({environment.name}) failed: {type(error).__name__}: {error}"
        raise InputError(problem, file=source) from error
    for manifest in manifests:
        if not isinstance(manifest, Mapping) or not manifest.get("kind") or not (manifest.get("metadata") or {}).get("name"):
            raise InputError("build gave something without kind and metadata.name", file=source, allowed="manifests as mappings")
    return manifests


class _Plain(yaml.SafeDumper):
    """No anchors and aliases: the files are read by people. What Argo would read as a number or a truth value is in quotes."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


_Plain.yaml_implicit_resolvers = {
    first: [*yaml.SafeDumper.yaml_implicit_resolvers.get(first, []), *resolvers().get(first, [])]
    for first in {*yaml.SafeDumper.yaml_implicit_resolvers, *resolvers()}
}


def _text(manifest: Mapping[str, Any]) -> str:
    return yaml.dump(dict(manifest), Dumper=_Plain, sort_keys=False, width=140, allow_unicode=True)
