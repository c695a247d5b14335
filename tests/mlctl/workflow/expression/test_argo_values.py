"""Expressions, with the values Argo gives them.

`argo_values.json` was written by a Go program that hands each text to Argo 3.7.4's own environment (`util/expr/env`, with expr-lang 1.17.5,
sprig 3.3.0 and its JSONPath), and notes the result as JSON, or the error.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.expression.evaluate import evaluate
from mlctl.workflow.expression.go_text import to_json
from mlctl.workflow.expression.namespace import Roots

ROWS: list[tuple[str, str, Any]] = [tuple(row) for row in json.loads(Path(__file__).with_name("argo_values.json").read_text("utf-8"))]
VARIABLES = {
    "inputs.parameters": '[{"name":"my-n","value":"5"}]',
    "inputs.parameters.my-n": "5",
    "inputs.parameters.list": "[1,2,3]",
    "inputs.parameters.json": '{"a":{"b":[1,2,{"c":"d"}]},"x":null,"f":1.5,"t":true,'
    '"arr":[{"n":1,"s":"a"},{"n":2,"s":"b"},{"n":3,"s":"c"}]}',
    "inputs.parameters.text": "Hello, World",
    "inputs.parameters.empty": "",
    "inputs.parameters.float": "2.5",
    "steps.a.outputs.result": '{"x":[1,2,{"y":"z"}]}',
    "workflow.status": "Failed",
    "workflow.name": "wf-1",
    "retries": "2",
    "lastRetry.exitCode": "3",
    "item": "7",
    "item.name": "n1",
}

GIVEN_ANYWAY = {
    # Go's types are not known here: what these hold, the two sides are compared or kept by value.
    '{"a": 1} == {"a": 1.0}', "1 in ['1']", "{(1 + 1): 'a'}",
    # Argo cannot write these mappings as JSON, though an expression may go on with them.
    "groupBy([1, 2, 3], # % 2)", "groupBy(['a', 'bb', 'c'], len(#))", "groupBy([{k: 'x', v: 1}, {k: 'y', v: 2}], .k)",
    "fromPairs([['a', 1]])",
    # sprig crashes on nil here.
    "sprig.coalesce('', nil, 'x', 'y')", "sprig.quote(nil)", "sprig.cat('a', nil, 'b')",
    "nil?.a",
    # In a loop over mappings `item` is its JSON here.
    "item", "asInt(item) + 1",
}  # fmt: skip
"""Texts for which Argo has an error, or another value, and we a value."""
REFUSED = {"1; 2", "sprig.semver('1.2.3').Major()"}
"""Texts that have a value in Argo and are refused here."""


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """As where the values were made: sprig writes times in the machine's zone."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


def found(text: str) -> tuple[str, Any]:
    try:
        return "value", json.loads(to_json(evaluate(text, Roots(VARIABLES))))
    except ExpressionError:
        return "error", None


@pytest.mark.parametrize(("text", "kind", "value"), ROWS, ids=[row[0] for row in ROWS])
def test_a_text_has_argos_value(text: str, kind: str, value: Any) -> None:
    ours = found(text)
    if text in GIVEN_ANYWAY:
        assert ours[0] == "value"
        assert ours != (kind, value)
    elif text in REFUSED:
        assert (ours[0], kind) == ("error", "value")
    else:
        assert ours == (kind, value if kind == "value" else None)
        assert type(ours[1]) is type(value) or kind == "error"


def test_there_are_some_hundred() -> None:
    assert len(ROWS) > 700
    assert {row[0] for row in ROWS} >= GIVEN_ANYWAY | REFUSED
