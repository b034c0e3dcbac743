"""JSON as this project holds it: number literals are kept as written. Pure: no Django, no I/O."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NoReturn, TypeAlias


class NotCanonical(ValueError):
    """A value that has no single meaning, so that no constraint can be judged on it. `reason` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason: Final = reason


class Number:
    """A JSON number that a Python int would not write back unchanged: `1.10`, `1e3`, `-0`, or very long.

    Two numbers are equal when their values are; `literal` is what is sent and digested. Immutable. It is no
    dataclass, because msgspec would write a dataclass as an object instead of asking for its literal.
    """

    __slots__ = ("literal", "value")
    __match_args__ = ("literal", "value")
    literal: str
    value: Decimal

    def __init__(self, literal: str, value: Decimal) -> None:
        _set_literal(self, literal)
        _set_value(self, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"Number is immutable, {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"Number is immutable, {name} cannot be deleted")

    def __reduce__(self) -> tuple[type[Number], tuple[str, Decimal]]:
        return Number, (self.literal, self.value)

    def __repr__(self) -> str:
        return f"Number({self.literal!r})"

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Number):
            return self.value == other.value
        if isinstance(other, int) and not isinstance(other, bool):
            return self.value == other
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.value)


# The slots themselves write past the refusing `__setattr__`, at half the price of `object.__setattr__`.
_set_literal: Final = Number.__dict__["literal"].__set__
_set_value: Final = Number.__dict__["value"].__set__

JSON: TypeAlias = "dict[str, JSON] | list[JSON] | str | int | Number | bool | None"
