"""Amounts that limits count: added to the last digit, and only such as every store holds. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Clamped, Context, Decimal, Inexact, InvalidOperation, Overflow, Rounded
from typing import Final

COUNTED_DIGITS: Final = 15
COUNTED_PLACES: Final = 12
COUNTED_BELOW: Final = 28
"""A counted amount is below 10 to this power. SQLite holds 15 digits, the column of the table 28 and 12 places."""

# A number of a message has at most 400 digits between 10^1000 and 10^-1400, so no sum of them needs as many as this.
EXACT: Final = Context(prec=4000, traps=[Inexact, InvalidOperation, Overflow, Rounded, Clamped])
"""Never rounds. It raises decimal.DecimalException instead, which numbers of messages and policies cannot cause."""


def exact_sum(amounts: Iterable[Decimal]) -> Decimal:
    """All of them added, without rounding."""
    total = Decimal(0)
    for amount in amounts:
        total = EXACT.add(total, amount)
    return total


def exact_product(amount: Decimal, times: int) -> Decimal:
    """The same amount so many times, without rounding."""
    return EXACT.multiply(amount, Decimal(times))


def fits(used: Decimal, amount: Decimal, maximum: Decimal) -> bool:
    """Whether the amount may be taken as well, counted to the last digit."""
    return EXACT.add(used, amount) <= maximum


def is_counted(amount: Decimal) -> bool:
    """Whether every store gives the amount back as it was put in: up to 15 digits, 12 of them after the point."""
    _, digits, exponent = EXACT.normalize(amount).as_tuple()
    return (
        isinstance(exponent, int)
        and len(digits) <= COUNTED_DIGITS
        and exponent >= -COUNTED_PLACES
        and len(digits) + exponent <= COUNTED_BELOW
    )
