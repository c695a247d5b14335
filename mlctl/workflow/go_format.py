"""Writes a whole number as Go's `fmt.Sprintf` does: `item-%03d`, `%02X`, `%b`."""

from __future__ import annotations

import re

_VERB = re.compile(r"%(?P<flags>[-+ 0]*)(?P<width>\d*)(?P<verb>[dvxXobc%])")
_BASES = {"d": "d", "v": "d", "x": "x", "X": "X", "o": "o", "b": "b"}


def format_number(form: str, number: int) -> str:
    """`form` with its one verb replaced by `number`.

    Raises
    ------
    ValueError
        It holds another verb, or not exactly one.
    """
    rest = _VERB.sub("", form)
    verbs = [found for found in _VERB.finditer(form) if found["verb"] != "%"]
    if "%" in rest or len(verbs) != 1:
        raise ValueError(f"the format `{form}` needs one of %d %x %X %o %b %c, such as %03d")
    return _VERB.sub(lambda found: "%" if found["verb"] == "%" else _one(found, number), form)


def _one(found: re.Match[str], number: int) -> str:
    flags, width = found["flags"], int(found["width"] or 0)
    if found["verb"] == "c":
        text, sign = chr(number) if 0 <= number <= 0x10FFFF else "\ufffd", ""
    else:
        text = format(abs(number), _BASES[found["verb"]])
        sign = "-" if number < 0 else ("+" if "+" in flags else (" " if " " in flags else ""))
    if "-" in flags:
        return (sign + text).ljust(width)
    if "0" in flags:
        return sign + text.rjust(width - len(sign), "0")
    return (sign + text).rjust(width)
