"""`mlctl finops` as it is typed: files, exit status, messages."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mlctl.cli.main import main
from mlctl.finops.read.allocation_client import AllocationClient
from mlctl.finops.sample_server import serving
from tests.mlctl.finops.conftest import HEADER, WriteBill, bill_line

ROOT = Path(__file__).parents[3]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """(exit status, standard output, standard error) of a command in this process."""
    monkeypatch.chdir(ROOT)

    def call(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(["finops", *arguments])
        said = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, said.out, said.err

    return call


def days(usd: object, **given: Any) -> list[str]:
    """September and October."""
    return [bill_line(date(2026, 9, 1) + timedelta(days=number), usd, **given) for number in range(61)]


ENV = ("--env", "prod", "--period", "2026-10", "--today", "2026-11-20")


def test_report_writes_four_files(run: Run, write_bill: WriteBill, tmp_path: Path) -> None:
    path = write_bill([*days("100", tags={"team": "lending"}), *days("50", ResourceId="n", tags={"node-pool": "gpu-training"})])
    out = tmp_path / "out"
    with serving() as server:
        status, text, _ = run("report", *ENV, "--from", str(path), "--from", "opencost", "--url", server.url, "--out", str(out))
    assert status == 0
    assert sorted(file.name for file in out.iterdir()) == ["focus.csv", "report.html", "report.json", "report.md"]
    assert "prod 2026-10: spent $4,650.00 in 31 known days, forecast $4,650.00 of $12,000.00" in text
    value = json.loads((out / "report.json").read_text())
    assert value["reconciliation"]["difference_usd"] == "-359.6"  # 31 × (50 − 61.60)
    assert (value["total"]["spent_usd"], value["partial"]) == ("4650", False)
    assert value["idle"][0] == {"team": "lending", "pool": "gpu-training", "gpu": True, "usd": "300.7"}


def test_json_is_alone_on_standard_output(run: Run, write_bill: WriteBill, tmp_path: Path) -> None:
    path = write_bill(days("1"))
    _, text, _ = run("report", *ENV, "--from", str(path), "--out", str(tmp_path / "o"), "--format", "json")
    assert json.loads(text) == json.loads((tmp_path / "o" / "report.json").read_text())


def test_gate_passes_within_and_fails_above_the_budget(run: Run, write_bill: WriteBill) -> None:
    within = write_bill(days("387", ResourceId="a"), "within.csv")  # 31 × 387 = 11,997 of 12,000
    assert run("gate", *ENV, "--from", str(within))[0] == 0
    above = write_bill(days("387.2", ResourceId="a"), "above.csv")
    status, text, _ = run("gate", *ENV, "--from", str(above))
    assert status == 1
    assert "over budget: everything: forecast $12,003.20 of $12,000.00" in text


def test_gate_looks_at_the_forecast_and_at_teams(run: Run, write_bill: WriteBill) -> None:
    path = write_bill(days("113", tags={"team": "lending"}))
    status, text, _ = run("gate", "--env", "prod", "--period", "2026-10", "--today", "2026-10-08", "--from", str(path))
    assert status == 1
    assert "over budget: lending: forecast $3,503.00 of $3,500.00" in text


def test_gate_holds_gpu_pools_against_their_own_budget(run: Run, write_bill: WriteBill) -> None:
    pool = {"node-pool": "gpu-training"}
    within = write_bill([*days("96", ResourceId="i", tags=pool), *days("50", ResourceId="m")], "within.csv")  # 31 × 96 = 2,976 of 3,000
    assert run("gate", *ENV, "--from", str(within))[0] == 0
    above = write_bill([*days("97", ResourceId="i", tags=pool), *days("50", ResourceId="m")], "above.csv")
    status, text, _ = run("gate", *ENV, "--from", str(above))
    assert status == 1
    assert "over budget: GPU instances: forecast $3,007.00 of $3,000.00" in text


def test_gate_knows_gpu_instances_of_sagemaker_by_their_type(run: Run, write_bill: WriteBill) -> None:
    lines = [line + ",Host:ml.g5.xlarge" for line in days("97", ResourceId="endpoint")]
    status, text, _ = run("gate", *ENV, "--from", str(write_bill(lines, header=HEADER + ",SkuMeter")))
    assert status == 1
    assert "over budget: GPU instances: forecast $3,007.00 of $3,000.00" in text


def test_a_bill_that_tells_no_gpu_says_so(run: Run, write_bill: WriteBill) -> None:
    _, text, _ = run("gate", *ENV, "--from", str(write_bill(days("1"))))
    assert "GPU: no row of the bill names a node pool or a GPU instance type: budgets.gpu_monthly_usd is not evaluated" in text


def test_gate_without_a_forecast_has_not_passed(run: Run, write_bill: WriteBill) -> None:
    status, text, _ = run("gate", *ENV, "--from", str(write_bill([])))
    assert status == 1
    assert "not evaluated: no known day to forecast from" in text


def test_partial_data_is_labelled_partial(run: Run, tmp_path: Path) -> None:
    with serving(faults=["500", "empty"]) as server:
        status, text, _ = run("report", *ENV, "--from", "opencost", "--url", server.url, "--out", str(tmp_path))
    assert status == 0
    assert "spent at least" in text
    assert "Partial" in (tmp_path / "report.html").read_text()


def test_the_estimate_is_held_to_account(run: Run, write_bill: WriteBill, tmp_path: Path) -> None:
    estimate = {"environment": "prod", "date": "2026-09-30", "currency": "USD", "at_least": False, "expected_usd": "2500"}
    estimate |= {"by_team": [{"name": "lending", "expected_usd": "2000"}], "by_model": [], "by_service": []}
    saved = tmp_path / "estimate.json"
    saved.write_text(json.dumps([{"environment": "dev"}, estimate]))
    counted = tmp_path / "counted.json"
    counted.write_text('{"churn": 310}')
    path = write_bill(days("100", tags={"team": "lending", "model": "churn"}))
    more = ("--estimate", str(saved), "--predictions", str(counted), "--out", str(tmp_path), "--format", "json")
    status, text, _ = run("report", *ENV, "--from", str(path), *more)
    assert status == 0
    value = json.loads(text)
    lines = {(line["scope"], line["name"]): line for line in value["estimated_against_actual"]["lines"]}
    assert (lines["total", "everything"]["actual_usd"], lines["total", "everything"]["share"]) == ("3100", "0.24")
    assert value["predictions"][1]["usd_per_thousand"] == "10000"


ACCOUNTS = {"dev": "111111111111", "staging": "222222222222", "prod": "333333333333"}
ALL = ("--period", "2026-10", "--today", "2026-11-20")


def three_accounts(write_bill: WriteBill, **usd: str) -> str:
    """One bill of the organisation: each account pays its amount a day, half of it lending's."""
    lines = []
    for name, account in ACCOUNTS.items():
        lines += days(usd[name], SubAccountId=account, ResourceId="a", tags={"team": "lending", "model": "churn"})
        lines += days(usd[name], SubAccountId=account, ResourceId="b", ServiceName="Amazon S3")
    return str(write_bill(lines))


