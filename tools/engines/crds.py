"""Fetches the CRDs of the charts that the platform installs, from the Go modules of those projects, into .engines/crds.

crds.json names, for each chart, the module and version that holds it, the hash its sources must have, and where the CRDs stand.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tools.engines.golang import EngineError, download

LIST = Path(__file__).with_name("crds.json")


@dataclass(frozen=True)
class Source:
    """Where the CRDs of one chart come from."""

    chart: str
    module: str
    version: str
    sum: str
    files: str
    chart_version: str
    chart_file: str | None = None

    @property
    def folder(self) -> str:
        """Its folder's name in the cache."""
        return f"{self.chart}-{self.version}"


def read_sources(path: Path = LIST) -> list[Source]:
    return [Source(**item) for item in json.loads(path.read_text(encoding="utf-8"))]


def fetch(go: str, source: Source, target: Path) -> int:
    """Copies the chart's CRDs into a folder and returns how many there are. Raises EngineError."""
    module = download(go, source.module, source.version, (source.sum, LIST.name))
    _compare_chart(source, module)
    files = sorted(module.glob(source.files))
    if not files:
        raise EngineError(f"{source.module} {source.version} has no {source.files}")
    part = target.with_name(f".{target.name}.{os.getpid()}")
    part.mkdir(parents=True)
    for file in files:
        shutil.copyfile(file, part / file.name)
    part.replace(target)
    return len(files)


def _compare_chart(source: Source, module: Path) -> None:
    """A project's tag and the chart beside its source can differ in version: what counts is the chart that is installed."""
    if source.chart_file is None:
        return
    lines = (module / source.chart_file).read_text(encoding="utf-8").splitlines()
    found = next(line.partition(":")[2].strip().strip('"') for line in lines if line.startswith("version:"))
    if found != source.chart_version:
        raise EngineError(f"{source.module} {source.version} holds the chart {found}, and crds.json says {source.chart_version}")
