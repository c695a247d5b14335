"""The client against the sample server with every fault: the report survives, says what is missing, and counts nothing twice."""

from __future__ import annotations

import dataclasses
from datetime import date
from decimal import Decimal

import pytest

from mlctl.config.environment import Environment
from mlctl.errors import InputError, ServiceError
from mlctl.finops.charge import SourceData
from mlctl.finops.period import Period
from mlctl.finops.read.allocation_api import read_allocation_api
from mlctl.finops.read.allocation_client import AllocationClient, UnreadableError
from mlctl.finops.sample_server import SampleServer, serving
from tests.mlctl.finops.conftest import TODAY

DAY = Decimal("61.60")
"""Cost of the recorded day, added up by hand from samples/allocation_day.json."""


def client(server: SampleServer, **given: object) -> AllocationClient:
    made = AllocationClient(kind="opencost", url=server.url, timeout_seconds=20, wait=lambda _: None)
    return dataclasses.replace(made, **given)  # type: ignore[arg-type]


def read(server: SampleServer, prod: Environment, october: Period, *, today: date = TODAY, **given: object) -> SourceData:
    return read_allocation_api(client(server, **given), prod, october, today=today)


def of_october(data: SourceData) -> Decimal:
    return sum((charge.usd for charge in data.charges if charge.span.first.month == 10), Decimal(0))


def test_reads_both_months_a_week_at_a_time(prod: Environment, october: Period) -> None:
    with serving() as server:
        data = read(server, prod, october)
        windows = [query["window"][0] for _, query in server.requests]
    assert of_october(data) == DAY * 31
    assert data.gaps == ()
    assert len(windows) == 9
    assert windows[0] == "2026-09-01T00:00:00Z,2026-09-08T00:00:00Z"
    assert windows[4] == "2026-09-29T00:00:00Z,2026-10-06T00:00:00Z"
    assert windows[-1] == "2026-10-27T00:00:00Z,2026-11-01T00:00:00Z"


def test_asks_for_nothing_after_yesterday(prod: Environment, october: Period) -> None:
    with serving() as server:
        data = read(server, prod, october, today=date(2026, 10, 4))
    assert of_october(data) == DAY * 3


def test_kubecost_has_its_own_path_and_parameter(prod: Environment, october: Period) -> None:
    with serving() as server:
        read(server, prod, october, kind="kubecost")
        path, query = server.requests[0]
    assert path == "/model/allocation"
    assert (query["idle"], query.get("includeIdle")) == (["true"], None)


@pytest.mark.parametrize("fault", ["500", "429", "truncated"])
def test_a_passing_fault_is_tried_again_and_not_counted_twice(prod: Environment, october: Period, fault: str) -> None:
    waits: list[float] = []
    with serving(faults=[fault, fault, fault]) as server:
        data = read(server, prod, october, wait=waits.append)
    assert (of_october(data), data.gaps) == (DAY * 31, ())
    assert waits == [1.0, 2.0, 4.0]


def test_a_slow_answer_is_given_up_and_asked_for_again(prod: Environment, october: Period) -> None:
    with serving(faults=["slow"], slow_seconds=8) as server:
        data = read(server, prod, october, timeout_seconds=2)
    assert (of_october(data), data.gaps) == (DAY * 31, ())


def test_a_lasting_fault_is_a_gap(prod: Environment, october: Period) -> None:
    with serving(faults=["500"] * 4) as server:  # the first week of September, four times
        data = read(server, prod, october)
    assert of_october(data) == DAY * 31
    assert [(gap.what, gap.partial) for gap in data.gaps] == [
        ("2026-09-01 to before 2026-09-08 could not be read: opencost answered 500, 4 times", False)
    ]


def test_an_empty_window_is_a_gap(prod: Environment, october: Period) -> None:
    with serving(faults=["empty"]) as server:
        data = read(server, prod, october)
    assert [gap.what for gap in data.gaps] == ["2026-09-01 to before 2026-09-08: the answer is empty"]


