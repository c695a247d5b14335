"""`mlctl cost` and `mlctl prices` on a saved plan."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mlctl.plan.model import Plan, StackPlan
from mlctl.plan.saved import plan_to_json

ROOT = Path(__file__).parents[3]


def _run(*arguments: str, status: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from mlctl.cli.main import main; main()", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == status, done.stderr
    return done


@pytest.fixture
def saved(tmp_path: Path, resource: Any) -> Path:
    """A plan of two machines (2 × 141.16 USD) and an address (3.65 USD); the account's traffic comes on top."""
    machine = {"instanceType": "m5.xlarge", "rootBlockDevice": {"volumeSize": 10}, "tags": {"team": "lending"}}
    members = [resource("aws:ec2/instance:Instance", f"m{number}", machine) for number in range(2)]
    stack = StackPlan(name="s", environment="prod", resources=(*members, resource("aws:ec2/eip:Eip", "address", {})))
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan_to_json(Plan(environment="prod", stacks=(stack,)))), encoding="utf-8")
    return path


def test_the_table_names_the_total_and_the_arithmetic(saved: Path) -> None:
    text = _run("cost", "--env", "prod", "--from", str(saved), "--on", "2026-11-20").stdout
    assert "expected $305.97 of $12,000.00 budgeted" in text  # 2 × 141.16 + 3.65 + 20.00 of data transfer
    assert "Instance usage (Linux/UNIX, on-demand, m5.xlarge): 730 hours × 0.192 = $140.16" in text
    assert "pass  environment prod costs $305.97 a month expected" in text


def test_json_is_alone_on_standard_output(saved: Path) -> None:
    document = json.loads(_run("cost", "--env", "prod", "--from", str(saved), "--format", "json").stdout)
    assert document["expected_usd"] == "305.97"
    assert {share["name"]: share["expected_usd"] for share in document["by_team"]} == {"lending": "282.32", "ml-platform": "23.65"}


def test_csv_has_a_row_per_component_that_adds_up(saved: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(_run("cost", "--env", "prod", "--from", str(saved), "--format", "csv").stdout)))
    assert sum(Decimal(row["monthly_usd"]) for row in rows) == Decimal("305.97")
    assert all(row["price_source"] and row["price_date"] for row in rows)


def test_infracost_of_a_saved_plan(saved: Path) -> None:
    document = json.loads(_run("cost", "--env", "prod", "--from", str(saved), "--format", "infracost").stdout)
    assert Decimal(document["totalMonthlyCost"]) == Decimal("305.97")


def test_a_guardrail_that_blocks_ends_with_one(tmp_path: Path, resource: Any) -> None:
    machine = {"instanceType": "p4d.24xlarge", "rootBlockDevice": {"volumeSize": 10}}
    stack = StackPlan(name="s", environment="prod", resources=(resource("aws:ec2/instance:Instance", "big", machine),))
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(plan_to_json(Plan(environment="prod", stacks=(stack,)))), encoding="utf-8")
    text = _run("cost", "--env", "prod", "--from", str(path), status=1).stdout
    assert "BLOCK" in text


def test_from_needs_one_environment(saved: Path) -> None:
    done = _run("cost", "--env", "prod", "--env", "dev", "--from", str(saved), status=2)
    assert "--env: --from prices one plan" in done.stderr


def test_prices_show(saved: Path) -> None:
    text = _run("prices", "show", "m5.xlarge", "--region", "eu-west-1").stdout
    assert text.startswith("EC2 › m5.xlarge on demand, eu-west-1: 0.214 USD per hour (4 vCPU, 16 GiB)\n")
    [line] = json.loads(_run("prices", "show", "ml.m5.large", "--region", "us-east-2", "--format", "json").stdout)
    assert (line["name"], line["usd"]) == ("SageMaker › real-time hosting ml.m5.large", "0.115")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("show", "m5.xlarg"), "no price of 'm5.xlarg' in us-east-1; did you mean m5.xlarge"),
        (("show", "m5.xlarge", "--region", "eu-wst-1"), "the price book has no region 'eu-wst-1'"),
        (("refresh", "--region", "mars-1"), "the price book has no region 'mars-1'"),
    ],
)
def test_prices_says_what_is_wrong(arguments: tuple[str, ...], problem: str) -> None:
    done = _run("prices", *arguments, status=2)
    assert problem in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_may_be_changed_before_pricing() -> None:
    done = _run("cost", "--env", "dev", "--set", "cluster.system_nodes.count=0", status=2)
    assert "--set" in done.stderr or "system_nodes" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_plan_that_is_made_already_cannot_be_changed(saved: Path) -> None:
    done = _run("cost", "--env", "prod", "--from", str(saved), "--set", "models.churn.version=1", status=2)
    assert "--set: --set changes what is planned, and --from is planned already" in done.stderr
