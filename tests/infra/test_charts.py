"""Charts are pinned, and every one that is pinned is installed somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import infra.charts
from infra.charts import Chart

CHARTS = {name: value for name, value in vars(infra.charts).items() if isinstance(value, Chart)}


def test_every_version_is_exact() -> None:
    assert {name: chart.version for name, chart in CHARTS.items() if not re.fullmatch(r"v?\d+\.\d+\.\d+", chart.version)} == {}


def test_every_repository_is_reached_safely() -> None:
    assert {chart.repository.split("://")[0] for chart in CHARTS.values()} == {"https", "oci"}


def test_no_chart_is_pinned_in_vain() -> None:
    code = "\n".join(path.read_text() for path in Path(infra.charts.__file__).parent.rglob("*.py") if path.name != "charts.py")
    assert {name for name in CHARTS if not re.search(rf"\b{name}\b", code)} == set()
