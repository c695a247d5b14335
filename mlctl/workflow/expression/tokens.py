"""Splits an expression into tokens."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mlctl.workflow.expression.error import ExpressionError

_PATTERN = re.compile(
    r"""
    (?P<space>\s+|/\*.*?\*/|//[^\n]*)
  | (?P<number>0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|(?:\d[\d_]*(?:\.(?!\.)\d*)?|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<string>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`[^`]*`)
  | (?P<name>[A-Za-z_$][A-Za-z0-9_$]*)
  | (?P<pointer>\#[A-Za-z_]*)
  | (?P<operator>\?\.\[|\?\.|\?\?|\*\*|\.\.|&&|\|\||==|!=|<=|>=|[-+*/%^<>=!?:|.,;(){}\[\]])
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\"}


@dataclass(frozen=True)
class Token:
    """One token: `kind` is number, string, name, pointer, operator or end."""

    kind: str
    text: str
    position: int


def tokenize(text: str) -> list[Token]:
    """All tokens, the last of kind `end`."""
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _PATTERN.match(text, position)
        if match is None:
            raise ExpressionError(f"unexpected `{text[position]}` at character {position + 1}")
        kind = str(match.lastgroup)
        if kind == "string":
            tokens.append(Token("string", _unquote(match.group()), position))
        elif kind != "space":
            tokens.append(Token(kind, match.group(), position))
        position = match.end()
    tokens.append(Token("end", "", position))
    return tokens


def _unquote(quoted: str) -> str:
    body = quoted[1:-1]
    if quoted[0] == "`" or "\\" not in body:
        return body

    def replace(match: re.Match[str]) -> str:
        code = match.group(1)
        if len(code) > 1:
            return chr(int(code, 8) if code.isdigit() else int(code[1:], 16))
        if code != quoted[0] and code not in _ESCAPES:
            raise ExpressionError(f"`\\{code}` in {quoted} means nothing; a backslash is written `\\\\`, or the text in backquotes")
        return _ESCAPES.get(code, code)

    return re.sub(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}|.)", replace, body, flags=re.DOTALL)
