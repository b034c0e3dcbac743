"""How much a sentence sounds like an order to the model that reads it, by weights of its words. Pure: no Django.

The forms of `registry.scan.meanings` find what they describe. This finds what is said in words that nobody thought of:
every word, and every two words that follow one another, weigh something for or against, and the sum decides. Words of
an item's own name weigh nothing, since a tool may speak of what it is for. `tests/corpus/fit_tone.py` set the weights.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from registry.scan.lexicon import UnusablePack

MAX_PAIR: Final = 600
"""Characters that two sentences may have together to be judged together."""
OPENING: Final = "^"
BIAS: Final = "*"
_OWN: Final = "_"
_ENDINGS: Final = ("ing", "ed", "es", "s", "ly")
_MAX_REMEMBERED: Final = 50_000


@dataclass(frozen=True, slots=True)
class Tone:
    """The weights of a pack: words and pairs of words by what they weigh, in hundredths; all begin with BIAS."""

    weights: Mapping[str, int]
    enough: int
    """What makes a finding of a sentence where sentences belong."""
    some: int
    """What is enough in a text that is new, or in what is no tool: prompts, resources, the server's own name."""
    less: int
    """What is enough where no sentence belongs: in names, comments, unknown fields, in what was hidden."""


@dataclass(frozen=True, slots=True)
class Sounding:
    """The sentence, or two of them, that sounds most like an order, and what in it weighs most."""

    weight: int
    text: str
    telling: tuple[str, ...]


def read_weights(text: str) -> dict[str, int]:
    """Weights written as `word 12, two words -7, …`. Raises UnusablePack naming the entry that is none."""
    found: dict[str, int] = {}
    for entry in text.split(","):
        feature, _, weight = " ".join(entry.split()).rpartition(" ")
        if not feature or not weight.lstrip("-").isdecimal():
            raise UnusablePack(f"weights of words: {entry.strip()!r} is no word with a whole number behind it")
        found[feature] = int(weight)
    return found


class Ear:
    """Compiled weights. Shared by all scans of a process; remembers the stems of words, within bounds."""

    __slots__ = ("_bias", "_shared", "_stems", "_weights", "enough", "less", "some")

    def __init__(self, tone: Tone) -> None:
        if BIAS not in tone.weights:
            raise UnusablePack(f"the weights of words lack {BIAS!r}, which all sentences begin with")
        self.enough, self.some, self.less = tone.enough, tone.some, tone.less
        self._weights = dict(tone.weights)
        self._bias = self._weights.pop(BIAS)
        self._shared = {feature: feature for feature in self._weights}  # One object for each, however often it is kept.
        self._stems: dict[str, str] = {}

    def features(self, words: Iterable[str], own: frozenset[str]) -> frozenset[str]:
        """The stems of a sentence and their pairs; `own` are stems of the item's own name."""
        stems = [self.stem(word) for word in words]
        if own:
            stems = [_OWN if stem in own else stem for stem in stems]
        found = set(stems)
        found.update(f"{one} {two}" for one, two in pairwise(stems))
        return frozenset(feature for feature in found if _OWN not in feature)

    def stem(self, word: str) -> str:
        """A word without its ending; every number is the same."""
        known = self._stems.get(word)
        if known is None:
            known = "#" if word.isdigit() else next((word[: -len(end)] for end in _ENDINGS if _ends(word, end)), word)
            if len(self._stems) >= _MAX_REMEMBERED:
                self._stems.clear()
            self._stems[word] = known
        return known

    def known(self, words: Iterable[str]) -> frozenset[str]:
        """The features of a sentence that weigh anything."""
        shared = self._shared
        return frozenset(shared[each] for each in self.features(words, frozenset()) if each in shared)

    def loudest(
        self, spoken: Sequence[tuple[str, frozenset[str]]], own: frozenset[str], *, opening: bool
    ) -> Sounding | None:
        """The sentence, given as text and `known` features, or pair of neighbours that weighs most; or None.

        `own` are stems that weigh nothing, `opening` says that the first sentence tells what the item is.
        """
        if own:
            spoken = [(text, _without(found, own)) for text, found in spoken]
        weights = self._weights
        best: tuple[int, str, frozenset[str]] | None = None
        for text, found in windows(spoken, opening):
            weight = sum(map(weights.__getitem__, found & weights.keys() if OPENING in found else found))
            if best is None or weight > best[0]:
                best = weight, text, found
        if best is None:
            return None
        telling = sorted(best[2] & weights.keys(), key=lambda feature: (-weights[feature], feature))[:6]
        return Sounding(self._bias + best[0], best[1], tuple(each for each in telling if weights[each] > 0))


def _without(found: frozenset[str], own: frozenset[str]) -> frozenset[str]:
    return frozenset(feature for feature in found if own.isdisjoint(feature.split()))


def windows(spoken: Sequence[tuple[str, frozenset[str]]], opening: bool) -> Iterator[tuple[str, frozenset[str]]]:
    """Each sentence with its features, and each with the one before it where both are short."""
    for number, (text, found) in enumerate(spoken):
        yield text, found | {OPENING} if opening and number == 0 else found
        if number:
            earlier, known = spoken[number - 1]
            if len(earlier) + len(text) <= MAX_PAIR:
                yield earlier + text, known | found


def _ends(word: str, ending: str) -> bool:
    return len(word) > len(ending) + 3 and word.endswith(ending)
