"""Exact amounts."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Context, Decimal, Inexact, InvalidOperation

# Digits enough for any sum, and an error instead of a rounded one.
MOST_DIGITS = 20
EXACT = Context(prec=100, traps=[Inexact, InvalidOperation])


def amount(text: str) -> Decimal | None:
    """The amount in a field, None if there is none."""
    try:
        value = EXACT.create_decimal(text)
    except (InvalidOperation, Inexact):
        return None
    return value if value.is_finite() and abs(value.adjusted()) <= MOST_DIGITS else None


def total(amounts: Iterable[Decimal]) -> Decimal:
    """Their exact sum."""
    result = Decimal(0)
    for value in amounts:
        result = EXACT.add(result, value)
    return result


def spelled(value: Decimal) -> str:
    """All digits, never an exponent."""
    return format(value, "f")
