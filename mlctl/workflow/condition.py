"""Evaluates `when`: a condition whose variables are already filled in, bare words standing for themselves.

The language is govaluate's: numbers, strings in either quotes, bare words, `== != < <= > >= =~ !~ in`, `&& || !`,
arithmetic, bits, `? :` and brackets. A bare word has letters and digits only; a string ends at the next quote of either kind. The result
must be true or false.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from operator import and_, lshift, or_, rshift, xor
from typing import Any

from mlctl.workflow.expression.error import ExpressionError

_TOKEN = re.compile(
    r"""\s*(?: (?P<number>0x[0-9a-fA-F]+|[\d.]*\d[\d.]*) | (?P<string>['"](?:\\.|[^'"\\])*['"]) | (?P<name>\[[^\]]*\])
      | (?P<operator>==|!=|<=|>=|<<|>>|=~|!~|&&|\|\||\?\?|\*\*|[-+*/%<>!?:(),&|^~]) | (?P<word>(?:[^\W\d_]|\\.)(?:\w|\\.)*(?!\.)) )""",
    re.VERBOSE,
)
_LEVELS: list[tuple[str, ...]] = [
    ("||",), ("&&",), ("==", "!=", "<", "<=", ">", ">=", "=~", "!~", "in"), ("&", "|", "^"), ("<<", ">>"), ("+", "-"),
    ("*", "/", "%"), ("**",),
]  # fmt: skip

_Value = Any
_Token = tuple[str, str]


def holds(when: str) -> bool:
    """Whether the filled-in condition is true.

    Raises
    ------
    ExpressionError
        It cannot be read, or is neither true nor false.
    """
    reader = _Reader(_tokens(when))
    value = reader.ternary()
    reader.expect_end()
    if not isinstance(value, bool):
        raise ExpressionError(f"`{when}` is {value!r}, neither true nor false; put words with signs in them in quotes")
    return value


def _tokens(when: str) -> list[_Token]:
    tokens: list[_Token] = []
    position, text = 0, when.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise ExpressionError(
                f"`{when}` is not a condition: unexpected `{text[position:].strip()[:1]}`; put text with signs in it in quotes"
            )
        kind = str(match.lastgroup)
        value = match.group(kind)
        if kind in ("string", "name"):
            kind, value = "string", re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL)
        elif kind == "word":
            value = re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
        tokens.append((kind, value))
        position = match.end()
    return tokens


class _Reader:
    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._index = 0

    def _peek(self) -> _Token:
        return self._tokens[self._index] if self._index < len(self._tokens) else ("end", "the end")

    def _take(self, *operators: str) -> str | None:
        kind, text = self._peek()
        if text in operators and (kind == "operator" or (kind == "word" and text == "in")):
            self._index += 1
            return text
        return None

    def expect_end(self) -> None:
        if self._index < len(self._tokens):
            raise ExpressionError(f"unexpected `{self._peek()[1]}`; put text with spaces or signs in quotes")

    def ternary(self) -> _Value:
        value = self._level(0)
        if not self._take("?"):
            return value
        yes = self.ternary()
        if not self._take(":"):
            raise ExpressionError(f"`:` was expected, not `{self._peek()[1]}`")
        no = self.ternary()
        return yes if value is True else no

    def _level(self, level: int) -> _Value:
        if level == len(_LEVELS):
            return self._unary()
        value = self._level(level + 1)
        while sign := self._take(*_LEVELS[level]):
            other = self._list() if sign == "in" else self._level(level + 1)
            value = _combine(sign, value, other)
        return value

    def _unary(self) -> _Value:
        if self._take("!"):
            value = self._unary()
            if not isinstance(value, bool):
                raise ExpressionError(f"`!` needs true or false, not {value!r}")
            return not value
        if sign := self._take("-", "~"):
            value = self._primary()
            if not isinstance(value, float):
                raise ExpressionError(f"`{sign}` needs a number, not {value!r}")
            return -value if sign == "-" else float(~int(value))
        return self._primary()

    def _primary(self) -> _Value:
        kind, text = self._peek()
        self._index += 1
        if kind == "number":
            return _number(text)
        if kind == "string":
            return text
        if kind == "word":
            return {"true": True, "false": False}.get(text, text)
        if text == "(":
            value = self.ternary()
            if not self._take(")"):
                raise ExpressionError(f"`)` was expected, not `{self._peek()[1]}`")
            return value
        raise ExpressionError(f"a value was expected, not `{text}`; an empty value needs quotes around it")

    def _list(self) -> list[_Value]:
        if not self._take("("):
            raise ExpressionError("`in` is followed by a list in brackets")
        items: list[_Value] = []
        while not self._take(")"):
            items.append(self.ternary())
            if self._peek()[1] != ")" and not self._take(","):
                raise ExpressionError(f"`,` or `)` was expected, not `{self._peek()[1]}`")
        if len(items) < 2:
            raise ExpressionError("the list after `in` needs at least two values; compare with `==` where there is one")
        return items


def _number(text: str) -> float:
    try:
        return float(int(text, 16)) if text.startswith("0x") else float(text)
    except ValueError:
        raise ExpressionError(f"`{text}` is not a number; put text in quotes") from None


def _combine(sign: str, left: _Value, right: _Value) -> _Value:
    if sign in ("==", "!="):
        return (type(left) is type(right) and left == right) == (sign == "==")
    if sign == "in":
        return any(type(left) is type(item) and left == item for item in right)
    if sign in ("&&", "||"):
        if not (isinstance(left, bool) and isinstance(right, bool)):
            raise ExpressionError(f"`{sign}` needs true or false on both sides, not {left!r} and {right!r}")
        return (left and right) if sign == "&&" else (left or right)
    if sign in ("=~", "!~"):
        return _matches(left, right) == (sign == "=~")
    numbers = isinstance(left, float) and isinstance(right, float)
    texts = isinstance(left, str) and isinstance(right, str)
    if sign in ("<", "<=", ">", ">=") and (numbers or texts):
        return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[sign]
    if sign == "+" and (texts or isinstance(left, str) or isinstance(right, str)):
        return f"{_plain(left)}{_plain(right)}"
    if not numbers:
        raise ExpressionError(f"`{sign}` does not fit {left!r} and {right!r}")
    return _arithmetic(sign, left, right)


def _matches(left: _Value, right: _Value) -> bool:
    if not (isinstance(left, str) and isinstance(right, str)):
        raise ExpressionError(f"a pattern needs text on both sides, not {left!r} and {right!r}; put numbers in quotes")
    try:
        return re.search(right, left) is not None
    except re.error as error:
        raise ExpressionError(f"`{right}` is not a pattern: {error}") from None


_BITS: dict[str, Callable[[int, int], int]] = {"&": and_, "|": or_, "^": xor, "<<": lshift, ">>": rshift}


def _arithmetic(sign: str, left: float, right: float) -> float:
    if sign in _BITS:
        return float(_BITS[sign](int(left), int(right) % 64 if len(sign) == 2 else int(right)))
    if sign in "/%" and right == 0:
        return math.nan if sign == "%" or left == 0 else math.copysign(math.inf, left)
    if sign == "+":
        return left + right
    if sign == "-":
        return left - right
    if sign == "*":
        return left * right
    return left / right if sign == "/" else (math.fmod(left, right) if sign == "%" else left**right)


def _plain(value: _Value) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
