"""Amounts: read strictly, written as people read them."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from mlctl.errors import InputError

CURRENCY = "USD"
_CENT = Decimal("0.01")
_MOST = Decimal("1e12")


def amount(value: object, *, key: str, file: str | None = None, line: int | None = None, negative: bool = False) -> Decimal:
    """A finite amount from text or a JSON number.

    Raises
    ------
    InputError
        It is no number, not finite, absurdly large, or negative where `negative` does not allow it.
    """
    if type(value) is Decimal and value.is_finite() and 0 <= value <= _MOST:
        return value  # millions of them come this way
    if type(value) is int and 0 <= value <= _MOST:
        return Decimal(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise InputError(f"{value!r} is no amount", file=file, line=line, key=key, allowed="a number")
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        raise InputError(f"{str(value)[:40]!r} is no amount", file=file, line=line, key=key, allowed="a number such as 12.5") from None
    if not number.is_finite() or abs(number) > _MOST:
        raise InputError(f"the amount {value} is not finite or absurdly large", file=file, line=line, key=key, allowed="a finite number")
    if number < 0 and not negative:
        raise InputError(
            f"the amount {value} is negative",
            file=file,
            line=line,
            key=key,
            allowed="negative amounts only for credits, refunds and corrections",
            remedy="mark the row ChargeCategory Credit or Adjustment, or ChargeClass Correction, or mend the export",
        )
    return number


def cents(number: Decimal) -> Decimal:
    return number.quantize(_CENT, rounding=ROUND_HALF_UP)


def usd(number: Decimal | None) -> str:
    """`$1,234.50`; `–` where it is not known."""
    if number is None:
        return "–"
    rounded = cents(number)
    return f"-${-rounded:,}" if rounded < 0 else f"${abs(rounded):,}"


def signed(number: Decimal | None) -> str:
    """`+$12.00`."""
    return "–" if number is None else ("+" if cents(number) > 0 else "") + usd(number)


def percent(share: Decimal | None) -> str:
    """0.123 → `12 %`."""
    return "–" if share is None else f"{int((share * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))} %"
