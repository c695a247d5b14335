"""Evaluates a parsed expression."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.expression.functions import FUNCTIONS
from mlctl.workflow.expression.loops import LOOPS
from mlctl.workflow.expression.namespace import Namespace, ScopedText
from mlctl.workflow.expression.parser import parse
from mlctl.workflow.expression.sprig import SPRIG
from mlctl.workflow.expression.times import METHODS, Duration, Time
from mlctl.workflow.expression.tree import (
    Binary,
    Call,
    Closure,
    Expression,
    Let,
    ListOf,
    Literal,
    MapOf,
    Member,
    Method,
    Name,
    Slice,
    Ternary,
    Unary,
)

KNOWN_FUNCTIONS: dict[str, Callable[..., Any]] = {**FUNCTIONS, **{f"sprig.{name}": f for name, f in SPRIG.items()}}

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": operator.lt, ">": operator.gt, "<=": operator.le, ">=": operator.ge,
}  # fmt: skip
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "-": operator.sub, "*": operator.mul, "/": operator.truediv, "%": lambda a, b: int(abs(a) % abs(b)) * (-1 if a < 0 else 1),
    "**": lambda a, b: float(a) ** b, "..": lambda a, b: list(range(a, b + 1)),
}  # fmt: skip
_TEXT: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda a, b: b in a,
    "startsWith": str.startswith,
    "endsWith": str.endswith,
    "matches": lambda a, b: re.search(b, a) is not None,
}


def evaluate(text: str, variables: Mapping[str, Any]) -> Any:
    """The value of the expression `text`.

    Raises
    ------
    ExpressionError
        It cannot be parsed, or an operation does not fit its values.
    """
    tree = parse(text.strip())
    try:
        return unwrap(_value(tree, variables))
    except ExpressionError:
        raise
    except (ArithmeticError, TypeError, ValueError, LookupError, AttributeError, re.error) as error:
        raise ExpressionError(str(error) or type(error).__name__) from None


def unwrap(value: Any) -> Any:
    """A plain value: what is left of a name nothing is known of is nil."""
    if isinstance(value, Namespace):
        return value.as_dict() or None
    return str(value) if isinstance(value, ScopedText) else value


def _value(node: Expression, names: Mapping[str, Any]) -> Any:
    match node:
        case Literal(value):
            return value
        case Name(name):
            if name not in names:
                raise ExpressionError(f"unknown name `{name}`")
            return names[name]
        case Member():
            return _member(node, names)
        case Slice():
            return _slice(node, names)
        case Call():
            return _call(node, names)
        case Method(target, name, arguments):
            return _method(unwrap(_value(target, names)), name, [unwrap(_value(argument, names)) for argument in arguments])
        case Unary(sign, operand):
            return _unary(sign, unwrap(_value(operand, names)))
        case Binary():
            return _binary(node, names)
        case Ternary(condition, yes, no):
            return _value(yes if _truth(_value(condition, names)) else no, names)
        case ListOf(items):
            return [unwrap(_value(item, names)) for item in items]
        case MapOf(pairs):
            return {str(_value(key, names)): unwrap(_value(item, names)) for key, item in pairs}
        case Let(name, value, body):
            return _value(body, {**names, name: _value(value, names)})
        case Closure():
            raise ExpressionError("a closure stands only inside filter, map and the like")


def _truth(value: Any) -> bool:
    value = unwrap(value)
    if not isinstance(value, bool):
        raise ExpressionError(f"a condition must be true or false, not {value!r}")
    return value


def _member(node: Member, names: Mapping[str, Any]) -> Any:
    target, key = _value(node.target, names), unwrap(_value(node.key, names))
    if isinstance(target, Namespace | ScopedText) and isinstance(key, str):
        if not (node.optional or target.known()):
            raise ExpressionError(f"`{target.name}` has no `{key}`: nothing is known below it; `?.` allows for that")
        return target.member(key)
    target = unwrap(target)
    if isinstance(target, dict):
        return target.get(key)
    if isinstance(target, list) and isinstance(key, int | float):
        try:
            return target[int(key)]
        except IndexError:
            raise ExpressionError(f"index {key} is out of range (length {len(target)})") from None
    if target is None and node.optional:
        return None
    raise ExpressionError(f"cannot take `{key}` of {target!r}")


def _slice(node: Slice, names: Mapping[str, Any]) -> Any:
    low = unwrap(_value(node.low, names)) if node.low else None
    high = unwrap(_value(node.high, names)) if node.high else None
    target = unwrap(_value(node.target, names))
    return target.encode()[low:high].decode("utf-8", "replace") if isinstance(target, str) else target[low:high]


def _call(node: Call, names: Mapping[str, Any]) -> Any:
    if node.function in LOOPS and len(node.arguments) > 1 and isinstance(node.arguments[1], Closure):
        items = unwrap(_value(node.arguments[0], names))
        if not isinstance(items, list):
            raise ExpressionError(f"{node.function}() takes a list, not {items!r}")
        closure = node.arguments[1].body
        rest = [unwrap(_value(argument, names)) for argument in node.arguments[2:]]
        return LOOPS[node.function](items, lambda item: unwrap(_value(closure, _Element(names, item))), *rest)
    arguments = [unwrap(_value(argument, names)) for argument in node.arguments]
    first, dot, method = node.function.partition(".")
    if dot and first in names and first != "sprig":
        return _method(unwrap(names[first]), method, arguments)
    function = KNOWN_FUNCTIONS.get(node.function)
    if function is None:
        raise ExpressionError(f"the function `{node.function}` is not supported")
    return function(*arguments)


def _method(target: Any, name: str, arguments: list[Any]) -> Any:
    found = METHODS.get(type(target), {}).get(name)
    if found is None:
        raise ExpressionError(f"`{name}()` cannot be called on {target!r}")
    return found(target, *arguments)


class _Element(dict[str, Any]):
    """The names inside a closure: those outside, `#`, and what `reduce` adds."""

    def __init__(self, names: Mapping[str, Any], item: Any) -> None:
        super().__init__(names)
        self.update(item if isinstance(item, dict) and "#" in item else {"#": item})


def _unary(sign: str, value: Any) -> Any:
    if sign == "!":
        return not _truth(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ExpressionError(f"`{sign}` needs a number, not {value!r}")
    return -value if sign == "-" else value


def _binary(node: Binary, names: Mapping[str, Any]) -> Any:
    left = unwrap(_value(node.left, names))
    if node.operator == "or":
        return _truth(left) or _truth(_value(node.right, names))
    if node.operator == "and":
        return _truth(left) and _truth(_value(node.right, names))
    if node.operator == "??":
        return left if left is not None else _value(node.right, names)
    right = unwrap(_value(node.right, names))
    if node.operator in ("==", "!="):
        _check_comparable(node, left, right)
    return combine(node.operator, left, right)


def _check_comparable(node: Binary, left: Any, right: Any) -> None:
    """What is written down, and a variable such as `retries`, has a type; comparing it with another is an error, as in expr-lang."""
    if isinstance(node.left, Literal | Name) and isinstance(node.right, Literal | Name):
        kinds = {"number" if _is_number(value) else type(value).__name__ for value in (left, right)} - {"NoneType"}
        if len(kinds) > 1 and not any(isinstance(side, Name) and side.name.startswith("#") for side in (node.left, node.right)):
            raise ExpressionError(f"`{node.operator}` cannot compare {left!r} and {right!r}: {' and '.join(sorted(kinds))}")


def combine(sign: str, left: Any, right: Any) -> Any:
    """The value of `left sign right` for two plain values."""
    if sign == "==":
        return _equal(left, right)
    if sign == "!=":
        return not _equal(left, right)
    if sign == "in" and isinstance(right, list | dict):
        return left in right
    if sign in _TEXT and isinstance(left, str) and isinstance(right, str):
        return _TEXT[sign](left, right)
    numbers = _is_number(left) and _is_number(right)
    texts = isinstance(left, str) and isinstance(right, str)
    if sign == "+" and (numbers or texts):
        return left + right
    if sign in _COMPARE and (numbers or texts):
        return _COMPARE[sign](left, right)
    if type(left) is type(right) and isinstance(left, Time | Duration) and sign in _COMPARE:
        return _COMPARE[sign](left, right)
    if sign in _ARITHMETIC and numbers:
        return _ARITHMETIC[sign](left, right)
    raise ExpressionError(f"`{sign}` does not fit {left!r} and {right!r}")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, bool) != isinstance(right, bool):
        return False
    return bool(left == right)
