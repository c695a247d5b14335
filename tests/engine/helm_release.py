"""What a Helm release of a plan will install: the real `helm template` over the chart, with the release's values."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from mlctl.plan.model import Plan, Resource
from tests.engine.manifests import filled

RELEASE = "kubernetes:helm.sh/v3:Release"


class HelmError(Exception):
    """Helm cannot render the chart with these values; the text is Helm's."""


@dataclass(frozen=True)
class Release:
    """A chart, its values and its place."""

    resource: Resource
    folder: Path
    """The chart's."""

    @property
    def namespace(self) -> str:
        return str(self.resource.inputs["namespace"])

    @property
    def values(self) -> dict[str, Any]:
        return filled(self.resource.inputs["values"])

    def objects(self, helm: Path, cluster_version: str) -> list[dict[str, Any]]:
        """What Helm sends to a cluster of that version. Values that the chart's schema refuses raise HelmError."""
        place = [str(self.resource.inputs["name"]), str(self.folder), "--namespace", self.namespace, "--kube-version", cluster_version]
        command = [str(helm), "template", *place, "--values", "-"]
        done = subprocess.run(command, input=yaml.safe_dump(self.values), capture_output=True, text=True, check=False)
        if done.returncode:
            raise HelmError(done.stderr.strip())
        return [item for item in yaml.load_all(done.stdout, yaml.CSafeLoader) if item]

    def unknown_values(self) -> list[str]:
        """Values that the chart neither has a default for nor mentions in a template: it takes no notice of them."""
        defaults = yaml.safe_load((self.folder / "values.yaml").read_text(encoding="utf-8")) or {}
        text = "".join(path.read_text(encoding="utf-8") for path in (self.folder / "templates").rglob("*") if path.is_file())
        return [".".join(path) for path in _without_default(self.values, defaults) if not re.search(rf"\.{re.escape(path[-1])}\b", text)]


def _without_default(values: Mapping[str, Any], defaults: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Paths that are not among the defaults. Below a default that is empty, or no mapping, everything is the user's own."""
    for key, value in values.items():
        default = defaults.get(key)
        if key not in defaults:
            yield (*path, key)
        elif isinstance(value, Mapping) and isinstance(default, Mapping) and default:
            yield from _without_default(value, default, (*path, key))


def releases(plan: Plan, charts: Path) -> list[Release]:
    """The releases of a plan whose chart can be had."""
    found = [(item, charts / str(item.inputs["chart"]).rpartition("/")[2]) for item in plan.resources() if item.type == RELEASE]
    return [Release(resource, folder) for resource, folder in found if folder.is_dir()]