def test_all_environments_are_one_report(run: Run, write_bill: WriteBill, tmp_path: Path) -> None:
    bill, out = three_accounts(write_bill, dev="1", staging="10", prod="100"), tmp_path / "out"
    status, text, _ = run("report", *ALL, "--from", bill, "--out", str(out))
    assert status == 0
    assert "together: spent $6,882.00, forecast $6,882.00 of $18,700.00" in text  # 31 × 2 × 111; budgets 2,200 + 4,500 + 12,000
    value = json.loads((out / "report.json").read_text())
    assert [(one["environment"], one["total"]["spent_usd"]) for one in value["environments"]] == [
        ("dev", "62"),
        ("staging", "620"),
        ("prod", "6200"),
    ]
    teams = {one["name"]: (one["spent_usd"], one["by_environment"]) for one in value["teams"]}
    assert teams["lending"] == ("3441", {"dev": "31", "staging": "310", "prod": "3100"})
    assert teams["(no team)"][0] == "3441"
    assert [one["name"] for one in value["models"]] == ["churn"]
    assert (value["total"]["spent_usd"], value["total"]["budget_usd"], value["partial"]) == ("6882", "18700", False)
    html = (out / "report.html").read_text()
    assert [html.count(f'id="{name}"') for name in ACCOUNTS] == [1, 1, 1]
    assert html.count("<html") == 1
    assert "| lending | $31.00 | $310.00 | $3,100.00 | $3,441.00 | $3,441.00 |" in (out / "report.md").read_text()
    rows = (out / "focus.csv").read_text().splitlines()
    assert len(rows) == 1 + 3 * 2 * 31
    assert {row.split(",")[1] for row in rows[1:]} <= {*ACCOUNTS.values()}


