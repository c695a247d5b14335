"""From the names given with --from to what they hold."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from mlctl.config.environment import Environment
from mlctl.errors import InputError
from mlctl.finops.charge import Gap, SourceData
from mlctl.finops.period import Period
from mlctl.finops.read.allocation_api import read_allocation_api
from mlctl.finops.read.allocation_client import AllocationClient, Kind
from mlctl.finops.read.allocation_file import read_allocation_files
from mlctl.finops.read.answer_cache import AnswerCache
from mlctl.finops.read.cost_explorer import BudgetStatus, CostExplorer, read_budgets
from mlctl.finops.read.cost_forecast import AwsForecast, read_forecast
from mlctl.finops.read.focus import read_focus
from mlctl.finops.read.focus_columns import Cost
from mlctl.finops.read.focus_tally import FocusRequest

SERVERS: dict[str, tuple[Kind, str]] = {
    "opencost": ("opencost", "http://localhost:9003"),
    "kubecost": ("kubecost", "http://localhost:9090"),
}
"""Where `kubectl port-forward` puts them."""
_TABLES = (".csv", ".csv.gz", ".parquet")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRequest:
    """What to read, and how."""

    names: Sequence[str]
    """opencost, kubecost, cost-explorer, focus-csv, or files: *.csv, *.csv.gz, *.parquet, *.json."""
    environment: Environment
    period: Period
    today: date
    cost: Cost = "billed"
    url: str | None = None
    token: str | None = None
    timeout_seconds: float = 60.0
    cache: Path | None = None
    focus_folder: Path = Path("focus")
    """Where `focus-csv` looks."""
    region: str = "us-east-1"
    """Cost Explorer and Budgets live there."""


@dataclass(frozen=True, slots=True)
class Found:
    """What was read."""

    sources: tuple[SourceData, ...]
    budgets: tuple[BudgetStatus, ...]
    forecast: AwsForecast | None = None


def read_sources(request: SourceRequest) -> Found:
    """Read them all, in the order given; files of one kind are one source.

    Raises
    ------
    InputError, ServiceError
        A source is unknown, wrong, or cannot be reached.
    """
    servers = [name for name in request.names if name in SERVERS]
    if request.url and len(servers) != 1:
        raise InputError("--url belongs to one server", key="--url", allowed="one of --from opencost, --from kubecost beside it")
    tables, answers = _files(request)
    found: list[SourceData] = []
    budgets: tuple[BudgetStatus, ...] = ()
    forecast: AwsForecast | None = None
    if tables:
        found.append(read_focus(tables, FocusRequest(environment=request.environment, period=request.period, cost=request.cost)))
    if "cost-explorer" in request.names:
        data, budgets, forecast = _aws(request)
        found.append(data)
    if answers:
        found.append(read_allocation_files(answers, request.environment, request.period))
    for name in dict.fromkeys(servers):
        kind, address = SERVERS[name]
        client = AllocationClient(kind=kind, url=request.url or address, token=request.token, timeout_seconds=request.timeout_seconds)
        found.append(read_allocation_api(client, request.environment, request.period, today=request.today, alone=not found))
    return Found(tuple(found), budgets, forecast)


def _files(request: SourceRequest) -> tuple[list[Path], list[Path]]:
    """(FOCUS tables, allocation answers)."""
    tables: list[Path] = []
    answers: list[Path] = []
    for name in request.names:
        path = Path(name)
        if name in SERVERS or name == "cost-explorer":
            continue
        if name == "focus-csv":
            inside = sorted(path for path in request.focus_folder.rglob("*") if path.name.endswith(_TABLES))
            if not inside:
                raise InputError("holds no *.csv, *.csv.gz or *.parquet", file=request.focus_folder, key="--focus-folder")
            tables += inside
        elif name.endswith(_TABLES):
            tables.append(path)
        elif path.suffix == ".json":
            answers.append(path)
        else:
            allowed = "opencost, kubecost, cost-explorer, focus-csv, or a file ending in .csv, .csv.gz, .parquet or .json"
            raise InputError(f"{name!r} is no source", key="--from", allowed=allowed)
    for kind in (tables, answers):
        seen: set[Path] = set()
        for path in kind:
            if path.resolve() in seen:
                raise InputError("is given twice and would be counted twice", file=path, key="--from", remedy="name it once")
            seen.add(path.resolve())
    return tables, answers


def _aws(request: SourceRequest) -> tuple[SourceData, tuple[BudgetStatus, ...], AwsForecast | None]:
    import boto3
    from botocore.config import Config

    settings = Config(retries={"max_attempts": 5, "mode": "standard"}, connect_timeout=10, read_timeout=request.timeout_seconds)
    session = boto3.Session()
    clients: dict[str, Any] = {name: session.client(name, region_name=request.region, config=settings) for name in ("ce", "budgets")}
    explorer = CostExplorer(
        client=clients["ce"],
        environment=request.environment,
        cache=AnswerCache(request.cache) if request.cache else None,
        cost=request.cost,
    )
    data = explorer.read(request.period, today=request.today)
    forecast = read_forecast(explorer, request.period, today=request.today)
    if forecast is None and request.period.first <= request.today < request.period.end:
        data = replace(data, gaps=(*data.gaps, Gap(data.name, "AWS has too little history for a forecast of its own", partial=False)))
    return data, read_budgets(clients["budgets"], request.environment), forecast


def read_predictions(path: Path, environment: str, *, several: bool = False) -> dict[str, int]:
    """`{"churn": 400000}`: predictions counted in the month so far; for several environments one such object by the name of each.

    Raises
    ------
    InputError
        It is no such file.
    """
    allowed = '{"environment": {"model": number of predictions}}' if several else '{"model": number of predictions}'
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("there is no such file", file=path, key="--predictions") from None
    except (ValueError, OSError) as error:
        raise InputError(f"is no JSON: {error}", file=path, key="--predictions", allowed=allowed) from None
    if not isinstance(value, dict):
        raise InputError("is no JSON object", file=path, key="--predictions", allowed=allowed)
    if several or isinstance(value.get(environment), dict):
        value = value.get(environment, {})
        if not isinstance(value, dict):
            raise InputError(f"{value!r} is no object", file=path, key=environment, allowed=allowed)
    for name, count in value.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 0:
            raise InputError(f"{count!r} is no number of predictions", file=path, key=str(name), allowed="a whole number, 0 or more")
    return value
