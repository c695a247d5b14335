"""Windows of time: which ones to judge, when the cheap hours begin, and how a range is cut."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml.errors import InputError

if TYPE_CHECKING:
    from ml.monitoring.run import Seen

_WANTED = 'a JSON list of {"start": …, "end": …}, times in ISO 8601'


def windows_of(text: str, minutes: str, model: str, history: Path | None) -> list[tuple[str, str]]:
    """Read (start, end) of the windows, oldest first.

    Where none are given: the `minutes` up to now; and where those are not given either, what is due by the model file and the history.
    """
    try:
        read = json.loads(text or "[]")
        found = [(str(item["start"]), str(item["end"])) for item in read]
    except (ValueError, TypeError, KeyError):
        raise InputError(f"{text[:80]!r} are no windows", key="windows", allowed=_WANTED) from None
    if found:
        return sorted(found)
    if minutes:
        end = datetime.now(UTC).replace(second=0, microsecond=0)
        return [((end - timedelta(minutes=whole_number(minutes, "minutes"))).isoformat(), end.isoformat())]
    from ml.monitoring.due import due_windows
    from ml.spec import load_spec

    due = due_windows(load_spec(model), now=datetime.now(UTC), history=history)
    return [(window.start.isoformat(), window.end.isoformat()) for window in due]


def whole_number(text: str, key: str) -> int:
    """Read a parameter that is a whole number of at least 1."""
    if not (text.isascii() and text.isdigit()) or int(text) < 1:
        raise InputError(f"{text!r} is no number of {key}", key=key, allowed="a whole number of at least 1")
    return int(text)


def judge_windows(
    model: str, windows: list[tuple[str, str]], decisions: Path, seen: Seen, out: Path, *, link: str, version: str
) -> dict[str, Any]:
    """Judge the windows one after the other, each with the history of those before, and keep every report.

    Parameters
    ----------
    decisions
        As they were logged or captured.
    seen
        The reference, outcomes and history; what is current comes from `decisions`.
    version
        The champion's.

    Returns
    -------
    dict
        `verdict` (the worst of the windows), `retrain` after any, `windows` (window, verdict, drifted), and `lines` for
        the log. The folder has window-<n>/ for each, and beside them the alerts of all and the last history.
    """
    from ml.data.dataset import write_json
    from ml.monitoring.run import monitor
    from ml.serving.capture import decisions_table
    from ml.spec import load_spec

    table, rejected = decisions_table(load_spec(model), decisions, out, start=windows[0][0], end=max(end for _, end in windows))
    seen = replace(seen, current=table, rejected=rejected)
    reports: list[dict[str, Any]] = []
    for number, (start, end) in enumerate(windows):
        folder = out / f"window-{number}"
        now = datetime.now(UTC).isoformat()
        reports.append(monitor(model, seen, folder, start=start, end=end, as_of=now, link=link, version=version))
        seen = replace(seen, history=folder / "history.json")
    assert seen.history is not None
    (out / "history.json").write_bytes(seen.history.read_bytes())
    write_json(out / "alerts.json", {"alerts": [item for report in reports for item in report["alerts"]]})
    return _summary(model, reports)


def _summary(model: str, reports: list[dict[str, Any]]) -> dict[str, Any]:
    decided = next((report["retraining"] for report in reports if report["retraining"]["retrain"]), reports[-1]["retraining"])
    verdicts = {report["verdict"] for report in reports}
    return {
        "verdict": next((verdict for verdict in ("drift", "ok") if verdict in verdicts), "not_evaluated"),
        "retrain": decided["retrain"],
        "windows": [_outline(report) for report in reports],
        "lines": [_line(model, report) for report in reports] + [f"{model}: {decided['reason']}"],
    }


def _outline(report: dict[str, Any]) -> dict[str, Any]:
    drifted = [f"{item['metric']}:{item['feature']}" for item in report["results"] if item["verdict"] == "drift"]
    return {"window": report["window"], "verdict": report["verdict"], "drifted": drifted}


def _line(model: str, report: dict[str, Any]) -> str:
    drifted = ", ".join(_outline(report)["drifted"]) or "nothing drifted"
    return f"{model}: {report['rows']} decisions, {report['verdict']}: {drifted}"


def seconds_until(window: str, now: datetime | None = None) -> int:
    """Return the seconds until the daily window `22:00-06:00` (UTC) begins; 0 inside it, and where it is empty."""
    if not window:
        return 0
    try:
        start, end = (60 * int(part[:2]) + int(part[3:5]) for part in window.split("-"))
    except ValueError:
        raise InputError(f"{window!r} is no daily window", key="window", allowed="for example 22:00-06:00, UTC") from None
    moment = now or datetime.now(UTC)
    minute = 60 * moment.hour + moment.minute
    inside = start <= minute < end if start < end else minute >= start or minute < end
    return 0 if inside else ((start - minute) % 1440) * 60 - moment.second


def cut(start: str, end: str, days: int, *, generated: bool) -> list[dict[str, str]]:
    """Cut the dates from `start` to before `end` into periods of some days; the last may be shorter.

    Generated data is made for each period; a file is read whole, and the period only says as of when.
    """
    try:
        first, last = date.fromisoformat(start), date.fromisoformat(end)
    except ValueError as error:
        raise InputError(str(error), key="start, end", allowed="dates such as 2025-06-30") from None
    if last <= first or days < 1:
        raise InputError(f"{start} to {end} in periods of {days} days holds nothing", allowed="end after start, days of at least 1")
    found = []
    while first < last:
        until = min(first + timedelta(days=days), last)
        knobs = json.dumps({"start": first.isoformat(), "days": (until - first).days} if generated else {})
        found.append({"name": first.isoformat(), "knobs": knobs, "as-of": f"{until.isoformat()}T00:00:00Z"})
        first = until
    return found
