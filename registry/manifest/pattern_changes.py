"""Whether one regular expression provably admits more than another. Pure: no Django, no I/O.

Patterns of unlike build are not compared: which of two is wider cannot be decided cheaply, and a wrong "tightened"
would hide what matters. Part by part, a pattern is wider whose every part is; then every text that the other one
admits, it admits by the same derivation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from typing import Final

MAX_PATTERN: Final = 1000
MANY: Final = 1_000_000

_PART: Final = re.compile(r"\\.|\[\^?(?:\\.|[^\]\\])+\]|\(\?:|\{\d{1,6}(?:,\d{0,6})?\}|.", re.DOTALL | re.ASCII)
_QUANTIFIER: Final = re.compile(r"\{(\d+)(,?)(\d*)\}", re.ASCII).fullmatch
_PLAIN_QUANTIFIERS: Final = {"*": (0, MANY), "+": (1, MANY), "?": (0, 1)}
_GROUPING: Final = ("(", "|", "^", "$")
# Back references, code points by number, and what only some dialects know.
_NOT_SIMPLE: Final = frozenset("123456789kAzZGpPuxcN")
# Python would read these inside a class as set operations.
_OPERATORS: Final = ("--", "&&", "~~", "||")
_SETS: Final = re.compile(
    r"\\[dwsDWS.\\/+*?|()\[\]{}^$-]|\[\^?(?:\\[dwsDWS\\/.^$\]\[-]|[ -Z^-~])+\]|[ -\[\]-~]"
).fullmatch
# Classes that are spelt in ASCII are unions of ASCII characters and of whole categories, each of which has one here.
_SAMPLE: Final = [chr(code) for code in range(128)] + list("é߀漢\u3000☃\xa0\u2028\U0001f600")
# Each of these is found in every text, at its beginning or end at the latest.
_ANYTHING: Final = frozenset(("", "^", "$", ".*", "^.*", ".*$", "(.*)", r"[\s\S]*", r"^[\s\S]*$"))


class Turn(Enum):
    """How a pattern differs from the one before."""

    SAME = "same"
    LOOSENED = "loosened"
    TIGHTENED = "tightened"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a pattern and how often it may occur."""

    text: str
    low: int = 1
    high: int = 1


def pattern_turn(old: str, new: str) -> Turn:
    """LOOSENED or TIGHTENED only where that is certain, OTHER where it is not."""
    if max(len(old), len(new)) > MAX_PATTERN:
        return Turn.OTHER
    if old in _ANYTHING or new in _ANYTHING:
        if old in _ANYTHING and new in _ANYTHING:
            return Turn.SAME
        return Turn.LOOSENED if new in _ANYTHING else Turn.TIGHTENED
    before, after = _read(old), _read(new)
    if before is None or after is None:
        return Turn.OTHER
    return _overall([*_anchors(before, after), _alternatives(before, after)])


def _overall(turns: list[Turn]) -> Turn:
    moved = set(turns) - {Turn.SAME}
    if not moved:
        return Turn.SAME
    return moved.pop() if len(moved) == 1 else Turn.OTHER


def _read(pattern: str) -> list[Part] | None:
    """The parts of a pattern; None for what has no simple meaning (look-around, back references, flags)."""
    parts: list[Part] = []
    open_to_times = False
    for text in (found[0] for found in _PART.finditer(pattern)):
        times = _times(text)
        if times is None:
            # Without back references it makes no difference whether a group is remembered.
            parts.append(Part("(" if text == "(?:" else text))
            open_to_times = text not in _GROUPING and text != "(?:"
        elif open_to_times:
            parts[-1] = Part(parts[-1].text, *times)
            open_to_times = False
        else:
            return None  # `(?…`, lazy and possessive forms, and quantifiers of nothing.
    if any(part.text[0] == "\\" and part.text[1:] in _NOT_SIMPLE for part in parts):
        return None
    levels = [level for level, _ in _levelled([*parts, Part("")])]
    return parts if min(levels) >= 0 and levels[-1] == 0 else None


