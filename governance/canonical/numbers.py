"""Amounts: a JSON number as an exact decimal. Pure: no Django, no I/O."""

from __future__ import annotations

from decimal import Decimal

from governance.canonical.values import JSON, NotCanonical, Number


def decimal_of(value: JSON) -> Decimal:
    """The exact value of a JSON number. Raises NotCanonical for every other JSON type: nothing is coerced."""
    if type(value) is int:
        return Decimal(value)
    if isinstance(value, Number):
        return value.value
    raise NotCanonical(f"{_type_name(value)} where a number is needed")


def _type_name(value: JSON) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "a string"
    return "an object" if isinstance(value, dict) else "an array"
