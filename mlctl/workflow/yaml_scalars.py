"""What a word without quotes means in a manifest, as the Go library reads it through which Argo and Kubernetes read YAML.

It differs from PyYAML: `y` and `n` are true and false, `1e3` is a number, `12:30` and dates are text, `0o17` is octal.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal

_PREFIX = "tag:yaml.org,2002:"
_BOOL = "y|Y|yes|Yes|YES|true|True|TRUE|on|On|ON|n|N|no|No|NO|false|False|FALSE|off|Off|OFF"
_INT = r"[-+]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO]?[0-7_]+|[1-9][0-9_]*|0)"
_FLOAT = r"[-+]?(?:\.[0-9]+|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
_RULES = (
    ("bool", _BOOL, "yYnNtTfFoO"),
    ("int", _INT, "-+0123456789"),
    ("float", _FLOAT, "-+.0123456789"),
    ("null", "~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", "<<", "<"),
)
_LARGEST = 2**64 - 1
_OCTAL = re.compile(r"0[0-7]+")

Resolvers = dict[str, list[tuple[str, "re.Pattern[str]"]]]


def resolvers() -> Resolvers:
    """By first character, the tags a plain word may have, for PyYAML's `yaml_implicit_resolvers`."""
    found: Resolvers = {}
    for name, pattern, firsts in _RULES:
        for first in firsts:
            found.setdefault(first, []).append((_PREFIX + name, re.compile(f"(?:{pattern})$")))
    return found


def as_bool(text: str) -> bool:
    """The value of a word that is true or false."""
    return text.lower() in ("y", "yes", "true", "on")


def as_int(text: str) -> int | float:
    """The value of a whole number; one that 64 bits do not hold is a float."""
    plain = text.replace("_", "")
    sign, digits = (-1, plain[1:]) if plain[0] == "-" else (1, plain.lstrip("+"))
    value = sign * int(digits, 8 if _OCTAL.fullmatch(digits) else 0)
    return value if -(2**63) <= value <= _LARGEST else float(value)


def as_float(text: str) -> float:
    """The value of a number.

    Raises
    ------
    ValueError
        It is infinite or no number, which JSON cannot hold.
    """
    value = float(text.replace("_", "")) if text[-1] not in "fFnN" else math.inf
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def as_text(number: float) -> str:
    """A number as the text of a parameter: never with an exponent, and no more exact than 64 bits of floating point."""
    text = format(Decimal(repr(float(number))), "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
