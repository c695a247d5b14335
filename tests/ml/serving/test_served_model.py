"""The answer to a request, what is logged of it, and the real scoring server."""

from __future__ import annotations

import json
import os
import socket
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
import requests
from mlflow.exceptions import MlflowException

from ml.errors import InputError, ServiceError
from ml.serving.decision_log import DecisionLog, collect
from ml.serving.pseudonym import Pseudonyms, from_environment
from ml.serving.scored_rows import group_columns, identities
from ml.serving.scorer import load_scorer
from ml.serving.served_model import ServedModel, _load_pyfunc
from ml.serving.server import serving
from ml.spec import load_spec
from ml.spec_data import Attribute, Column

pytestmark = [pytest.mark.ml, pytest.mark.slow]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
CODES = Pseudonyms(b"sixteen bytes or more")
PERSON = {"applicant_id": "P0000007", "applied_at": "2026-03-01T11:59:00Z", "sex": "female", "race": "asian", "age": 33}
GOOD = {
    "income": 90_000,
    "monthly_debt": 500,
    "loan_amount": 4_000,
    "loan_term_months": 24,
    "loan_purpose": "car",
    "employment_years": 6.5,
    "savings": 20_000,
    "credit_lines": 2,
    "late_payments_365d": 0,
    "enquiries_90d": 0,
    "mean_payment_180d": 300,
}
POOR = GOOD | {
    "income": 9_000,
    "monthly_debt": 4_000,
    "loan_amount": 90_000,
    "loan_term_months": 84,
    "employment_years": 0.1,
    "savings": 0,
    "credit_lines": 9,
    "late_payments_365d": 7,
    "enquiries_90d": 9,
    "mean_payment_180d": None,
}


@pytest.fixture
def log(tmp_path: Path) -> DecisionLog:
    return DecisionLog(tmp_path / "log")


@pytest.fixture
def served(credit: Any, log: DecisionLog) -> ServedModel:
    return ServedModel(load_scorer(credit.model), log=log, codes=CODES, clock=lambda: NOW)


def test_good_rows_are_answered_and_bad_rows_are_told_why(served: ServedModel) -> None:
    rows = [POOR | PERSON, GOOD | {"income": "much"}, GOOD, GOOD | {"loan_purpose": "boat", "credit_lines": -1}]
    answer = served.predict(pd.DataFrame(rows))
    assert [one["row"] for one in answer] == [0, 1, 2, 3]
    assert [one["decision"] for one in answer] == ["declined", None, "approved", None]
    assert [one["error"] for one in answer] == [
        None,
        "income: 'much' is not a number",
        None,
        "loan_purpose: 'boat' is not one of car, debt_consolidation, education, home, other; credit_lines: '-1' is below 0",
    ]
    assert answer[1] == {"row": 1, "decision_id": None, "score": None, "decision": None, "reasons": [], "error": answer[1]["error"]}
    assert answer[0]["decision_id"] == CODES.of_decision("P0000007", "2026-03-01T11:59:00.000000Z")


def test_a_decline_has_ranked_reasons_of_the_model_file(credit: Any, served: ServedModel) -> None:
    declined, approved = served.predict(pd.DataFrame([POOR, GOOD]))
    assert 1 <= len(declined["reasons"]) <= credit.spec.explanation.reason_codes
    for reason in declined["reasons"]:
        assert reason["text"] == credit.spec.features[reason["feature"]].reason
    assert approved["reasons"] == []


