"""Fetches what the platform installs by chart from the Go modules of those projects: their CRDs, and the charts that stand there.

sources.json names, for each, the module and version that holds it, the hash its sources must have, and where the files stand.
"""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tools.engines.golang import EngineError, download
from tools.engines.whole import whole

LIST = Path(__file__).with_name("sources.json")


@dataclass(frozen=True)
class Source:
    """Where the CRDs of one chart come from, and the charts that are beside them."""

    chart: str
    module: str
    version: str
    sum: str
    crds: str
    """Pattern of their files."""
    chart_version: str
    charts: dict[str, str] = field(default_factory=dict)
    """Folders of charts by the chart's name, all of one version."""


def read_sources(path: Path = LIST) -> list[Source]:
    return [Source(**item) for item in json.loads(path.read_text(encoding="utf-8"))]


def fetch_crds(go: str, source: Source, target: Path) -> int:
    """Copies the CRDs into a folder and returns how many there are. Raises EngineError."""
    module = _download(go, source)
    for folder in source.charts.values():
        _compare_version(source, module / folder)
    files = sorted(module.glob(source.crds))
    if not files:
        raise EngineError(f"{source.module} {source.version} has no {source.crds}")
    with whole(target) as part:
        for file in files:
            shutil.copyfile(file, part / file.name)
    return len(files)


def fetch_chart(go: str, source: Source, chart: str, target: Path) -> None:
    """Copies a chart into a folder. Raises EngineError.

    Charts that it only names stay away; all of them are switched off unless asked for. A project may fill in the version when it
    publishes: then it is the one that is installed.
    """
    folder = _download(go, source) / source.charts[chart]
    _compare_version(source, folder)
    with whole(target) as part:
        for path in folder.rglob("*"):
            if path.is_file():
                (part / path.relative_to(folder)).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, part / path.relative_to(folder))
        (part / "Chart.lock").unlink(missing_ok=True)
        (part / "Chart.yaml").write_text(_chart_file(source, folder), encoding="utf-8")


def _chart_file(source: Source, folder: Path) -> str:
    text = _described(folder).read_text(encoding="utf-8")
    text = re.sub(r"^dependencies:\n(?:[ -].*\n?)*", "", text, flags=re.MULTILINE)
    return re.sub(r"^((?:appV|v)ersion:) v0\.0\.0$", rf"\1 {source.chart_version}", text, flags=re.MULTILINE)


def _described(folder: Path) -> Path:
    return next(folder / name for name in ("Chart.yaml", "Chart.template.yaml") if (folder / name).exists())


def _compare_version(source: Source, folder: Path) -> None:
    """A project's tag and the chart beside its source can differ in version: what counts is the chart that is installed."""
    found = re.search(r'^version: *"?([^"\s]+)', _chart_file(source, folder), re.MULTILINE)
    if found is None or found[1] != source.chart_version:
        said = found[1] if found else "of no version"
        raise EngineError(f"{source.module} {source.version} holds the chart {said}, and {LIST.name} says {source.chart_version}")


def _download(go: str, source: Source) -> Path:
    return download(go, source.module, source.version, (source.sum, LIST.name))
