"""Which words of a text came, went or stayed, to be shown side by side. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

MAX_LEVELS: Final = 8

# Scripts that write words without spaces between them are compared letter by letter.
_UNSPACED: Final = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
_TOKENS: Final = re.compile(rf"[^\W{_UNSPACED}]+|\n|[^\S\n]+|.", re.DOTALL).findall


class Op(StrEnum):
    """What became of a stretch of text."""

    EQUAL = "equal"
    REMOVED = "removed"
    ADDED = "added"


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text that is in both texts, in the old one alone, or in the new one alone."""

    op: Op
    text: str


def compare_words(old: str, new: str) -> tuple[Run, ...]:
    """The runs of both texts in reading order: equal and removed ones are the old text, equal and added ones the new.

    No two neighbours are of one kind, and of a replaced stretch the removed part stands first. The work is about
    linear in the texts; where words repeat a lot the runs may not be the fewest possible.
    """
    return _runs(_stretches(_TOKENS(old), _TOKENS(new)))


def compare_ends(old: str, new: str) -> tuple[Run, ...]:
    """The same at no cost: what both texts begin and end with is equal, all between is replaced."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    gone, come = old[head : len(old) - tail], new[head : len(new) - tail]
    return _runs([(old[:head], "", ""), ("", gone, come), (old[len(old) - tail :], "", "")])


def _common(old: str, new: str) -> int:
    low, high = 0, min(len(old), len(new))
    while low < high:
        middle = (low + high + 1) // 2
        if old[low:middle] == new[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _stretches(old: list[str], new: list[str]) -> list[tuple[str, str, str]]:
    """Pieces of (equal, removed, added) text, in order."""
    found: list[tuple[str, str, str]] = []
    at, to = 0, 0
    for start, begin, length in [*_blocks(old, new), (len(old), len(new), 0)]:
        if start > at or begin > to:
            found.append(("", "".join(old[at:start]), "".join(new[to:begin])))
        if length and found and found[-1][0]:
            found[-1] = (found[-1][0] + "".join(old[start : start + length]), "", "")
        elif length:
            found.append(("".join(old[start : start + length]), "", ""))
        at, to = start + length, begin + length
    return _absorbed(found)


def _absorbed(pieces: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """A blank or comma that two replaced words have in common is part of one replaced phrase."""
    kept: list[tuple[str, str, str]] = []
    for place, piece in enumerate(pieces):
        equal, gone, come = piece
        if equal and 0 < place < len(pieces) - 1 and _joins(equal, kept[-1], pieces[place + 1]):
            kept[-1] = ("", kept[-1][1] + equal, kept[-1][2] + equal)
        elif not equal and kept and not kept[-1][0]:
            kept[-1] = ("", kept[-1][1] + gone, kept[-1][2] + come)
        else:
            kept.append(piece)
    return kept


def _joins(equal: str, before: tuple[str, str, str], after: tuple[str, str, str]) -> bool:
    if "\n" in equal or any(map(str.isalnum, equal)):
        return False
    return all((before[1], before[2], after[1], after[2]))


def _blocks(old: list[str], new: list[str]) -> list[tuple[int, int, int]]:
    """Equal stretches (place in old, place in new, length) in order; words that occur once in each are anchors."""
    found: list[tuple[int, int, int]] = []
    waiting = [(0, len(old), 0, len(new), 0)]
    while waiting:
        start, end, begin, stop, level = waiting.pop()
        head, room = 0, min(end - start, stop - begin)
        while head < room and old[start + head] == new[begin + head]:
            head += 1
        tail, room = 0, room - head
        while tail < room and old[end - 1 - tail] == new[stop - 1 - tail]:
            tail += 1
        found += [(start, begin, head)] if head else []
        found += [(end - tail, stop - tail, tail)] if tail else []
        start, end, begin, stop = start + head, end - tail, begin + head, stop - tail
        if start == end or begin == stop or level == MAX_LEVELS:
            continue
        anchors = _anchors(old[start:end], new[begin:stop])
        at, to = start, begin
        for place, position in anchors:
            waiting.append((at, start + place, to, begin + position, level + 1))
            at, to = start + place, begin + position
        if anchors:
            waiting.append((at, end, to, stop, level + 1))
    return sorted(found)


def _anchors(old: Sequence[str], new: Sequence[str]) -> list[tuple[int, int]]:
    """Words that occur once in each, as far as they come in the same order in both."""
    positions = _once(new)
    return _rising([(place, positions[word]) for word, place in _once(old).items() if word in positions])


def _once(words: Iterable[str]) -> dict[str, int]:
    places: dict[str, int] = {}
    for place, word in enumerate(words):
        places[word] = -1 if word in places else place
    return {word: place for word, place in places.items() if place >= 0}


def _rising(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest selection whose second members rise; the first ones do already."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for index, (_, position) in enumerate(pairs):
        size = bisect_left(ends, position)
        before.append(last[size - 1] if size else -1)
        ends[size : size + 1] = [position]
        last[size : size + 1] = [index]
    chosen: list[tuple[int, int]] = []
    index = last[-1] if last else -1
    while index >= 0:
        chosen.append(pairs[index])
        index = before[index]
    return chosen[::-1]


def _runs(pieces: Iterable[tuple[str, str, str]]) -> tuple[Run, ...]:
    runs: list[Run] = []
    for equal, gone, come in pieces:
        for op, text in ((Op.EQUAL, equal), (Op.REMOVED, gone), (Op.ADDED, come)):
            if text and runs and runs[-1].op is op:
                runs[-1] = Run(op, runs[-1].text + text)
            elif text:
                runs.append(Run(op, text))
    return tuple(runs)
