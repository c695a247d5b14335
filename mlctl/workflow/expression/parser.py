"""Parses expr-lang, the language of `{{=...}}` and of hook and retry expressions."""

from __future__ import annotations

import functools

from mlctl.workflow.expression.error import ExpressionError
from mlctl.workflow.expression.tokens import Token, tokenize
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

CLOSURE_FUNCTIONS = frozenset(
    [
        "all",
        "none",
        "any",
        "one",
        "filter",
        "map",
        "count",
        "find",
        "findIndex",
        "findLast",
        "findLastIndex",
        "groupBy",
        "sortBy",
        "sum",
        "reduce",
        "partition",
    ]
)

_STRENGTH = {
    "|": 1, "or": 10, "||": 10, "and": 15, "&&": 15,
    "==": 20, "!=": 20, "<": 20, ">": 20, "<=": 20, ">=": 20, "in": 20, "contains": 20, "matches": 20,
    "startsWith": 20, "endsWith": 20, "not": 20, "..": 25, "+": 30, "-": 30, "*": 60, "/": 60, "%": 60,
    "**": 100, "^": 100, "??": 500,
}  # fmt: skip
_SAME = {"||": "or", "&&": "and", "^": "**"}
_MAX_DEPTH = 60


@functools.lru_cache(maxsize=4096)
def parse(text: str) -> Expression:
    """The expression as a tree.

    Raises
    ------
    ExpressionError
        It is not an expression; the message says where.
    """
    parser = _Parser(tokenize(text))
    tree = parser.sequence()
    parser.expect_end()
    return tree


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._index = 0
        self._depth = 0

    @property
    def _token(self) -> Token:
        return self._tokens[self._index]

    def _is(self, text: str) -> bool:
        return self._token.kind in ("operator", "name") and self._token.text == text

    def _take(self, text: str) -> bool:
        if self._is(text):
            self._index += 1
            return True
        return False

    def _expect(self, text: str) -> None:
        if not self._take(text):
            raise self._unexpected(f"`{text}` was expected")

    def _unexpected(self, expected: str) -> ExpressionError:
        found = f"`{self._token.text}`" if self._token.kind != "end" else "the end"
        return ExpressionError(f"unexpected {found} at character {self._token.position + 1}: {expected}")

    def expect_end(self) -> None:
        if self._token.kind != "end":
            raise self._unexpected("an operator was expected")

    def sequence(self) -> Expression:
        """`let a = 1; body`, or one expression."""
        if not self._take("let"):
            return self.expression()
        name = self._name()
        self._expect("=")
        value = self.expression()
        self._expect(";")
        return Let(name, value, self.sequence())

    def expression(self, strength: int = 0) -> Expression:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise ExpressionError("nested too deeply")
        left = self._prefix()
        while (found := self._operator()) is not None and found[1] >= strength:
            left = self._infix(left, *found)
        if strength == 0 and self._take("?"):
            yes = self.expression()
            self._expect(":")
            left = Ternary(left, yes, self.expression())
        self._depth -= 1
        return left

    def _operator(self) -> tuple[str, int] | None:
        if self._token.kind not in ("operator", "name"):
            return None
        text = self._token.text
        return (text, _STRENGTH[text]) if text in _STRENGTH else None

    def _infix(self, left: Expression, operator: str, strength: int) -> Expression:
        self._index += 1
        if operator == "not":
            inner = self._token.text
            if inner not in ("in", "contains", "matches", "startsWith", "endsWith"):
                raise self._unexpected("`in` was expected")
            self._index += 1
            return Unary("!", Binary(inner, left, self.expression(strength + 1)))
        if operator == "|":
            return self._pipe(left)
        right_side_first = operator in ("**", "^")
        right = self.expression(strength if right_side_first else strength + 1)
        return Binary(_SAME.get(operator, operator), left, right)

    def _pipe(self, left: Expression) -> Expression:
        name = self._name()
        while self._take("."):
            name += "." + self._name()
        self._expect("(")
        return self._postfix(Call(name, (left, *self._arguments(name, first=1))))

    def _prefix(self) -> Expression:
        if self._take("!") or self._take("not"):
            return Unary("!", self.expression(50))
        for sign in ("-", "+"):
            if self._take(sign):
                return Unary(sign, self.expression(90))
        return self._postfix(self._primary())

    def _primary(self) -> Expression:
        token = self._token
        if token.kind == "number":
            self._index += 1
            return Literal(_number(token.text))
        if token.kind == "string":
            self._index += 1
            return Literal(token.text)
        if token.kind == "pointer":
            self._index += 1
            return Name(token.text)
        if token.kind == "name":
            return self._named()
        if self._take("("):
            inner = self.sequence()
            self._expect(")")
            return inner
        if self._take("["):
            return ListOf(tuple(self._items("]")))
        if self._take("{"):
            return self._map()
        if self._is("."):
            return Name("#")
        raise self._unexpected("a value was expected")

    def _named(self) -> Expression:
        name = self._name()
        if name in ("true", "false", "nil"):
            return Literal({"true": True, "false": False}.get(name))
        if name == "if":
            return self._if()
        if self._take("("):
            return Call(name, tuple(self._arguments(name)))
        return Name(name)

    def _if(self) -> Expression:
        """`if condition { a } else { b }`."""
        condition = self.expression()
        self._expect("{")
        yes = self.sequence()
        self._expect("}")
        self._expect("else")
        self._expect("{")
        no = self.sequence()
        self._expect("}")
        return Ternary(condition, yes, no)

    def _name(self) -> str:
        if self._token.kind != "name":
            raise self._unexpected("a name was expected")
        self._index += 1
        return self._tokens[self._index - 1].text

    def _arguments(self, function: str, first: int = 0) -> list[Expression]:
        arguments: list[Expression] = []
        while not self._take(")"):
            closure = function in CLOSURE_FUNCTIONS and len(arguments) + first == 1
            arguments.append(self._closure() if closure else self.expression())
            if not self._is(")"):
                self._expect(",")
        return arguments

    def _closure(self) -> Expression:
        if self._take("{"):
            body = self.sequence()
            self._expect("}")
            return Closure(body)
        return Closure(self.sequence())

    def _items(self, close: str) -> list[Expression]:
        items: list[Expression] = []
        while not self._take(close):
            items.append(self.expression())
            if not self._is(close):
                self._expect(",")
        return items

    def _map(self) -> Expression:
        pairs: list[tuple[Expression, Expression]] = []
        while not self._take("}"):
            if self._take("("):
                key: Expression = self.expression()
                self._expect(")")
            elif self._token.kind in ("string", "number", "name"):
                key = Literal(self._token.text)
                self._index += 1
            else:
                raise self._unexpected("a key was expected")
            self._expect(":")
            pairs.append((key, self.expression()))
            if not self._is("}"):
                self._expect(",")
        return MapOf(tuple(pairs))

    def _postfix(self, target: Expression) -> Expression:
        while True:
            if self._take(".") or self._is("?."):
                optional = self._take("?.")
                target = self._dot(target, optional)
            elif self._take("?.["):
                target = self._index_of(target, optional=True)
            elif self._take("["):
                target = self._index_of(target, optional=False)
            else:
                return target

    def _dot(self, target: Expression, optional: bool) -> Expression:
        name = self._name()
        if self._is("(") and isinstance(target, Name):
            self._index += 1
            full = f"{target.name}.{name}"
            return Call(full, tuple(self._arguments(full)))
        if self._take("("):
            return Method(target, name, tuple(self._arguments(name)))
        return Member(target, Literal(name), optional)

    def _index_of(self, target: Expression, *, optional: bool) -> Expression:
        low = None if self._is(":") else self.expression()
        if self._take(":"):
            high = None if self._is("]") else self.expression()
            self._expect("]")
            return Slice(target, low, high)
        self._expect("]")
        assert low is not None
        return Member(target, low, optional)


def _number(text: str) -> int | float:
    plain = text.replace("_", "")
    try:
        return int(plain, 0) if plain[:1] == "0" and len(plain) > 1 and plain[1] in "xXbBoO" else int(plain)
    except ValueError:
        return float(plain)
