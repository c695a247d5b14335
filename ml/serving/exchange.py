"""A request and its answer as a platform recorded them: SageMaker data capture, or the logger of KServe.

SageMaker writes JSON lines, one exchange each, below ``<endpoint>/<variant>/YYYY/MM/DD/HH/`` (the hour of the request, UTC); the
repository's router writes the same. KServe writes ``<id>-request.json`` and ``<id>-response.json``, each a JSON array, without a time
inside. What was sent to a challenger stands below a folder ``challenger`` and is not read.
"""

from __future__ import annotations

import base64
import binascii
import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ml.monitoring.window import Window

CHALLENGER = "challenger"
REQUEST, RESPONSE = "-request.json", "-response.json"


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """The rows of a request, and what was answered to each.

    Attributes
    ----------
    at
        When the request came, UTC.
    answers
        By the row's number; empty where there was no answer, or an error for the whole request.
    """

    at: datetime
    rows: list[dict[str, Any]]
    answers: dict[int, dict[str, Any]]


@dataclass
class Unread:
    """What could not be read: lines cut off or of another form, and requests without their text."""

    count: int = 0


def is_capture(folder: Path) -> bool:
    """Say whether a folder holds recorded exchanges rather than a decision log of ours."""
    return next(_files(folder, None), None) is not None


def exchanges(folder: Path, window: Window | None, unread: Unread) -> Iterator[Exchange]:
    """Read every exchange below a folder; with a window, hour folders outside it are not opened."""
    for path in _files(folder, window):
        yield from (_kserve if path.name.endswith(REQUEST) else _sagemaker)(path, unread)


def _files(folder: Path, window: Window | None) -> Iterator[Path]:
    for path in sorted(folder.rglob("*.json*")):
        parts = path.relative_to(folder).parts[:-1]
        wanted = path.name.endswith(REQUEST) or (path.suffix == ".jsonl" and len(parts) >= 5)
        if wanted and not any(part.endswith(CHALLENGER) for part in parts) and _may_hold(parts, window):
            yield path


def _may_hold(parts: tuple[str, ...], window: Window | None) -> bool:
    try:
        year, month, day, hour = (int(part) for part in parts[-4:])
        start = datetime(year, month, day, hour, tzinfo=UTC)
    except ValueError:
        return True
    return window is None or (start < window.end and start + timedelta(hours=1) > window.start)


def _sagemaker(path: Path, unread: Unread) -> Iterator[Exchange]:
    with path.open("rb") as file:
        for line in file:
            try:
                record = json.loads(line)
                capture = record["captureData"]
                at = datetime.fromisoformat(record["eventMetadata"]["inferenceTime"])
                asked = capture["endpointInput"]
                rows = _rows(_text(asked), asked.get("observedContentType", ""))
                answers = _answers(_text(capture["endpointOutput"])) if "endpointOutput" in capture else {}
            except (ValueError, KeyError, TypeError, AttributeError):
                unread.count += 1
                continue
            yield Exchange(at=at if at.tzinfo else at.replace(tzinfo=UTC), rows=rows, answers=answers)


def _kserve(path: Path, unread: Unread) -> Iterator[Exchange]:
    """KServe keeps no time: that of the file is taken."""
    at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    answered = path.with_name(path.name.removesuffix(REQUEST) + RESPONSE)
    try:
        requests = json.loads(path.read_bytes())
        responses = json.loads(answered.read_bytes()) if answered.is_file() else []
        replies = {item["Id"]: item for item in responses}
    except (ValueError, KeyError, TypeError):
        unread.count += 1
        return
    for item in requests if isinstance(requests, list) else [requests]:
        try:
            rows = _rows(base64.b64decode(item["Bytes"]).decode(), item.get("ContentType", ""))
            reply = replies.get(item["Id"])
            answers = _answers(base64.b64decode(reply["Bytes"]).decode()) if reply else {}
        except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
            unread.count += 1
            continue
        yield Exchange(at=at, rows=rows, answers=answers)


def _text(side: dict[str, Any]) -> str:
    data = str(side["data"])
    return base64.b64decode(data, validate=True).decode() if side.get("encoding") == "BASE64" else data


def _rows(text: str, content_type: str) -> list[dict[str, Any]]:
    """Read MLflow's forms of a request: dataframe_records, dataframe_split, instances, inputs, or CSV with a header."""
    if "csv" in content_type:
        return [dict(row) for row in csv.DictReader(io.StringIO(text), strict=True)]
    body = json.loads(text)
    if "dataframe_split" in body:
        split = body["dataframe_split"]
        return [dict(zip(split["columns"], values, strict=True)) for values in split["data"]]
    rows = body.get("dataframe_records", body.get("instances", body.get("inputs")))
    if isinstance(rows, dict):
        columns = {name: values if isinstance(values, list) else [values] for name, values in rows.items()}
        return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("no rows with names")
    return rows


def _answers(text: str) -> dict[int, dict[str, Any]]:
    """Read the answers of `served_model`; an answer of another form, as an error, has none."""
    try:
        given = json.loads(text)["predictions"]
        return {int(item["row"]): item for item in given}
    except (ValueError, KeyError, TypeError):
        return {}
