"""What platforms record becomes the same table as our own log: the same requests, sent both ways, give the same rows."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from ml.errors import InputError
from ml.serving.capture import collect_capture, decisions_table, is_capture
from ml.serving.decision_log import DecisionLog, collect
from ml.serving.pseudonym import Pseudonyms
from ml.serving.scorer import load_scorer
from ml.serving.served_model import ServedModel

pytestmark = [pytest.mark.ml]
NOON = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)


@pytest.fixture
def sent(credit: Any) -> pd.DataFrame:
    frame: pd.DataFrame = credit.requests.head(6).reset_index(drop=True)
    frame["applicant_id"] = [f"P{row:07d}" for row in range(6)]
    frame["sex"] = ["female", "male", "undisclosed"] * 2
    frame["age"] = 40
    frame.loc[4, "income"] = -5.0
    return frame


@pytest.fixture
def answered(credit: Any, sent: pd.DataFrame, decision_key: str, tmp_path: Path) -> tuple[list[dict[str, Any]], pd.DataFrame]:
    """The answers, and the table that our own log makes of them."""
    log = DecisionLog(tmp_path / "log")
    served = ServedModel(load_scorer(credit.model), log=log, codes=Pseudonyms(decision_key.encode()), clock=lambda: NOON)
    answers = served.predict(sent)
    log.close()
    collect(credit.spec, tmp_path / "log", tmp_path / "own")
    return answers, pd.read_parquet(tmp_path / "own/decisions.parquet")


def body(rows: pd.DataFrame, form: str) -> tuple[str, str]:
    records = json.loads(rows.to_json(orient="records"))
    split = {"columns": list(rows.columns), "data": [list(record.values()) for record in records]}
    forms = {
        "dataframe_records": records,
        "dataframe_split": split,
        "instances": records,
        "inputs": {name: [record[name] for record in records] for name in rows.columns},
    }
    return ("text/csv", rows.to_csv(index=False)) if form == "csv" else ("application/json", json.dumps({form: forms[form]}))


def captured(rows: pd.DataFrame, answers: Any, form: str, *, encoding: str = "JSON", at: str = "2026-11-20T12:30:00Z") -> str:
    kind, text = body(rows, form)
    data = base64.b64encode(text.encode()).decode() if encoding == "BASE64" else text
    given = {"observedContentType": kind, "mode": "INPUT", "data": data, "encoding": encoding}
    out = {"observedContentType": "application/json", "mode": "OUTPUT", "data": json.dumps(answers), "encoding": "JSON"}
    return json.dumps(
        {"captureData": {"endpointInput": given, "endpointOutput": out}, "eventMetadata": {"inferenceTime": at}, "eventVersion": "0"}
    )


def write(folder: Path, lines: list[str], *, hour: str = "12", variant: str = "champion") -> None:
    at = folder / "credit-risk-endpoint" / variant / "2026" / "11" / "20" / hour
    at.mkdir(parents=True, exist_ok=True)
    (at / "some.jsonl").write_text("".join(line + "\n" for line in lines), encoding="utf-8")


@pytest.mark.parametrize("encoding", ["JSON", "BASE64"])
@pytest.mark.parametrize("form", ["dataframe_records", "dataframe_split", "instances", "inputs", "csv"])
def test_sagemaker_capture_is_the_table_of_our_own_log(
    form: str, encoding: str, credit: Any, sent: pd.DataFrame, answered: tuple[list[dict[str, Any]], pd.DataFrame], tmp_path: Path
) -> None:
    answers, own = answered
    write(tmp_path / "capture", [captured(sent, {"predictions": answers}, form, encoding=encoding)])
    assert is_capture(tmp_path / "capture") and not is_capture(tmp_path / "log")
    found = collect_capture(credit.spec, tmp_path / "capture", tmp_path / "out")
    assert found == {"decisions": 5, "rejected": 1, "unanswered": 0, "torn": 0}
    table = pd.read_parquet(tmp_path / "out/decisions.parquet")
    pd.testing.assert_frame_equal(table.drop(columns="artefact"), own.drop(columns="artefact"), rtol=1e-6)
    rejected = pd.read_parquet(tmp_path / "out/rejected.parquet")
    assert rejected["columns"].tolist() == ["income"] and rejected["decided_at"][0] == pd.Timestamp(NOON)
    assert not table.astype(str).apply(lambda column: column.str.contains("P0000")).to_numpy().any(), "no name in clear"


def test_hours_outside_the_window_the_challenger_and_torn_lines_are_left_out(
    credit: Any, sent: pd.DataFrame, answered: tuple[list[dict[str, Any]], pd.DataFrame], tmp_path: Path
) -> None:
    answers = {"predictions": answered[0]}
    line = captured(sent, answers, "instances")
    write(tmp_path / "capture", [line, line[:-40], "{}"])
    write(tmp_path / "capture", ["not read at all"], hour="14")
    write(tmp_path / "capture", [line], variant="challenger")
    found = collect_capture(credit.spec, tmp_path / "capture", tmp_path / "out", start="2026-11-20T12:00:00Z", end="2026-11-20T13:00:00Z")
    assert found == {"decisions": 5, "rejected": 1, "unanswered": 0, "torn": 2}
    assert collect_capture(credit.spec, tmp_path / "capture", tmp_path / "out")["torn"] == 3


def test_a_request_that_was_refused_whole_counts_as_rejected_and_a_lost_answer_as_unanswered(
    credit: Any, sent: pd.DataFrame, decision_key: str, tmp_path: Path
) -> None:
    refused = captured(sent.iloc[[4]], {"error_code": "BAD_REQUEST", "message": "no row can be scored"}, "instances")
    lost = json.loads(captured(sent.iloc[[0, 1]], {}, "instances"))
    del lost["captureData"]["endpointOutput"]
    write(tmp_path / "capture", [refused, json.dumps(lost)])
    found = collect_capture(credit.spec, tmp_path / "capture", tmp_path / "out")
    assert found == {"decisions": 0, "rejected": 1, "unanswered": 2, "torn": 0}
    assert pd.read_parquet(tmp_path / "out/rejected.parquet")["columns"].tolist() == ["income"]


def test_kserve_pairs_requests_and_answers_by_their_id(
    credit: Any, sent: pd.DataFrame, answered: tuple[list[dict[str, Any]], pd.DataFrame], tmp_path: Path
) -> None:
    answers, own = answered
    at = tmp_path / "capture" / "lending" / "credit-risk" / "predictor"
    at.mkdir(parents=True)

    def logged(kind: str, text: str) -> str:
        content = {"Id": "a1", "ReqType": f"org.kubeflow.serving.inference.{kind}", "ContentType": "application/json"}
        return json.dumps([{**content, "Bytes": base64.b64encode(text.encode()).decode()}])

    (at / "a1-request.json").write_text(logged("request", body(sent, "instances")[1]), encoding="utf-8")
    (at / "a1-response.json").write_text(logged("response", json.dumps({"predictions": answers})), encoding="utf-8")
    (at / "b2-request.json").write_text("[torn", encoding="utf-8")
    found = collect_capture(credit.spec, tmp_path / "capture", tmp_path / "out")
    assert found == {"decisions": 5, "rejected": 1, "unanswered": 0, "torn": 1}
    table = pd.read_parquet(tmp_path / "out/decisions.parquet")
    assert table["decision_id"].tolist() == own["decision_id"].tolist() and table["score"].tolist() == own["score"].tolist()


def test_names_need_a_key(credit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DECISION_KEY", raising=False)
    with pytest.raises(InputError, match="no key to code people's names with"):
        collect_capture(credit.spec, tmp_path, tmp_path / "out")


def test_decisions_are_read_whatever_they_are(
    credit: Any, sent: pd.DataFrame, answered: tuple[list[dict[str, Any]], pd.DataFrame], tmp_path: Path
) -> None:
    answers, own = answered
    write(tmp_path / "capture", [captured(sent, {"predictions": answers}, "instances")])
    times = {"start": "2026-11-20T12:00:00Z", "end": "2026-11-20T13:00:00Z"}
    for source in ("log", "capture"):
        table, rejected = decisions_table(credit.spec, tmp_path / source, tmp_path / f"from-{source}", **times)
        assert pd.read_parquet(table)["decision_id"].tolist() == own["decision_id"].tolist()
        assert rejected is not None and len(pd.read_parquet(rejected)) == 1
    assert decisions_table(credit.spec, tmp_path / "own/decisions.parquet", tmp_path / "x", **times) == (
        tmp_path / "own/decisions.parquet",
        None,
    )
