"""Patterns that take exponential time in engines that backtrack, told exactly, not by their looks. Pure: no Django.

A pattern becomes an automaton whose states are its characters (Glushkov). It is exponentially ambiguous when some
state can be left and reached again by two different ways that read the same text: over different states, or over one
step that two repetitions offer. Repetitions of more than a few times count as endless.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Generic, TypeVar

Node = TypeVar("Node", bound=Hashable)

MAX_PATTERN: Final = 2_000
MAX_STATES: Final = 220
UNROLLED: Final = 3
_CLASSES: Final = {
    "d": frozenset("0123456789"),
    "w": frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"),
    "s": frozenset(" \t\n\r\f\v"),
}
_ALL: Final = frozenset(map(chr, range(1, 127))) | {"\u00e9", "\u4e00"}
"""What characters are told apart by: ASCII, and two that stand for everything beyond it."""
_CONTROLS: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\x01"}


class Unjudgeable(ValueError):
    """A pattern that is too long, or cannot be read."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a pattern: the states it may begin and end with, and whether it may be empty."""

    first: frozenset[int]
    last: frozenset[int]
    empty: bool


_NOTHING: Final = _Part(frozenset(), frozenset(), True)


@lru_cache(maxsize=1024)
def exponential(pattern: str) -> bool:
    """Whether a backtracking engine may need exponential time for `pattern`. Raises Unjudgeable."""
    if len(pattern) > MAX_PATTERN:
        raise Unjudgeable(f"a pattern of more than {MAX_PATTERN} characters")
    if not any(sign in pattern for sign in "*+{"):
        return False
    reader = _Reader(pattern)
    reader.whole()
    return _ambiguous(reader.sets, reader.follow)


class _Reader:
    """Reads a pattern into states and what may follow each of them."""

    def __init__(self, pattern: str) -> None:
        self._text = pattern
        self._at = 0
        self._depth = 0
        self.sets: list[frozenset[str]] = []
        self.follow: list[Counter[int]] = []

    def whole(self) -> _Part:
        part = self._either()
        if self._at < len(self._text):
            raise Unjudgeable("a bracket that was never opened")
        return part

    def _either(self) -> _Part:
        parts = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            parts.append(self._sequence())
        if len(parts) == 1:
            return parts[0]
        return _Part(
            frozenset().union(*(part.first for part in parts)),
            frozenset().union(*(part.last for part in parts)),
            any(part.empty for part in parts),
        )

    def _sequence(self) -> _Part:
        whole = _NOTHING
        while self._peek() not in ("", "|", ")"):
            whole = self._then(whole, self._repeated())
        return whole

    def _then(self, left: _Part, right: _Part) -> _Part:
        self._lead(left, right)
        return _Part(
            left.first | right.first if left.empty else left.first,
            left.last | right.last if right.empty else right.last,
            left.empty and right.empty,
        )

    def _lead(self, left: _Part, right: _Part) -> None:
        for state in left.last:
            self.follow[state].update(right.first)

    def _repeated(self) -> _Part:
        start = self._at
        part = self._atom()
        end = self._at
        while (times := self._times()) is not None:
            least, most = times
            if most is None or most > UNROLLED:
                self._lead(part, part)
                part = _Part(part.first, part.last, part.empty or least == 0)
            else:
                part = self._unrolled(part, start, end, least, most)
            start = self._at  # A second sign after the first is possessive or lazy, or nothing that matters.
            end = start
        return part

    def _unrolled(self, part: _Part, start: int, end: int, least: int, most: int) -> _Part:
        if most == 0:
            return _NOTHING
        after = self._at
        whole = _Part(part.first, part.last, part.empty or least == 0)
        for copy in range(1, most if end > start else 1):
            self._at = start
            again = self._atom()
            whole = self._then(whole, _Part(again.first, again.last, again.empty or copy >= least))
        self._at = after
        return whole

    def _times(self) -> tuple[int, int | None] | None:
        sign = self._peek()
        if sign in ("*", "+", "?") and sign:
            self._at += 1
            if self._peek() in ("?", "+") and self._peek():
                self._at += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[sign]
        if sign != "{":
            return None
        close = self._text.find("}", self._at)
        least, comma, most = self._text[self._at + 1 : close].partition(",")
        if close < 0 or not least.isdecimal() or not (most.isdecimal() or not most) or len(least + most) > 12:
            return None
        self._at = close + 1
        if self._peek() in ("?", "+") and self._peek():
            self._at += 1
        return int(least), (int(most) if most else None) if comma else int(least)

    def _atom(self) -> _Part:
        char = self._peek()
        if char == "(":
            return self._group()
        self._at += 1
        if char in "^$":
            return _NOTHING
        if char == "[":
            return self._state(self._class())
        if char == ".":
            return self._state(_ALL - {"\n"})
        if char == "\\":
            return self._escaped()
        return self._state(frozenset(_known(char)))

    def _group(self) -> _Part:
        self._at += 1
        self._depth += 1
        if self._depth > 60:
            raise Unjudgeable("brackets within brackets within brackets")
        looking = False
        if self._peek() == "?":
            head = self._text[self._at : self._at + 3]
            looking = head[1:2] in ("=", "!") or head in ("?<=", "?<!")
            if head.startswith(("?:", "?=", "?!", "?>")):
                self._at += 2
            elif head in ("?<=", "?<!"):
                self._at += 3
            else:
                close = min((at for sign in ">:)" if (at := self._text.find(sign, self._at)) >= 0), default=-1)
                if close < 0:
                    raise Unjudgeable("a group that never ends")
                self._at = close + (self._text[close] != ")")
        part = self._either()
        if self._peek() != ")":
            raise Unjudgeable("a bracket that is never closed")
        self._at += 1
        self._depth -= 1
        return _NOTHING if looking else part

    def _escaped(self) -> _Part:
        char = self._peek()
        self._at += 1
        if char in ("b", "B", "A", "z", "Z", "G") or (char.isdecimal() and char != "0"):
            return _NOTHING
        if char in ("x", "u", "c"):
            return self._state(frozenset(_known(self._code(char))))
        if char in ("p", "P"):
            close = self._text.find("}", self._at)
            self._at = close + 1 if self._peek() == "{" and close >= 0 else self._at + 1
            return self._state(_ALL if char == "P" else _CLASSES["w"] | {"\u00e9", "\u4e00"})
        return self._state(_escape_set(char))

    def _code(self, kind: str) -> str:
        length = {"x": 2, "u": 4, "c": 1}[kind]
        digits = self._text[self._at : self._at + length]
        self._at += length
        try:
            return chr(int(digits, 16))
        except (ValueError, OverflowError):
            return "\u00e9"

    def _class(self) -> frozenset[str]:
        negated = self._peek() == "^"
        self._at += negated
        members: set[str] = set()
        first = True
        while first or self._peek() != "]":
            first = False
            if not self._peek():
                raise Unjudgeable("a class that is never closed")
            low = self._member()
            if self._peek() == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", "") and len(low) == 1:
                self._at += 1
                high = self._member()
                if len(high) == 1:
                    start, end = ord(next(iter(low))), ord(next(iter(high)))
                    members |= {char for char in _ALL if start <= ord(char) <= end}
                    continue
                members |= high | {"-"}
            members |= low
        self._at += 1
        return _ALL - members if negated else frozenset(members)

    def _member(self) -> frozenset[str]:
        char = self._peek()
        self._at += 1
        if char != "\\":
            return frozenset(_known(char))
        char = self._peek()
        self._at += 1
        if char in ("x", "u"):
            return frozenset(_known(self._code(char)))
        return frozenset("\x08") if char == "b" else _escape_set(char)

    def _state(self, characters: frozenset[str]) -> _Part:
        if len(self.sets) >= MAX_STATES:
            raise Unjudgeable(f"a pattern of more than {MAX_STATES} characters to match")
        state = len(self.sets)
        self.sets.append(characters)
        self.follow.append(Counter())
        here = frozenset((state,))
        return _Part(here, here, False)

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]