def _times(text: str) -> tuple[int, int] | None:
    if text in _PLAIN_QUANTIFIERS:
        return _PLAIN_QUANTIFIERS[text]
    found = _QUANTIFIER(text)
    if found is None:
        return None
    low = int(found[1])
    if not found[2]:
        return low, low
    return low, int(found[3]) if found[3] else MANY


def _anchors(before: list[Part], after: list[Part]) -> Iterator[Turn]:
    """Takes the anchors off both ends; only where no alternative stands beside them, which they would not bind."""
    if any(part.text == "|" and not level for level, part in (*_levelled(before), *_levelled(after))):
        return
    for end, sign in ((0, "^"), (-1, "$")):
        was = bool(before) and before[end] == Part(sign)
        now = bool(after) and after[end] == Part(sign)
        if was:
            before.pop(end)
        if now:
            after.pop(end)
        if was != now:
            yield Turn.LOOSENED if was else Turn.TIGHTENED


def _levelled(parts: list[Part]) -> Iterator[tuple[int, Part]]:
    """Each part with the number of groups around it."""
    level = 0
    for part in parts:
        if part.text == ")":
            level -= 1
        yield level, part
        if part.text == "(":
            level += 1


def _alternatives(before: list[Part], after: list[Part]) -> Turn:
    if len(before) == len(after):
        turn = _overall([_part(one, other) for one, other in zip(before, after, strict=True)])
        if turn is not Turn.OTHER:
            return turn
    alike = before and after and before[-1] == after[-1] and before[-1].text == ")"
    closing = before[-1] if alike else Part(")")
    old, new = _split(_unwrapped(before, closing)), _split(_unwrapped(after, closing))
    if old == new:
        return Turn.SAME
    if old < new:
        return Turn.LOOSENED
    return Turn.TIGHTENED if new < old else Turn.OTHER


def _unwrapped(parts: list[Part], closing: Part) -> list[Part]:
    """Without the one group that holds all of it."""
    if len(parts) < 2 or parts[0].text != "(" or parts[-1] != closing:
        return parts
    inner = [level for level, _ in _levelled(parts)][1:-1]
    return parts[1:-1] if all(level > 0 for level in inner) else parts


def _split(parts: list[Part]) -> frozenset[tuple[Part, ...]]:
    found: list[list[Part]] = [[]]
    for level, part in _levelled(parts):
        if part.text == "|" and not level:
            found.append([])
        else:
            found[-1].append(part)
    return frozenset(map(tuple, found))


def _part(old: Part, new: Part) -> Turn:
    turns = [_range(old.low, new.low, old.high, new.high)]
    if old.text != new.text:
        turns.append(_class(old.text, new.text))
    return _overall(turns)


def _range(low: int, new_low: int, high: int, new_high: int) -> Turn:
    if (low, high) == (new_low, new_high):
        return Turn.SAME
    if new_low <= low and new_high >= high:
        return Turn.LOOSENED
    return Turn.TIGHTENED if new_low >= low and new_high <= high else Turn.OTHER


def _class(old: str, new: str) -> Turn:
    if old in (*_GROUPING, ")") or new in (*_GROUPING, ")"):
        return Turn.OTHER
    one, other = _members(old), _members(new)
    if one is None or other is None:
        return Turn.OTHER
    if one == other:
        return Turn.SAME
    if one < other:
        return Turn.LOOSENED
    return Turn.TIGHTENED if other < one else Turn.OTHER


@lru_cache(maxsize=512)
def _members(text: str) -> frozenset[str] | None:
    """Which characters a class admits, out of a sample that tells any two such classes apart."""
    if not _SETS(text) or any(operator in text for operator in _OPERATORS):
        return None
    try:
        admits = re.compile(text).fullmatch
    except re.error:
        return None
    return frozenset(character for character in _SAMPLE if admits(character))
