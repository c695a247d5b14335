"""Which version of which model serves where, and how it stands: one row per model and environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from mlctl.config.environment import Environment
from mlctl.evidence.record import Record
from mlctl.promotion.history import approvers, latest, served_since


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One model in one environment."""

    model: str
    environment: str
    mode: str
    version: int | None
    previous: int | None
    traffic: str
    """Shares of champion and challenger, percent."""
    gates: str
    """How many of the required kinds of evidence pass, and which do not."""
    age_days: int | None
    """Since the latest evaluation."""
    serving_hours: float | None
    approvals: int
    approvals_asked: int
    alarms: str | None = None
    """Names of alarms that are on; None where CloudWatch was not asked."""


def status_rows(
    environments: Sequence[Environment], records: Sequence[Record], now: datetime, alarms: Mapping[tuple[str, str], str] | None = None
) -> list[Row]:
    """Rows by model, then by environment. `alarms` maps (environment, model) to the names of alarms that are on."""
    models = sorted({name for environment in environments for name in environment.models})
    return [
        _row(environment, model, [record for record in records if record.model == model], now, alarms)
        for model in models
        for environment in environments
        if model in environment.models
    ]


def _row(
    environment: Environment, name: str, records: Sequence[Record], now: datetime, alarms: Mapping[tuple[str, str], str] | None
) -> Row:
    model = environment.models[name]
    version = model.version
    served = served_since(records, environment.name, version) if version is not None else None
    evaluated = latest(records, "evaluation", version) if version is not None else None
    return Row(
        model=name,
        environment=environment.name,
        mode=model.mode,
        version=version,
        previous=model.previous_version,
        traffic=_traffic(environment, name),
        gates=_gates(environment, records, version),
        age_days=max(0, (now - datetime.fromisoformat(evaluated.date)).days) if evaluated else None,
        serving_hours=round(max(0.0, (now - served.since).total_seconds() / 3600), 1) if served else None,
        approvals=len(approvers(records, version)) if version is not None else 0,
        approvals_asked=environment.promotion.approvers,
        alarms=alarms.get((environment.name, name), "unknown") if alarms is not None else None,
    )


def _traffic(environment: Environment, name: str) -> str:
    model = environment.models[name]
    if model.version is None:
        return "none"
    challenger = model.challenger
    if challenger is None:
        return "100 %"
    if challenger.shadow:
        return f"100 %, {challenger.weight_percent} % copied to version {challenger.version}"
    return f"{100 - challenger.weight_percent} %, {challenger.weight_percent} % to version {challenger.version}"


def _gates(environment: Environment, records: Sequence[Record], version: int | None) -> str:
    if version is None:
        return "-"
    wanted = environment.promotion.require
    missing = []
    for kind in wanted:
        record = latest(records, kind, version)
        if record is None or record.verdict != "pass":
            missing.append(kind)
    passed = f"{len(wanted) - len(missing)}/{len(wanted)}"
    return f"{passed}, not {', '.join(missing)}" if missing else passed


def status_text(rows: Sequence[Row]) -> str:
    """A table for people."""
    lines = [["model", "environment", "mode", "version", "previous", "traffic", "gates", "evaluated", "serving", "approvals", "alarms"]]
    for row in rows:
        cells = [row.model, row.environment, row.mode, _shown(row.version), _shown(row.previous), row.traffic, row.gates]
        cells.append(f"{row.age_days} d ago" if row.age_days is not None else "-")
        cells.append(f"{row.serving_hours} h" if row.serving_hours is not None else "-")
        cells.append(f"{row.approvals}/{row.approvals_asked}")
        lines.append([*cells, "not asked" if row.alarms is None else row.alarms or "none"])
    widths = [max(len(line[index]) for line in lines) for index in range(len(lines[0]))]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines)


def status_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [asdict(row) for row in rows]


def _shown(value: int | None) -> str:
    return "-" if value is None else str(value)
