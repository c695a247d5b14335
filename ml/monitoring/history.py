"""The windows judged so far, in one JSON file that the next run reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ml.data.dataset import write_json
from ml.errors import InputError
from ml.monitoring.retraining import JudgedWindow
from ml.monitoring.verdict import Verdict
from ml.monitoring.window import Window, moment


def read_history(path: Path, model: str) -> list[JudgedWindow]:
    """Read the history; none yet is an empty one.

    Raises
    ------
    InputError
        The file is damaged or belongs to another model.
    """
    if not path.exists():
        return []
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        found = [_entry(entry) for entry in raw["windows"]]
        owner = raw["model"]
    except (ValueError, KeyError, TypeError, UnicodeDecodeError) as error:
        raise InputError(f"not a monitoring history: {error}", file=path, remedy="restore it or remove it to start anew") from None
    if owner != model:
        raise InputError(f"this is the history of {owner!r}", file=path, allowed=f"the history of {model!r}")
    return found


def write_history(path: Path, model: str, windows: list[JudgedWindow]) -> None:
    """Write the history, one entry per window (the latest verdict), oldest first; the old file stays until the new one is whole."""
    latest = {judged.window: judged for judged in windows}
    content = {"model": model, "windows": [_plain(judged) for _, judged in sorted(latest.items())]}
    write_json(path, content)


def _entry(raw: dict[str, Any]) -> JudgedWindow:
    return JudgedWindow(
        window=Window(moment(raw["start"]), moment(raw["end"])),
        verdict=Verdict(raw["verdict"]),
        drifted=tuple(str(cause) for cause in raw["drifted"]),
        values={str(name): float(value) for name, value in raw["values"].items()},
        version=raw.get("version"),
        retrained=bool(raw.get("retrained", False)),
    )


def _plain(judged: JudgedWindow) -> dict[str, Any]:
    return {
        "start": judged.window.start.isoformat(),
        "end": judged.window.end.isoformat(),
        "verdict": judged.verdict.value,
        "drifted": list(judged.drifted),
        "values": judged.values,
        "version": judged.version,
        "retrained": judged.retrained,
    }