def test_null_for_nan_is_a_gap(prod: Environment, october: Period) -> None:
    with serving() as server:
        data = read(server, prod, october, url=f"{server.url}/fault/null")
    first = Decimal("8.82")  # lending/deployment/credit-risk-batch, whose costs are null
    assert of_october(data) == (DAY - first) * 31
    assert "61 allocations on 2026-09-01 to 2026-10-31 have no cost (null)" in data.gaps[0].what
    assert data.gaps[0].partial


def test_a_server_that_stays_down_is_not_waited_for_again_and_again(prod: Environment, october: Period) -> None:
    waits: list[float] = []
    with serving() as server, pytest.raises(ServiceError):
        read(server, prod, october, url=f"{server.url}/fault/500", wait=waits.append)
    assert waits == [1.0, 2.0, 4.0] * 2
    assert len(server.requests) == 2 * 4 + 7


@pytest.mark.parametrize("fault", ["500", "truncated"])
def test_no_answer_at_all_is_an_error(prod: Environment, october: Period, fault: str) -> None:
    with serving() as server, pytest.raises(ServiceError, match="opencost could not be read"):
        read(server, prod, october, url=f"{server.url}/fault/{fault}")


@pytest.mark.parametrize(
    ("fault", "problem"),
    [("500", "opencost answered 500, 4 times"), ("truncated", "opencost sent JSON that breaks off or is damaged, 4 times")],
)
def test_no_answer_at_all_is_a_gap_where_there_is_another_source(prod: Environment, october: Period, fault: str, problem: str) -> None:
    with serving() as server:
        down = client(server, url=f"{server.url}/fault/{fault}")
        data = read_allocation_api(down, prod, october, today=TODAY, alone=False)
    assert (data.charges, data.rows) == ((), 0)
    assert [(gap.what, gap.partial) for gap in data.gaps] == [(f"could not be read at all: {problem}", True)]


def test_a_redirect_is_not_followed(prod: Environment, october: Period) -> None:
    with serving() as server, pytest.raises(ServiceError, match="a redirect, which is not followed"):
        read(server, prod, october, url=f"{server.url}/fault/redirect", token="secret")


def test_the_token_is_sent_and_never_shown(prod: Environment, october: Period) -> None:
    with serving(token="secret") as server:
        assert of_october(read(server, prod, october, token="secret")) == DAY * 31
        with pytest.raises(ServiceError, match=r"status 401.*for 401 and 403, the token"):
            read(server, prod, october)
        assert "secret" not in repr(client(server, token="secret"))


def test_no_server_is_an_error(prod: Environment, october: Period) -> None:
    with serving() as server:
        gone = client(server)
    with pytest.raises(ServiceError, match=r"opencost could not be read: ConnectionError at 127.0.0.1"):
        read_allocation_api(gone, prod, october, today=TODAY)


def test_a_huge_answer_is_refused() -> None:
    with serving() as server:
        asked = list(client(server, most_bytes=1000, attempts=1).answers(date(2026, 10, 1), date(2026, 10, 2)))
    assert isinstance(asked[0][2], UnreadableError)


def test_a_token_does_not_travel_unencrypted() -> None:
    with pytest.raises(InputError, match="a token must not travel unencrypted"):
        AllocationClient(kind="opencost", url="http://opencost.example.com:9003", token="secret")
    AllocationClient(kind="opencost", url="https://opencost.example.com", token="secret")


@pytest.mark.parametrize("url", ["opencost:9003", "ftp://x", "http://"])
def test_refuses_what_is_no_address(url: str) -> None:
    with pytest.raises(InputError, match="is no address"):
        AllocationClient(kind="opencost", url=url)


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(InputError, match="there is no fault flood; allowed: 500, 429, slow"):
        SampleServer(faults=["flood"])
