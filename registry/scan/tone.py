"""How much a sentence sounds like an order to the model that reads it, by weights of its words. Pure: no Django.

The forms of `registry.scan.meanings` find what they describe. This finds what is said in words that nobody thought of:
every word, every two that follow one another, every concept or kind that they speak of and every two of those weigh
something for or against, and the sum decides. Words of an item's own name weigh nothing, since a tool may speak of what
it is for. `tests/corpus/fit_tone.py` set the weights.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations, pairwise
from typing import Final, TypeAlias

from registry.scan.forms import single_bits
from registry.scan.lexicon import UnusablePack
from registry.scan.plain import plain

MAX_PAIR: Final = 600
"""Characters that two sentences may have together to be judged together."""
OPENING: Final = "^"
BIAS: Final = "*"
KIND: Final = "%"
CONCEPT: Final = "@"
TOLD: Final = 4
"""Words that a finding names at most."""
_OWN: Final = "_"
_ENDINGS: Final = ("ing", "ed", "es", "s", "ly")
_MAX_REMEMBERED: Final = 50_000
_BOTH, _FOLLOWED, _BEGINS = 1 << 20, 2 << 20, 3 << 20
_WIDTH: Final = 10
_TOKEN: Final = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")

# One thing that words and concepts speak of in two vocabularies: the forms tell them apart, a weight need not.
_SAME: Final[Mapping[str, str]] = {
    "sendb": "send", "putb": "put", "grabb": "grab", "callb": "call", "deleteb": "delete", "swapb": "swap",
    "disableb": "disable", "runb": "runcmd", "ignorehard": "ignore", "theuser": "user", "ai": "model",
    "thistool": "tool", "futurestrong": "future", "strongmust": "must", "askb": "ask",
}  # fmt: skip

Feature: TypeAlias = "str | int"


@dataclass(frozen=True, slots=True)
class Tone:
    """The weights of a pack: features by what they weigh, in hundredths; all sentences begin with BIAS.

    A feature is the stem of a word, two stems, `%kind` or `@concept`, two of one sort as `%one+%two` (in the sentence)
    or `%one>%two` (one behind the other), `<%kind` of the first word, and OPENING for the opening of a description.
    """

    weights: Mapping[str, int]
    enough: int
    """What makes a finding of a sentence where sentences belong."""
    some: int
    """What is enough in what is no tool: prompts, resources, the server's instructions."""
    less: int
    """What is enough where no sentence belongs, in names, comments, unknown fields, and in a text that is new."""
    least: int
    """What a sentence weighs at least that a form of words makes a finding of; below it, the words only alarm."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence as it is weighed: the stems of its words, the concepts at each, and those without a place."""

    stems: tuple[str, ...]
    marks: tuple[int, ...]
    anywhere: int = 0


@dataclass(frozen=True, slots=True)
class Sounding:
    """The sentence, or two of them, that sounds most like an order, and the words in it that weigh most."""

    weight: int
    text: str
    telling: tuple[str, ...]


def read_weights(text: str) -> dict[str, int]:
    """Weights written as lines `12: word, two words, …`. Raises UnusablePack naming the line that is none."""
    found: dict[str, int] = {}
    for line in filter(str.strip, text.splitlines()):
        weight, colon, features = line.partition(": ")
        if not colon or not weight.lstrip("-").isdecimal():
            raise UnusablePack(f"weights of words: {line[:60]!r} is no whole number with words behind it")
        found.update(dict.fromkeys(features.split(", "), int(weight)))
    return found


@lru_cache(maxsize=_MAX_REMEMBERED)
def stem(word: str) -> str:
    """A word without its ending; every number is the same."""
    if word.isdigit():
        return "#"
    return next((word[: -len(end)] for end in _ENDINGS if len(word) > len(end) + 3 and word.endswith(end)), word)


