"""How a sentence has to be built for a rule to apply, over concepts instead of words. Pure: no Django, no I/O.

A form is written as groups joined by `&`; all of them have to be in the sentence. A group is one concept or several in
their order: `dont tell ~6 theuser` is a prohibition, then a word of telling, then the user within six words of it (a
gap without a number is DEFAULT_GAP). `a|b` is either, `+a` an `a` that is not forbidden by what stands right before
it, and `!a` says that the whole sentence must not speak of `a`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from registry.scan.lexicon import UnusablePack

DEFAULT_GAP: Final = 3
NEGATION_REACH: Final = 5


@dataclass(frozen=True, slots=True)
class _Step:
    mask: int
    gap: int
    free: bool
    """Whether a prohibition right before it spoils it."""


@dataclass(frozen=True, slots=True)
class Form:
    """One form, compiled. `needs` are masks of which each must be met somewhere, in whatever order."""

    needs: tuple[int, ...]
    absent: int
    groups: tuple[tuple[_Step, ...], ...]

    def holds_unordered(self, bits: int) -> bool:
        """The same where the order of words says nothing."""
        return not bits & self.absent and all(bits & mask for mask in self.needs)


class FormIndex:
    """Forms by a concept that each of them cannot do without, so that a sentence meets only those it could hold."""

    __slots__ = ("_by_bit", "_keys")

    def __init__(self, forms: Iterable[tuple[Form, int]], rarity: Mapping[int, int]) -> None:
        """`forms` with their owners; `rarity` says for a bit how many words speak of it."""
        by_bit: dict[int, list[tuple[Form, int]]] = {}
        for form, owner in forms:
            rarest = min(form.needs, key=lambda mask: (sum(rarity.get(bit, 1) for bit in single_bits(mask)), mask))
            for bit in single_bits(rarest):
                by_bit.setdefault(bit, []).append((form, owner))
        self._by_bit = {bit: tuple(rows) for bit, rows in by_bit.items()}
        self._keys = sum(self._by_bit)

    def owners(self, marks: Sequence[int] | None, bits: int, negation: int = 0) -> tuple[int, ...]:
        """The owners of the forms that a sentence holds, in order; without `marks` the order of words says nothing."""
        found: set[int] = set()
        for bit in single_bits(bits & self._keys):
            for form, owner in self._by_bit[bit]:
                if owner in found or not form.holds_unordered(bits):
                    continue
                if marks is None or all(_in_order(group, marks, negation) for group in form.groups):
                    found.add(owner)
        return tuple(sorted(found))


def single_bits(mask: int) -> Iterator[int]:
    """The bits that are set, one by one."""
    while mask:
        bit = mask & -mask
        yield bit
        mask ^= bit


def compile_form(text: str, bits: Mapping[str, int]) -> Form:
    """The form that `text` describes. Raises UnusablePack naming a concept that does not exist."""
    absent = 0
    groups: list[tuple[_Step, ...]] = []
    for group in text.split("&"):
        steps: list[_Step] = []
        gap = DEFAULT_GAP
        for part in group.split():
            if part[0] == "~":
                gap = int(part[1:])
            elif part[0] == "!":
                absent |= _mask(part[1:], bits, text)
            else:
                steps.append(_Step(_mask(part.lstrip("+"), bits, text), gap, part[0] == "+"))
                gap = DEFAULT_GAP
        if steps:
            groups.append(tuple(steps))
    if not groups:
        raise UnusablePack(f"form {text!r}: there is nothing to look for")
    return Form(tuple(step.mask for group in groups for step in group), absent, tuple(groups))


def _mask(names: str, bits: Mapping[str, int], form: str) -> int:
    mask = 0
    for name in names.split("|"):
        if name not in bits:
            raise UnusablePack(f"form {form!r}: there is no concept {name!r}")
        mask |= bits[name]
    return mask


def _in_order(steps: Sequence[_Step], marks: Sequence[int], negation: int) -> bool:
    """One pass a step: the places where the group can stand so far, each within the gap of the one before it."""
    reached: list[int] = []
    for number, step in enumerate(steps):
        places = [at for at, mark in enumerate(marks) if mark & step.mask and _may_stand(step, marks, at, negation)]
        if number:
            places = _behind(places, reached, step.gap)
        if not places:
            return False
        reached = places
    return True


def _may_stand(step: _Step, marks: Sequence[int], at: int, negation: int) -> bool:
    return not step.free or not any(mark & negation for mark in marks[max(0, at - NEGATION_REACH) : at])


def _behind(places: list[int], reached: list[int], gap: int) -> list[int]:
    found, latest = [], 0
    for place in places:
        while latest + 1 < len(reached) and reached[latest + 1] < place:
            latest += 1
        if 0 < place - reached[latest] <= gap + 1:
            found.append(place)
    return found
