"""Amounts as people read them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")


def cents(amount: Decimal) -> Decimal:
    """Rounded to cents, half up as on a bill."""
    return amount.quantize(_CENT, rounding=ROUND_HALF_UP)


def usd(amount: Decimal, *, sign: bool = False) -> str:
    """`$1,234.50`; with `sign`, `+$1,234.50`. Less than half a cent but not nothing is `<$0.01`."""
    rounded = cents(abs(amount))
    prefix = "-" if amount < 0 and rounded else "+" if sign and rounded else ""
    if amount and not rounded:
        return "<$0.01"
    return f"{prefix}${rounded:,}"


def plain(number: Decimal) -> str:
    """A number without trailing zeros or an exponent."""
    return f"{number.normalize():f}" if number else "0"
