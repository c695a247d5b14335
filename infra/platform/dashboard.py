"""Grafana dashboards as data: panels of PromQL, laid out two in a row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

_WIDTH, _HEIGHT = 12, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One chart."""

    title: str
    query: str
    """PromQL; `$team` is the dashboard's choice of teams."""
    legend: str
    """What a line is called: `{{label}}` of the query's labels."""
    unit: str
    """Grafana's unit: `percentunit`, `ms`, `reqps`, `currencyUSD`, `short`."""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A page of charts."""

    uid: str
    title: str
    team_query: str
    """PromQL of the values that `$team` may take."""
    panels: Sequence[Panel]


def dashboard_json(dashboard: Dashboard) -> str:
    """What Grafana's sidecar loads."""
    return json.dumps(
        {
            "uid": dashboard.uid,
            "title": dashboard.title,
            "tags": ["ml-platform"],
            "timezone": "browser",
            "schemaVersion": 39,
            "version": 1,
            "refresh": "1m",
            "time": {"from": "now-24h", "to": "now"},
            "templating": {"list": [_team_variable(dashboard.team_query)]},
            "panels": [_panel(index, panel) for index, panel in enumerate(dashboard.panels)],
        },
        indent=1,
    )


def _panel(index: int, panel: Panel) -> dict[str, Any]:
    row, column = divmod(index, 2)
    source = {"type": "prometheus", "uid": "prometheus"}
    return {
        "id": index + 1,
        "type": "timeseries",
        "title": panel.title,
        "description": panel.description,
        "datasource": source,
        "gridPos": {"x": column * _WIDTH, "y": row * _HEIGHT, "w": _WIDTH, "h": _HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0}, "overrides": []},
        "targets": [{"refId": "A", "datasource": source, "expr": panel.query, "legendFormat": panel.legend}],
    }


def _team_variable(query: str) -> dict[str, Any]:
    return {
        "name": "team",
        "label": "Team",
        "type": "query",
        "datasource": {"type": "prometheus", "uid": "prometheus"},
        "query": {"query": query, "refId": "team"},
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
    }
