"""One recorded request and its answer: a line of JSON of SageMaker's data capture or the repository's router, or two files of KServe's.

Requests have MLflow's forms: `dataframe_records`, `dataframe_split`, `instances`, `inputs`, or CSV with a header; ml/serving/exchange.py
reads the same ones for monitoring.
"""

from __future__ import annotations

import base64
import csv
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """What was asked and what was answered."""

    at: datetime
    """When the request came."""
    answers: tuple[tuple[Any, Row], ...]
    """(answer, the row of the request it is about; empty where the request has a form that is not known)."""


def read_exchange(line: bytes) -> Exchange | None:
    """The exchange of a line; None where it makes no sense, or the request was not answered."""
    try:
        record = json.loads(line)
        at = datetime.fromisoformat(record["eventMetadata"]["inferenceTime"])
        asked, answered = record["captureData"]["endpointInput"], record["captureData"]["endpointOutput"]
        answers = _pair(_text(asked), asked.get("observedContentType", ""), _text(answered))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return Exchange(at=at if at.tzinfo else at.replace(tzinfo=UTC), answers=answers)


def read_logged(requests: bytes, responses: bytes) -> tuple[tuple[Any, Row], ...]:
    """(answer, row) of two files of KServe's logger: each an array of `Id`, `ContentType` and `Bytes` in base64; those that make sense."""
    found: tuple[tuple[Any, Row], ...] = ()
    try:
        asked = {item["Id"]: item for item in json.loads(requests)}
        for item in json.loads(responses):
            request = asked[item["Id"]]
            found += _pair(_decoded(request["Bytes"]), request.get("ContentType", ""), _decoded(item["Bytes"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        return found
    return found


def request_rows(text: str, content_type: str) -> list[Row]:
    """The rows of a request.

    Raises
    ------
    ValueError, KeyError, TypeError, AttributeError
        It has another form.
    """
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


def _pair(asked: str, content_type: str, answered: str) -> tuple[tuple[Any, Row], ...]:
    answers = json.loads(answered)["predictions"]
    rows = _rows(asked, content_type)
    return tuple((answer, rows.get(_place(answer, number), {})) for number, answer in enumerate(answers))


def _rows(asked: str, content_type: str) -> dict[int, Row]:
    """Rows by their number; none where the form is not known: the answers are counted all the same."""
    try:
        return dict(enumerate(request_rows(asked, content_type)))
    except (ValueError, KeyError, TypeError, AttributeError, csv.Error):
        return {}


def _place(answer: Any, number: int) -> int:
    """Which row an answer is about: our server says so; of others the order is taken."""
    stated = answer.get("row") if isinstance(answer, Mapping) else None
    return stated if isinstance(stated, int) else number


def _text(side: Mapping[str, str]) -> str:
    return _decoded(side["data"]) if side.get("encoding") == "BASE64" else side["data"]


def _decoded(data: str) -> str:
    return base64.b64decode(data, validate=True).decode()