class Ear:
    """Compiled weights. Shared by all scans of a process."""

    __slots__ = ("_names", "_numbers", "_of_mark", "_opening", "_weights", "bias", "enough", "least", "less", "some")

    def __init__(self, tone: Tone, bits: Mapping[str, int]) -> None:
        """`bits` are those of the concepts and kinds that the marks of a sentence are made of."""
        if BIAS not in tone.weights:
            raise UnusablePack(f"the weights of words lack {BIAS!r}, which all sentences begin with")
        self.enough, self.some, self.less, self.least = tone.enough, tone.some, tone.less, tone.least
        self._names = sorted({_named(name) for name in bits})
        if len(self._names) >= 1 << _WIDTH:
            raise UnusablePack(f"more than {(1 << _WIDTH) - 1} concepts")
        numbers = {name: number for number, name in enumerate(self._names)}
        self._numbers = {bit: numbers[_named(name)] for name, bit in bits.items()}
        self._of_mark: dict[int, tuple[tuple[int, ...], tuple[int, ...]]] = {}
        weights = dict(tone.weights)
        self.bias, self._opening = weights.pop(BIAS), weights.pop(OPENING, 0)
        self._weights: dict[Feature, int] = {_read(text, numbers): weight for text, weight in weights.items()}

    def weigh(self, spoken: Spoken, own: frozenset[str] = frozenset()) -> int:
        """What a sentence weighs, BIAS left out; `own` are stems that weigh nothing."""
        return sum(filter(None, map(self._weights.get, self.features(spoken, own))))

    def features(self, spoken: Spoken, own: frozenset[str]) -> set[Feature]:
        """All that a sentence is weighed by."""
        stems: Sequence[str] = spoken.stems
        marks: Sequence[int] = spoken.marks
        if own and not own.isdisjoint(stems):
            marks = [0 if each in own else mark for mark, each in zip(marks, stems, strict=True)]
            stems = [_OWN if each in own else each for each in stems]
        found: set[Feature] = set(stems)
        found.update(f"{one} {two}" for one, two in pairwise(stems) if _OWN not in (one, two))
        found.discard(_OWN)
        known = self._of_mark.get
        heard = [known(mark) or self._told(mark) for mark in marks]
        anywhere = self._told(spoken.anywhere)
        for sort in (0, 1):
            self._add_numbers([each[sort] for each in heard if each[sort]], anywhere[sort], found)
        if heard:
            found.update(_BEGINS | number for number in heard[0][1])
        return found

    @staticmethod
    def _add_numbers(told: list[tuple[int, ...]], anywhere: tuple[int, ...], found: set[Feature]) -> None:
        known = set(anywhere).union(*told)
        found |= known
        found.update([_BOTH | one << _WIDTH | two for one, two in combinations(sorted(known), 2)])
        found.update(
            [_FOLLOWED | one << _WIDTH | two for first, second in pairwise(told) for one in first for two in second]
        )

    def _told(self, mark: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The numbers of the concepts and of the kinds that a word speaks of."""
        known = self._of_mark.get(mark)
        if known is None:
            numbers = sorted({self._numbers[bit] for bit in single_bits(mark) if bit in self._numbers})
            kinds = tuple(number for number in numbers if self._names[number][0] == KIND)
            known = tuple(number for number in numbers if self._names[number][0] == CONCEPT), kinds
            if len(self._of_mark) >= _MAX_REMEMBERED:
                self._of_mark.clear()
            self._of_mark[mark] = known
        return known

    def written(self, feature: Feature) -> str:
        """A feature as it stands among the weights."""
        if isinstance(feature, str):
            return feature
        sort, names = feature >> 20 << 20, self._names
        one, two = names[feature >> _WIDTH & 1023], names[feature & 1023]
        if sort == _BEGINS:
            return f"<{two}"
        return {_BOTH: f"{one}+{two}", _FOLLOWED: f"{one}>{two}"}.get(sort, two)

    def loudest(self, weighed: Iterable[tuple[str, int]], *, opening: bool) -> tuple[int, str] | None:
        """The sentence, given as text and weight, or pair of neighbours that weighs most, with BIAS; or None.

        `opening` says that the first sentence tells what the item is.
        """
        best: tuple[int, str] | None = None
        earlier, before = "", 0
        for number, (text, weight) in enumerate(weighed):
            said = weight + (self._opening if opening and number == 0 else 0)
            if best is None or said > best[0]:
                best = said, text
            if number and len(earlier) + len(text) <= MAX_PAIR and (before + weight) * 7 // 10 > best[0]:
                best = (before + weight) * 7 // 10, earlier + text
            earlier, before = text, weight
        return None if best is None else (self.bias + best[0], best[1])

    def telling(self, text: str, own: frozenset[str], marked: Mapping[str, int]) -> tuple[str, ...]:
        """The words of a sentence that weigh most, as they stand there; `marked` are concepts by plain word."""
        found: dict[str, int] = {}
        for token in _TOKEN.findall(text):
            word = plain(token)
            if stem(word) not in own and word not in found:
                numbers = self._told(marked.get(word, 0))
                alone: tuple[Feature, ...] = (stem(word), *numbers[0], *numbers[1])
                weights = [self._weights.get(each, 0) for each in alone]
                if sum(weights) > 0:
                    found[token] = sum(weights)
        chosen = sorted(found, key=lambda token: -found[token])[:TOLD]
        return tuple(token for token in found if token in chosen)


def _named(name: str) -> str:
    return name if name.startswith(KIND) else CONCEPT + _SAME.get(name, name)


def _read(text: str, numbers: Mapping[str, int]) -> Feature:
    """The feature that `written` writes like this. Raises UnusablePack for a concept that does not exist."""
    if text[0] not in "<%@":
        return text
    try:
        if text[0] == "<":
            return _BEGINS | numbers[text[1:]]
        for sign, sort in (("+", _BOTH), (">", _FOLLOWED)):
            one, found, two = text.partition(sign)
            if found:
                return sort | numbers[one] << _WIDTH | numbers[two]
        return numbers[text]
    except KeyError as missing:
        raise UnusablePack(f"weights of words: {text!r} speaks of {missing}, which does not exist") from None


def inflected(entry: str) -> Iterator[str]:
    """The forms of an English word with regular endings, too many rather than too few; `+` in front means no others."""
    if entry[0] == "+":
        yield entry[1:]
        return
    yield from (entry, f"{entry}s", f"{entry}ly")
    if entry[-1] == "y" and entry[-2:-1] not in "aeiou":
        yield from (f"{entry[:-1]}ies", f"{entry[:-1]}ied")
    if entry.endswith(("s", "x", "ch", "sh", "z", "o")):
        yield f"{entry}es"
    if entry[-1] == "e":
        yield from (f"{entry}d", f"{entry[:-1]}ing")
        return
    yield from (f"{entry}ed", f"{entry}ing")
    if len(entry) > 2 and entry[-1] not in "aeiouwxy" and entry[-2] in "aeiou" and entry[-3] not in "aeiou":
        yield from (f"{entry}{entry[-1]}ed", f"{entry}{entry[-1]}ing")
