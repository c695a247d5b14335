"""Programs that read one another's exports."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.mlctl.plan.conftest import PlanProgram, by_name, plan_all


def test_references_are_resolved_and_ordered(tmp_path: Path) -> None:
    plans = plan_all(
        tmp_path,
        {
            "alpha": """
                below = pulumi.StackReference("organization/beta/dev")
                aws.s3.Bucket("b", tags={"key": below.require_output("key_arn"), "list": below.get_output("names")[0]})
                """,
            "beta": 'pulumi.export("key_arn", aws.kms.Key("k").arn)\npulumi.export("names", ["one"])',
        },
    )
    assert list(plans) == ["beta", "alpha"]
    assert plans["alpha"].references == ("beta",)
    assert by_name(plans["alpha"])["b"].inputs["tags"] == {"key": "<<aws:kms/key:Key|k|arn>>", "list": "one"}


def test_several_references_at_once_are_not_mixed_up(tmp_path: Path) -> None:
    names = [f"low{number}" for number in range(6)]
    source = f"""
        below = {{name: pulumi.StackReference(f"organization/{{name}}/dev") for name in {names}}}
        pulumi.export("found", {{name: reference.require_output("of_" + name) for name, reference in below.items()}})
        """
    plans = plan_all(tmp_path, {"top": source, **{name: f'pulumi.export("of_{name}", "{name}")' for name in names}})
    assert plans["top"].errors == ()
    assert plans["top"].exports == {"found": {name: name for name in names}}


def test_secret_exports_stay_secret(tmp_path: Path) -> None:
    plans = plan_all(
        tmp_path,
        {
            "top": 'aws.ssm.Parameter("p", type="String", value=pulumi.StackReference("organization/low/dev").require_output("word"))',
            "low": 'pulumi.export("word", pulumi.Output.secret("hunter2"))',
        },
    )
    assert by_name(plans["top"])["p"].secret == {"value"}


@pytest.mark.parametrize("method", ["get_output", "require_output"])
def test_reference_to_an_export_that_does_not_exist(tmp_path: Path, method: str) -> None:
    plans = plan_all(
        tmp_path,
        {
            "top": f'low = pulumi.StackReference("organization/low/dev")\naws.s3.Bucket("b", tags={{"a": low.{method}("vpc_idd")}})',
            "low": 'pulumi.export("vpc_id", "vpc-1")',
        },
    )
    [error] = plans["top"].errors
    assert error.problem == "stack organization/low/dev exports no 'vpc_idd'"
    assert (error.file, error.line, error.allowed) == ("top/__main__.py", 4, "vpc_id")
    assert plans["low"].errors == ()


def test_reference_to_a_stack_that_does_not_exist(plan: PlanProgram) -> None:
    [error] = plan('pulumi.StackReference("organization/nowhere/dev")').errors
    assert error.problem == "there is no stack organization/nowhere/dev to refer to"
    assert error.remedy == "stacks planned here: organization/app/dev"


def test_a_circle_of_references(tmp_path: Path) -> None:
    source = 'pulumi.export("x", pulumi.StackReference("organization/{other}/dev").get_output("x"))'
    plans = plan_all(tmp_path, {"one": source.format(other="two"), "two": source.format(other="one")})
    problems = {error.problem for plan in plans.values() for error in plan.errors}
    assert "stacks refer to each other in a circle: one → two → one" in problems


def test_a_failed_stack_does_not_fail_those_that_read_it(tmp_path: Path) -> None:
    plans = plan_all(
        tmp_path,
        {
            "top": 'aws.ssm.Parameter("p", type="String", value=pulumi.StackReference("organization/low/dev").get_output("x"))',
            "low": "raise RuntimeError('no')",
        },
    )
    assert plans["low"].status == "failed"
    assert plans["top"].status == "planned"
    assert by_name(plans["top"])["p"].computed == {"value"}