def _escape_set(char: str) -> frozenset[str]:
    if char in _CLASSES:
        return _CLASSES[char]
    if char.lower() in _CLASSES and char:
        return _ALL - _CLASSES[char.lower()]
    return frozenset(_known(_CONTROLS.get(char, char)))


def _known(char: str) -> str:
    return char if char in _ALL else "\u00e9"


def _ambiguous(sets: Sequence[frozenset[str]], follow: Sequence[Counter[int]]) -> bool:
    """Whether two different ways lead from one state back to it over the same text."""
    steps = {state: sorted(after) for state, after in enumerate(follow)}
    circles = circles_of(steps)
    for circle in circles:
        within = set(circle)
        if any(follow[state][after] > 1 for state in circle for after in follow[state] if after in within):
            return True
        if _two_ways(sets, {state: [after for after in steps[state] if after in within] for state in circle}):
            return True
    return False


def _two_ways(sets: Sequence[frozenset[str]], steps: Mapping[int, Sequence[int]]) -> bool:
    pairs: dict[tuple[int, int], list[tuple[int, int]]] = {}
    waiting = [(state, state) for state in steps]
    while waiting:
        pair = waiting.pop()
        if pair not in pairs:
            pairs[pair] = [
                (min(a, b), max(a, b))
                for a in steps[pair[0]]
                for b in steps[pair[1]]
                if not sets[a].isdisjoint(sets[b])
            ]
            waiting.extend(pairs[pair])
    return any(any(a == b for a, b in circle) and any(a != b for a, b in circle) for circle in circles_of(pairs))


def circles_of(steps: Mapping[Node, Sequence[Node]]) -> list[list[Node]]:
    """The strongly connected parts of a graph that have a way round (Tarjan, without recursion)."""
    search = _Search(steps)
    for root in steps:
        if root not in search.index:
            search.from_root(root)
    return search.found


class _Search(Generic[Node]):
    def __init__(self, steps: Mapping[Node, Sequence[Node]]) -> None:
        self._steps = steps
        self._low: dict[Node, int] = {}
        self._open: dict[Node, None] = {}
        self.index: dict[Node, int] = {}
        self.found: list[list[Node]] = []

    def from_root(self, root: Node) -> None:
        """Look at everything that can be reached from `root` and was not looked at yet."""
        work = [(root, self._enter(root))]
        while work:
            node, rest = work[-1]
            after = next(rest, None)
            if after is None:
                work.pop()
                self._leave(node)
                if work:
                    self._low[work[-1][0]] = min(self._low[work[-1][0]], self._low[node])
            elif after not in self.index:
                work.append((after, self._enter(after)))
            elif after in self._open:
                self._low[node] = min(self._low[node], self.index[after])

    def _enter(self, node: Node) -> Iterator[Node]:
        self.index[node] = self._low[node] = len(self.index)
        self._open[node] = None
        return iter(self._steps.get(node, ()))

    def _leave(self, node: Node) -> None:
        if self._low[node] != self.index[node]:
            return
        circle: list[Node] = []
        while not circle or circle[-1] != node:
            circle.append(self._open.popitem()[0])
        if len(circle) > 1 or node in self._steps.get(node, ()):
            self.found.append(circle)
