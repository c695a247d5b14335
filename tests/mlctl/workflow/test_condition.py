"""`when`, against govaluate's manual."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlctl.workflow.condition import holds
from mlctl.workflow.expression.error import ExpressionError


@pytest.mark.parametrize(
    ("when", "value"),
    [
        ("heads == heads", True),
        ("heads != tails", True),
        ("1.0 == 1", True),
        ("1 == '1'", False),
        ("2 > 10", False),
        ("'2' > '10'", True),
        ("(a == b) || (1 < 2 && !(x == y))", True),
        ("3 in (1, 2, 3)", True),
        ("'my-job' =~ '^my'", True),
        ("'my-job' !~ '^my'", False),
        ("2 * 3 + 1 == 7", True),
        ("-1 < 0", True),
        ("true ? 1 == 1 : false", True),
        ("false == false", True),
    ],
)
def test_conditions(when: str, value: bool) -> None:
    assert holds(when) is value


@pytest.mark.parametrize("when", ["hello", "1 +", "(1 == 1", "== 3", "a-b == a-b", "1 < x", "!3", "a b == c", "1 ¬ 2"])
def test_what_is_no_condition_is_an_error(when: str) -> None:
    with pytest.raises(ExpressionError):
        holds(when)


ROWS = json.loads(Path(__file__).with_name("argo_conditions.json").read_text("utf-8"))


@pytest.mark.parametrize(("when", "value"), ROWS, ids=[row[0] for row in ROWS])
def test_what_argo_makes_of_it(when: str, value: bool | None) -> None:
    """As `shouldExecute` of Argo 3.7.4 with its govaluate decided when it was run over these; null where it has an error."""
    if when == "(1, 2) == (1, 2)":  # Argo compares lists; here they are refused
        value = None
    try:
        found: bool | None = holds(when)
    except ExpressionError:
        found = None
    assert found is value
