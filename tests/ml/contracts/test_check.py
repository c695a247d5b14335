"""Every row comes out once: as good, or as bad with its reason."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml.contracts.check import SeenKeys, check_rows
from ml.contracts.table import TableContract, event_contract, request_contract, row_contract
from ml.errors import InputError
from ml.spec import load_spec
from ml.spec_data import Column

CONTRACT = TableContract(
    name="people",
    version="1.0",
    columns={
        "key": Column(dtype="string", pattern="P[0-9]", unique=True),
        "age": Column(dtype="integer", minimum=18, maximum=99),
        "income": Column(dtype="number", nullable=True, minimum=0),
        "home": Column(dtype="category", categories=("own", "rent")),
        "member": Column(dtype="boolean"),
        "since": Column(dtype="timestamp"),
    },
)
GOOD: dict[str, Any] = {
    "key": "P1",
    "age": "30",
    "income": "10.5",
    "home": "own",
    "member": "true",
    "since": "2025-01-01",
}


def reasons(**changes: Any) -> list[str]:
    read = [{**GOOD, **changes}]
    broken = any("\ud800" in str(value) for value in changes.values())  # pandas itself keeps that as an object only
    return list(check_rows(CONTRACT, pd.DataFrame(read, dtype=object if broken else None)).bad["reason"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"age": "17"}, "age: '17' is below 18"),
        ({"age": "100"}, "age: '100' is above 99"),
        ({"age": "30.5"}, "age: '30.5' is not a whole number"),
        ({"age": "abc"}, "age: 'abc' is not a whole number"),
        ({"age": True}, "age: 'True' is not a whole number"),
        ({"age": ""}, "age: is missing"),
        ({"income": "inf"}, "income: 'inf' is not a number"),
        ({"income": "-1"}, "income: '-1.0' is below 0"),
        ({"home": "castle"}, "home: 'castle' is not one of own, rent"),
        ({"home": 3}, "home: '3' is not text"),
        ({"key": "P12"}, "key: 'P12' does not match P[0-9]"),
        ({"key": "P1\n"}, "key: 'P1\\n' does not match P[0-9]"),
        ({"member": "yes"}, "member: 'yes' is not true or false"),
        ({"since": "tomorrow"}, "since: 'tomorrow' is not a time such as 2025-01-31T12:00:00Z"),
        ({"since": 20250101}, "since: '20250101' is not a time such as 2025-01-31T12:00:00Z"),
        ({"since": "now"}, "since: 'now' is not a time such as 2025-01-31T12:00:00Z"),
        ({"since": "2025"}, "since: '2025' is not a time such as 2025-01-31T12:00:00Z"),
        ({"since": "31.01.2025"}, "since: '31.01.2025' is not a time such as 2025-01-31T12:00:00Z"),
        ({"since": [1]}, "since: '[1]' is not a time such as 2025-01-31T12:00:00Z"),
        ({"since": timedelta(days=1)}, "since: '1 days 00:00:00' is not a time such as 2025-01-31T12:00:00Z"),
        ({"age": 10**400}, f"age: '1{'0' * 56}…' is not a whole number"),
        ({"age": 2**53}, "age: '9007199254740992' is not a whole number"),
        ({"age": date(1990, 1, 1)}, "age: '1990-01-01' is not a whole number"),
        ({"income": datetime(1970, 1, 1)}, "income: '1970-01-01 00:00:00' is not a number"),
        ({"income": 10**400}, f"income: '1{'0' * 56}…' is not a number"),
        ({"income": "1,5"}, "income: '1,5' is not a number"),
        ({"income": "1\ud800"}, "income: '1\\ud800' is not a number"),
        ({"income": b"7"}, "income: \"b'7'\" is not a number"),
        ({"income": 1 + 2j}, "income: '(1+2j)' is not a number"),
        ({"home": "own\ud800"}, "home: 'own\\ud800' is not text"),
        ({"member": "\ud800"}, "member: '\\ud800' is not true or false"),
        ({"age": "17", "home": "castle"}, "age: '17' is below 18; home: 'castle' is not one of own, rent"),
    ],
)
def test_a_bad_cell_is_named(changes: dict[str, Any], reason: str) -> None:
    assert reasons(**changes) == [reason]


def test_half_a_character_is_quarantined_as_it_came() -> None:
    """JSON can bring half a surrogate pair, which UTF-8 cannot hold."""
    raw = check_rows(CONTRACT, pd.DataFrame([{**GOOD, "home": "own\ud800"}], dtype=object)).bad["raw"].item()
    assert json.loads(raw)["home"] == "own\ud800" and raw.encode()


@pytest.mark.parametrize("sign", [";", "\t", "|"])
def test_another_sign_between_the_columns_is_told(sign: str) -> None:
    with pytest.raises(InputError, match="write the file with commas between the columns"):
        check_rows(CONTRACT, pd.DataFrame({sign.join(CONTRACT.columns): ["x"]}))


def test_a_column_that_is_there_twice_is_named() -> None:
    frame = pd.DataFrame([[*GOOD.values(), "31"]], columns=pd.Index([*GOOD, "age"]))
    with pytest.raises(InputError, match="the column 'age' is there twice"):
        check_rows(CONTRACT, frame)


def test_good_rows_come_out_typed() -> None:
    checked = check_rows(CONTRACT, pd.DataFrame([GOOD, {**GOOD, "key": "P2", "income": ""}], index=[7, 9]))
    assert checked.bad.empty
    assert list(checked.good.index) == [7, 9]
    assert {name: str(dtype) for name, dtype in checked.good.dtypes.items()} == {
        "key": "str",
        "age": "int64",
        "income": "float64",
        "home": "str",
        "member": "bool",
        "since": "datetime64[us, UTC]",
    }
    assert checked.good["income"].isna().tolist() == [False, True]


def test_a_second_row_of_one_key_is_a_duplicate_unless_the_first_was_bad() -> None:
    rows = [GOOD, GOOD, {**GOOD, "key": "P2", "age": "3"}, {**GOOD, "key": "P2"}]
    checked = check_rows(CONTRACT, pd.DataFrame(rows))
    assert list(checked.good.index) == [0, 3]
    assert checked.bad[["row", "reason"]].values.tolist() == [[1, "key: is there already"], [2, "age: '3' is below 18"]]


def test_duplicates_are_found_between_micro_batches() -> None:
    seen = SeenKeys()
    assert len(check_rows(CONTRACT, pd.DataFrame([GOOD]), seen=seen).good) == 1
    second = check_rows(CONTRACT, pd.DataFrame([GOOD, {**GOOD, "key": "P3"}]), seen=seen)
    assert list(second.good["key"]) == ["P3"] and list(second.bad["reason"]) == ["key: is there already"]


def test_the_quarantined_row_is_kept_whole() -> None:
    bad = check_rows(CONTRACT, pd.DataFrame([{**GOOD, "age": "x", "home": "höhle"}])).bad
    assert json.loads(bad["raw"].iloc[0]) == {**GOOD, "age": "x", "home": "höhle"}


@pytest.mark.parametrize(
    ("frame", "problem"),
    [
        (pd.DataFrame([{**GOOD, "extra": 1}]), "unknown column\\(s\\) extra; allowed: key, age"),
        (pd.DataFrame([GOOD]).drop(columns="age"), "the column\\(s\\) age are missing"),
        (pd.DataFrame([GOOD]).rename(columns={"income": "incom"}), "income are missing; rename 'incom' to 'income'"),
    ],
)
def test_a_wrong_column_is_an_error_of_the_table(frame: pd.DataFrame, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        check_rows(CONTRACT, frame)


CELLS = st.one_of(st.none(), st.text(max_size=5), st.integers(-5, 120), st.floats(), st.booleans(), st.sampled_from(["own", "P1"]))


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.fixed_dictionaries(dict.fromkeys(CONTRACT.columns, CELLS)), max_size=6))
def test_no_row_is_lost_whatever_comes_in(rows: list[dict[str, Any]]) -> None:
    frame = pd.DataFrame(rows, columns=pd.Index(CONTRACT.columns), dtype=object)
    checked = check_rows(CONTRACT, frame)
    assert sorted([*checked.good.index, *checked.bad["row"]]) == list(range(len(rows)))
    again = check_rows(CONTRACT, checked.good)
    assert len(again.good) == len(checked.good), "good rows keep the contract they were checked against"


def test_the_version_follows_the_content() -> None:
    contract = row_contract(load_spec("churn"))
    looser = TableContract(
        name="x",
        version=contract.version,
        columns={**contract.columns, "devices": contract.columns["devices"].model_copy(update={"maximum": 60})},
        key=contract.key,
    )
    assert contract.full_version.startswith("1.0+") and len(contract.full_version) == len("1.0+") + 12
    assert looser.full_version != contract.full_version


def test_a_request_carries_sources_and_windows_and_nothing_protected() -> None:
    spec = load_spec("churn")
    assert list(request_contract(spec).columns) == [
        "plan",
        "contract_type",
        "tenure_months",
        "monthly_fee",
        "discount",
        "autopay",
        "devices",
        "support_calls_60d",
        "failed_payments_90d",
        "minutes_30d",
        "longest_session_30d",
    ]
    events = event_contract(spec)
    assert events is not None and list(events.columns) == ["customer_id", "happened_at", "kind", "minutes"]