def test_two_environments_may_be_named(run: Run, write_bill: WriteBill) -> None:
    bill = three_accounts(write_bill, dev="1", staging="10", prod="100")
    _, text, _ = run("gate", *ALL, "--env", "dev", "--env", "prod", "--from", bill)
    assert "together: spent $6,262.00" in text
    assert "staging" not in text


def test_the_gate_fails_where_one_environment_is_over(run: Run, write_bill: WriteBill) -> None:
    bill = three_accounts(write_bill, dev="40", staging="10", prod="50")  # dev: 2,480 of 2,200
    status, text, _ = run("gate", *ALL, "--from", bill)
    assert status == 1
    assert "over budget: everything: forecast $2,480.00 of $2,200.00" in text
    assert run("gate", *ALL, "--env", "prod", "--from", bill)[0] == 0


def test_an_environment_without_a_known_day_has_not_passed(run: Run, write_bill: WriteBill) -> None:
    only_prod = str(write_bill(days("1")))
    status, text, _ = run("gate", *ALL, "--from", only_prod)
    assert status == 1
    assert text.count("not evaluated: no known day to forecast from") == 2


def test_an_allocation_is_for_one_environment(run: Run, write_bill: WriteBill, tmp_path: Path) -> None:
    bill = three_accounts(write_bill, dev="1", staging="10", prod="100")
    status, _, error = run("gate", *ALL, "--from", bill, "--from", "opencost")
    assert status == 2
    assert "--from: opencost is the allocation of one cluster, and 3 environments are asked for" in error
    assert "allowed: dev=opencost, staging=opencost, prod=opencost" in error
    with serving() as server:
        where = ("--from", bill, "--from", "prod=opencost", "--url", f"prod={server.url}")
        status, _, _ = run("report", *ALL, *where, "--out", str(tmp_path / "out"))
    assert status == 0
    value = json.loads((tmp_path / "out" / "report.json").read_text())
    assert [one["reconciliation"]["allocation"] for one in value["environments"]] == [None, None, "opencost"]


def test_predictions_of_several_environments(run: Run, write_bill: WriteBill, tmp_path: Path) -> None:
    bill, counted = three_accounts(write_bill, dev="1", staging="10", prod="100"), tmp_path / "counted.json"
    counted.write_text('{"prod": {"churn": 3100}}')
    wanted = ("--from", bill, "--predictions", str(counted), "--format", "json")
    _, text, _ = run("gate", *ALL, *wanted)
    each = [
        {one["model"]: (one["assumed"], one["usd_per_thousand"]) for one in report["predictions"]}
        for report in json.loads(text)["environments"]
    ]
    assert each[2]["churn"] == (False, "1000")  # 31 × 100 USD over 3.1 thousand
    assert each[0]["churn"][0]
    _, text, _ = run("gate", *ALL, "--env", "prod", *wanted)
    assert json.loads(text)["predictions"][1]["usd_per_thousand"] == "1000"
    counted.write_text('{"churn": 3100, "prod": 5}')
    status, _, error = run("gate", *ALL, *wanted)
    assert status == 2
    assert "counted.json: prod: 5 is no object" in error


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("--from", "abacus"), 2, "--from: 'abacus' is no source; allowed: opencost, kubecost, cost-explorer, focus-csv"),
        (("--from", "none.csv"), 2, "none.csv: --from: there is no such file"),
        (("--from", "opencost", "--url", "nowhere"), 2, "--url: 'nowhere' is no address"),
        (("--from", "x.csv", "--url", "http://localhost"), 2, "--url: --url belongs to one server"),
        (("--from", "opencost", "--token-variable", "NO_SUCH_VARIABLE"), 2, "the environment variable NO_SUCH_VARIABLE is not set"),
        (
            ("--from", "focus-csv", "--focus-folder", "/nonexistent"),
            2,
            "/nonexistent: --focus-folder: holds no *.csv, *.csv.gz or *.parquet",
        ),
        (("--from", "x.csv", "--estimate", "none.json"), 2, "none.json: --estimate: there is no such file"),
        (("--from", "x.csv", "--predictions", "none.json"), 2, "none.json: --predictions: there is no such file"),
    ],
)
def test_what_is_wrong_is_one_message(run: Run, arguments: tuple[str, ...], status: int, message: str) -> None:
    ended, _, error = run("gate", *ENV, *arguments)
    assert ended == status
    assert message in error
    assert "Traceback" not in error
    assert len(error.strip().splitlines()) == 1


