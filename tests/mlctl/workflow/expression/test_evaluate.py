"""Expressions, with values computed by hand from expr-lang's and sprig's documentation."""

from __future__ import annotations

from typing import Any

import pytest

from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.expression.evaluate import evaluate
from mlctl.workflow.expression.functions import as_text
from mlctl.workflow.expression.namespace import Roots

VARIABLES = {
    "inputs.parameters": '[{"name":"my-n","value":"5"}]',
    "inputs.parameters.my-n": "5",
    "steps.a.outputs.result": '{"x":[1,2,{"y":"z"}]}',
    "workflow.status": "Failed",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 ** 3 ** 2", 512.0),
        ("-2 + 3", 1),
        ("7 % 4", 3),
        ("-7 % 4", -3),
        ("6 / 4", 1.5),
        ("0x10 + 1_000", 1016),
        ("'a' + \"b\" + `c`", "abc"),
        ("1 == 1.0 && 'a' != 'b'", True),
        ("not (1 > 2) or false", True),
        ("1 > 2 ? 'yes' : 'no'", "no"),
        ("true ? false ? 1 : 2 : 3", 2),
        ("'b' in ['a', 'b']", True),
        ("'k' in {k: 1}", True),
        ("3 not in 1..2", True),
        ("'hello' startsWith 'he' and 'hello' matches '^h.*o$'", True),
        ("'hello' contains 'ell' and 'hello' endsWith 'lo'", True),
        ("asInt(inputs.parameters['my-n']) * 2", 10),
        ("inputs.parameters", '[{"name":"my-n","value":"5"}]'),
        ("steps.b?.outputs?.result ?? 'none'", "none"),
        ("steps.a.outputs.none ?? 'none'", "none"),
        ("steps['a'].outputs.result != nil", True),
        ("jsonpath(steps.a.outputs.result, '$.x[2].y')", "z"),
        ("jsonpath(steps.a.outputs.result, '$.x[:2]')", [1, 2]),
        ('jsonpath(\'{"a":{"b":1},"c":{"b":2}}\', \'$..b\')', [1, 2]),
        ("filter([1, 2, 3], # > 1)", [2, 3]),
        ("map(1..3, {# * 2})", [2, 4, 6]),
        ("all([1, 2], # > 0) && none([1, 2], # > 2) && one([1, 2], # == 1)", True),
        ("count([1, 2, 3], # % 2 == 1)", 2),
        ("reduce([1, 2, 3], #acc + #, 10)", 16),
        ("find([{a: 1}, {a: 2}], .a == 2)", {"a": 2}),
        ("sortBy([{a: 2}, {a: 1}], .a)", [{"a": 1}, {"a": 2}]),
        ("[3, 1] | sort() | first()", 1),
        ("let x = 2; let y = 3; x * y", 6),
        ("[1, 2, 3][1:]", [2, 3]),
        ("[1, 2, 3][-1]", 3),
        ("{a: {b: 1}}.a.b", 1),
        ("nil?.a", None),
        ("split('a,b', ',')", ["a", "b"]),
        ("join(['a', 'b'], '-')", "a-b"),
        ("len('abc') + len([1])", 4),
        ("sprig.default('d', '')", "d"),
        ("sprig.ternary('y', 'n', true)", "y"),
        ("sprig.trimSuffix('.x', 'a.x')", "a"),
        ("sprig.add(1, '2', 3)", 6),
        ("sprig.int('nonsense')", 0),
        ("sprig.regexReplaceAll('a(b)', 'ab ab', '$1')", "b b"),
        ("sprig.substr(0, 3, 'abcdef')", "abc"),
        ("sprig.b64enc('hi')", "aGk="),
        ("sprig.snakecase('FirstName')", "first_name"),
        ("workflow.status == 'Failed'", True),
    ],
)
def test_values(text: str, value: Any) -> None:
    found = evaluate(text, Roots(VARIABLES))
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1 +", "unexpected the end"),
        ("1 2", "an operator was expected"),
        ("'open", "unexpected `'`"),
        ("asInt('x')", "not a whole number"),
        ("'a' + 1", "does not fit"),
        ("1 ? 2 : 3", "must be true or false"),
        ("nowhere.x", "unknown name `nowhere`"),
        ("nosuch(1)", "the function `nosuch` is not supported"),
        ("1 / 0", "division by zero"),
        ("jsonpath('{}', '$.a')", "nothing at `$.a`"),
        ("jsonpath('{}', '$[?(@.a')", "is not supported"),
        ("true == 1", "`==` cannot compare True and 1"),
        ("steps.b.outputs.result ?? 'none'", "`steps.b` has no `outputs`: nothing is known below it; `?.` allows for that"),
        (r"'\d' == 'd'", "a backslash is written `\\\\`, or the text in backquotes"),
        ("(" * 100, "nested too deeply"),
        ("repeat('x', 99999999)", "longer than a million"),
        ("[1][5]", "out of range"),
    ],
)
def test_errors_say_why(text: str, why: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(text, Roots(VARIABLES))
    assert why in str(caught.value)


@pytest.mark.parametrize(("value", "text"), [("a", "a"), (2.0, "2"), (0.5, "0.5"), (True, "true"), ([1, {"a": "b"}], '[1,{"a":"b"}]')])
def test_values_are_written_as_go_writes_them(value: Any, text: str) -> None:
    assert as_text(value) == text