def test_the_second_team_needs_no_code(churn: Any) -> None:
    answer = ServedModel(load_scorer(churn.model)).predict(churn.requests.head(50))
    assert {one["decision"] for one in answer} <= {"offer", "no offer"}
    assert all(bool(one["reasons"]) == (one["decision"] == "no offer") for one in answer)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "the request has no rows"),
        ([{"income": 1}], "monthly_debt, loan_amount"),
        ([GOOD | {"height": 180}], "unknown column(s) height"),
        ([GOOD | {"income": "x"}], "no row can be scored; row 0: income: 'x' is not a number"),
    ],
)
def test_requests_nobody_can_answer_have_status_400(served: ServedModel, rows: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(MlflowException) as caught:
        served.predict(pd.DataFrame(rows))
    assert caught.value.get_http_status_code() == 400
    assert message in caught.value.message
    caught.value.message = f"Failed to predict data '{rows}'. \nError: {message}"  # what the server does
    assert "Failed to predict" not in json.loads(caught.value.serialize_as_json())["message"]


def test_columns_of_the_contract_the_model_does_not_use_are_left_out(served: ServedModel, log: DecisionLog) -> None:
    row = GOOD | PERSON | {"marital_status": "married", "public_assistance": True, "application_id": "A00000001"}
    assert served.predict(pd.DataFrame([row]))[0]["error"] is None
    logged = log.path.read_text()
    for secret in ("P0000007", "A00000001", "married", "marital_status", "public_assistance", "33"):
        assert secret not in json.dumps([v for k, v in json.loads(logged).items() if k not in ("decision_id", "key", "artefact")])


def test_what_is_logged(credit: Any, served: ServedModel, log: DecisionLog, tmp_path: Path) -> None:
    served.predict(pd.DataFrame([GOOD | PERSON, GOOD | {"income": "secret"}]))
    with log.path.open("a") as file:
        file.write('{"decided_at": "2026-0')  # a machine died here
    assert "secret" not in log.path.read_text()
    assert collect(credit.spec, log.path.parent, tmp_path / "out") == {"decisions": 1, "rejected": 1, "torn": 1}
    row = pq.read_table(tmp_path / "out/decisions.parquet").to_pylist()[0]
    assert row["decided_at"] == NOW
    assert row["key"] == CODES.of_entity("P0000007")
    assert (row["group_sex"], row["group_race"], row["group_age"]) == ("female", "asian", "30 to <45")
    assert row["loan_purpose"] == "car"
    assert row["debt_to_income"] == 500 / 90_000
    assert set(credit.spec.features) < set(row)
    refused = pq.read_table(tmp_path / "out/rejected.parquet").to_pylist()
    assert refused == [{"decided_at": NOW, "columns": "income"}]


def test_a_decision_that_cannot_be_logged_is_not_given(credit: Any) -> None:
    class Full(DecisionLog):
        def __init__(self) -> None:
            pass

        def append(self, lines: list[dict[str, Any]]) -> None:
            raise ServiceError("the decision cannot be logged: No space left on device")

    with pytest.raises(MlflowException) as caught:
        ServedModel(load_scorer(credit.model), log=Full(), codes=CODES).predict(pd.DataFrame([GOOD]))
    assert caught.value.get_http_status_code() == 503


def test_a_real_full_disk_is_noticed(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    log = DecisionLog(tmp_path)
    log.close()
    log._file = __import__("os").open("/dev/full", 1)
    with pytest.raises(ServiceError, match="the decision cannot be logged: No space left on device"):
        log.append([{"a": 1}])


def test_logging_needs_a_key(credit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from ml.serving.artefact import find_artefact

    monkeypatch.setenv("DECISION_LOG", str(tmp_path / "log"))
    monkeypatch.delenv("DECISION_KEY", raising=False)
    with pytest.raises(InputError, match="no key to code people's names with"):
        _load_pyfunc(str(find_artefact(credit.model)))


def test_keys() -> None:
    assert from_environment({}) is None
    with pytest.raises(InputError, match="the key of the decision log has 3 bytes; allowed: at least 16 bytes"):
        from_environment({"DECISION_KEY": "abc"})
    with pytest.raises(InputError, match="cannot be read"):
        from_environment({"DECISION_KEY_FILE": "/nowhere/key"})
    other = Pseudonyms(b"another key of sixteen bytes")
    assert CODES.of_entity("P1") == CODES.of_entity("P1") != other.of_entity("P1")
    assert len(CODES.of_entity("P1")) == 32


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_scoring_server(credit: Any, tmp_path: Path) -> None:
    environment = {"DECISION_LOG": str(tmp_path / "log"), "DECISION_KEY": "a key of sixteen bytes"}
    with serving(credit.model, free_port(), log=tmp_path / "server.log", environment=environment) as address:
        assert requests.get(f"{address}/ping", timeout=10).status_code == 200

        def ask(body: Any) -> requests.Response:
            return requests.post(f"{address}/invocations", json=body, timeout=30)

        rows = [POOR | PERSON, GOOD | {"income": "x"}]
        mixed = ask({"dataframe_records": rows})
        assert mixed.status_code == 200
        assert [one["decision"] for one in mixed.json()["predictions"]] == ["declined", None]
        split = pd.DataFrame([GOOD]).to_dict(orient="split")
        assert ask({"dataframe_split": split}).json()["predictions"][0]["decision"] == "approved"
        assert ask({"instances": [GOOD, GOOD]}).json()["predictions"][1]["decision"] == "approved"
        bad = ask({"dataframe_records": rows[1:]})
        assert bad.status_code == 400
        assert bad.json()["message"] == "no row can be scored; row 0: income: 'x' is not a number"
        assert ask({"rows": rows}).status_code == 400
        assert (
            requests.post(f"{address}/invocations", data="x", headers={"Content-Type": "application/json"}, timeout=30).status_code == 400
        )
    assert collect(credit.spec, tmp_path / "log", tmp_path / "out") == {"decisions": 4, "rejected": 2, "torn": 0}
    assert "P0000007" not in (tmp_path / "server.log").read_text()


def test_a_server_that_cannot_start_says_why(credit: Any, tmp_path: Path) -> None:
    environment = {"DECISION_LOG": str(tmp_path / "log"), "DECISION_KEY": "short"}
    with (
        pytest.raises(ServiceError, match=r"the scoring server ended with status \d+: "),
        serving(credit.model, free_port(), log=tmp_path / "server.log", environment=environment),
    ):
        pytest.fail("it started")


def test_a_refused_value_says_nothing_in_the_log(credit: Any, log: DecisionLog, tmp_path: Path) -> None:
    """A value may look like another column's error, and would stand in the log as its name."""
    served = ServedModel(load_scorer(credit.model), log=log, codes=CODES)
    served.predict(pd.DataFrame([GOOD, GOOD | {"income": "12; Jane Doe: 7"}, GOOD | {"savings": "x", "credit_lines": "y"}]))
    collect(credit.spec, tmp_path / "log", tmp_path / "out")
    assert pd.read_parquet(tmp_path / "out/rejected.parquet")["columns"].tolist() == ["income", "credit_lines, savings"]


@pytest.mark.parametrize(
    "beside",
    [
        {"applicant_id": "\ud800", "applied_at": "\ud800", "sex": "\ud800", "age": "\ud800"},
        {"applicant_id": [1], "applied_at": [1], "sex": [1], "age": [1]},
        {"applicant_id": {"a": 1}, "applied_at": "now", "sex": True, "age": 10**400},
    ],
)
def test_what_stands_beside_the_inputs_never_costs_an_answer(beside: dict[str, Any], credit: Any, log: DecisionLog, tmp_path: Path) -> None:
    served = ServedModel(load_scorer(credit.model), log=log, codes=CODES)
    answers = served.predict(pd.DataFrame([GOOD | beside, GOOD | PERSON], dtype=object))
    assert [answer["error"] for answer in answers] == [None, None]
    collect(credit.spec, tmp_path / "log", tmp_path / "out")
    assert pd.read_parquet(tmp_path / "out/decisions.parquet")["group_sex"].fillna("").tolist() == ["", "female"]


def test_a_person_has_one_code_however_the_number_came() -> None:
    """Beside a row without one, whole numbers come as 7.0."""
    spec = load_spec("credit-risk")
    columns = spec.contract.columns | {"applicant_id": Column(dtype="integer")}
    numbered = spec.model_copy(update={"contract": spec.contract.model_copy(update={"columns": columns})})
    _, alone = identities(numbered, pd.DataFrame({"applicant_id": [7]}), CODES)
    _, beside = identities(numbered, pd.DataFrame({"applicant_id": [7, None]}), CODES)
    _, text = identities(numbered, pd.DataFrame({"applicant_id": ["7"]}), CODES)
    assert beside == [*alone, None] and text == alone


@pytest.mark.parametrize(("given", "group"), [(True, "True"), ("true", "True"), (0, "False"), ("no", None)])
def test_a_group_is_named_as_in_training(given: object, group: str | None) -> None:
    spec = load_spec("credit-risk")
    watched = spec.model_copy(update={"monitored": (Attribute(column="public_assistance"),)})
    assert group_columns(watched, pd.DataFrame({"public_assistance": [given]})) == {"group_public_assistance": [group]}


def test_decisions_after_a_torn_line_are_whole(credit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full in the middle of a line, which is refused; the decision after it is given, and must stand in the log."""
    log = DecisionLog(tmp_path / "log")
    served = ServedModel(load_scorer(credit.model), log=log, codes=CODES)
    with monkeypatch.context() as full:
        write = os.write
        full.setattr("ml.serving.decision_log.os.write", lambda file, text: write(file, text[:40]))
        with pytest.raises(MlflowException, match="the disk is full"):
            served.predict(pd.DataFrame([GOOD]))
    given = [served.predict(pd.DataFrame([GOOD]))[0]["decision_id"] for _ in range(2)]
    assert collect(credit.spec, tmp_path / "log", tmp_path / "out") == {"decisions": 2, "rejected": 0, "torn": 1}
    assert pd.read_parquet(tmp_path / "out/decisions.parquet")["decision_id"].tolist() == given