def test_a_file_given_twice_is_refused(run: Run, write_bill: WriteBill) -> None:
    path = str(write_bill([]))
    status, _, error = run("gate", *ENV, "--from", path, "--from", path)
    assert status == 2
    assert "is given twice and would be counted twice" in error


def test_a_bill_is_reported_while_the_cluster_is_out_of_reach(
    run: Run, write_bill: WriteBill, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlctl.finops.sources.AllocationClient", partial(AllocationClient, wait=lambda _: None))
    bill = str(write_bill([bill_line("2026-10-01", 5, tags={"team": "lending"})]))
    with serving() as server:
        gone = server.url
    status, text, _ = run("report", *ENV, "--from", bill, "--from", "opencost", "--url", gone, "--out", str(tmp_path))
    assert status == 0
    assert "spent at least $5.00" in text
    assert "partial: opencost: could not be read at all: ConnectionError at 127.0.0.1" in text
    status, _, error = run("report", *ENV, "--from", "opencost", "--url", gone, "--out", str(tmp_path))
    assert (status, "opencost could not be read: ConnectionError" in error) == (3, True)


def test_an_empty_period_is_not_the_month_of_today(run: Run) -> None:
    status, _, error = run("gate", "--env", "prod", "--period", "", "--from", "x.csv")
    assert (status, error) == (2, "error: --period: '' is no month; allowed: YYYY-MM, for example 2026-10\n")


def test_a_future_period_is_refused(run: Run) -> None:
    status, _, error = run("gate", "--env", "prod", "--period", "2026-12", "--today", "2026-11-20", "--from", "x.csv")
    assert status == 2
    assert "2026-12 has not begun on 2026-11-20" in error


def test_a_server_that_refuses_is_status_3(run: Run) -> None:
    with serving(token="secret") as server:
        ended, _, error = run("gate", *ENV, "--from", "opencost", "--url", server.url)
    assert ended == 3
    assert "opencost answered status 401" in error


@pytest.mark.parametrize("text", ["[]", '{"churn": -1}', '{"churn": 1.5}', '{"churn": true}', "{"])
def test_predictions_that_cannot_be_are_refused(run: Run, tmp_path: Path, text: str) -> None:
    path = tmp_path / "counted.json"
    path.write_text(text)
    status, _, error = run("gate", *ENV, "--from", "x.csv", "--predictions", str(path))
    assert status == 2
    assert "counted.json" in error


@pytest.mark.parametrize("text", ["{}", "[]", "5", '{"environment": "prod"}', '{"environment": "prod", "currency": "EUR"}', "{"])
def test_an_estimate_that_is_none_is_refused(run: Run, tmp_path: Path, text: str) -> None:
    path = tmp_path / "estimate.json"
    path.write_text(text)
    status, _, error = run("gate", *ENV, "--from", "x.csv", "--estimate", str(path))
    assert status == 2
    assert "estimate.json" in error
