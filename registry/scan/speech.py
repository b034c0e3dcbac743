"""What texts say, judged by the meanings of the pack: sentence by sentence, in whatever language. Pure: no Django."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import re2

from registry.scan.forms import Form, FormIndex, compile_form
from registry.scan.lexicon import Spaced, Unspaced, UnusablePack, unspaced
from registry.scan.meanings import EVERYWHERE, Meaning
from registry.scan.plain import name_words, plain, sentences
from registry.scan.tone import KIND, Ear, Sounding, Spoken, Tone, inflected, stem
from registry.scan.words.without import WITHOUT

MAX_SENTENCES: Final = 4_000
REMEMBERED: Final = 32_768
REMEMBERED_LENGTH: Final = 400
"""Sentences that are kept, and the longest that is: real servers repeat themselves a lot."""
OPENING: Final = "OPENING"
OTHER: Final = "OTHER"
_FOREIGN: Final = re.compile(r"[^\W\d_a-zA-Z]")
"""A letter that English has not."""
_CLAUSE: Final = re.compile("[,;:\u3001\uff0c\u060c\u061b\uff1b]")
_TURNED: Final = frozenset(("consent-bypassed", "hidden-from-user"))
_KEEPS_WORDS: Final = frozenset(("SHELL", "PATH"))
# What even a sentence in another language says in English.
_BORROWED: Final = ("creds", "deepcreds", "envvars", "fullconv", "sysprompt", "config", "shell", "param")
_LEANINGS: Final = (
    ("strongmust", "dont", "must"),
    ("you", "ai", "theuser"),
    ("grabb", "sendb", "putb", "callb", "runb", "deleteb", "ignorehard", "swapb"),
    ("PATH", "deepcreds", "creds", "fullconv", "sysprompt", "inner", "envvars", "SHELL", "EMAIL", "anytool"),
)


@dataclass(frozen=True, slots=True)
class Language:
    """The words of one language by concept. `spaced` is false where words are looked for within runs of letters."""

    name: str
    words: Mapping[str, str]
    spaced: bool = True


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence that a rule applies to."""

    rule: str
    sentence: str
    weight: int
    """How much it sounds like an order; 0 at least where the rule is sure of itself."""


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence, heard: its concepts, the meanings it has, also as the opening of a description, and how it sounds."""

    bits: int
    meanings: tuple[int, ...]
    as_opening: tuple[int, ...]
    spoken: Spoken


class Speech:
    """The compiled meanings of a pack. Immutable but for remembered words and sentences; shared by all scans."""

    __slots__ = (
        "_anywhere", "_borrowed", "_dont", "_english", "_forms", "_glued", "_leanings", "_marked",
        "_markers", "_marks_set",
        "_meanings", "_opening", "_other", "_purpose_bits", "_purposes", "_remembered", "_spaced", "_weighed", "ear",
    )  # fmt: skip

    def __init__(
        self,
        *,
        english: Mapping[str, str],
        languages: Iterable[Language],
        markers: Sequence[tuple[str, str]],
        meanings: Iterable[Meaning],
        purposes: Mapping[str, str],
        kinds: Mapping[str, str],
        tone: Tone,
    ) -> None:
        languages = tuple(languages)
        kinds = {KIND + name: _inflected(words) for name, words in kinds.items()}
        bits = _bits(english, languages, markers, kinds)
        self._opening, self._other, self._dont = bits[OPENING], bits[OTHER], bits["dont"]
        self._borrowed = sum(bits[name] for name in _BORROWED)
        self._english = Spaced({**english, **kinds}, bits)
        self._spaced = tuple(Spaced(each.words, bits) for each in languages if each.spaced)
        self._glued = tuple(Unspaced(each.words, bits) for each in languages if not each.spaced)
        self._markers = tuple((name, bits[name], _pattern(name, text)) for name, text in markers)
        self._marked = sum(bit for _, bit, _ in self._markers)
        self._marks_set = _marker_set(markers)
        self._leanings = tuple(sum({bits[name] for name in names}) for names in _LEANINGS)
        self._purpose_bits = {name: 1 << index for index, name in enumerate(purposes)}
        self._purposes = Spaced(purposes, self._purpose_bits)
        meanings = tuple(meanings)
        self._meanings = tuple((each.rule, self.purpose_named(each.about), each.sure) for each in meanings)
        rarity = {bits[name]: _rarity(name, english) for name in bits}
        self._forms = FormIndex(_owned((each.forms for each in meanings), bits), rarity)
        self._anywhere = FormIndex(_owned((each.anywhere for each in meanings), bits), rarity)
        self.ear = Ear(tone, bits)
        self._remembered: dict[str, _Sentence] = {}
        self._weighed: dict[tuple[str, frozenset[str]], int] = {}

    def purpose(self, *names: str) -> int:
        """What the names of an item say that it is about; for `hear`."""
        return self._purposes.bits_of(word for name in names for word in name_words(name))

    def purpose_named(self, name: str) -> int:
        """The bit of a purpose by its name in the pack; none for an empty name. Raises UnusablePack."""
        if name and name not in self._purpose_bits:
            raise UnusablePack(f"there is no purpose {name!r}")
        return self._purpose_bits.get(name, 0)

    def foreign(self, text: str, words: frozenset[str] | set[str]) -> bool:
        """Whether a text of these words may hold another language than English."""
        common = self._english.common
        return _FOREIGN.search(text) is not None or any(len(words & each.common - common) > 1 for each in self._spaced)

    def hear(
        self, text: str, *, purpose: int = 0, opening: bool = False, others: Sequence[str] = (), foreign: bool = False
    ) -> list[Said]:
        """What one text says. `opening`: its first sentence says what the item does; `others`: foreign tools."""
        found: list[Said] = []
        languages = self._languages_of(plain(text).split()) if foreign else ()
        for number, (start, end) in enumerate(sentences(text)[:MAX_SENTENCES]):
            sentence = text[start:end]
            heard = self._heard(sentence, tuple(other for other in others if other in sentence))
            held = heard.as_opening if opening and number == 0 else heard.meanings
            if held:
                weight = self.ear.bias + self._weight(sentence, heard)
                found += self._those(held, sentence, weight, purpose)
            if foreign:
                found += self._hear_foreign(sentence, heard, languages, purpose)
        return found

    def sounding(
        self, text: str, own: frozenset[str], *, opening: bool = False, foreign: bool = False, least: int | None = None
    ) -> Sounding | None:
        """The part of a text that sounds most like an order; `own` are stems of what the item is called.

        None for a text without a sentence, and for one that weighs less than `least`.
        """
        weighed = ((each, self._weight(each, heard, bits, own)) for each, heard, bits in self._cut(text, foreign))
        loudest = self.ear.loudest(weighed, opening=opening)
        if loudest is None or (least is not None and loudest[0] < least):
            return None
        words, _ = self.words(loudest[1])
        marked = dict(zip(words, self._english.marks(words), strict=True))
        return Sounding(*loudest, self.ear.telling(loudest[1], own, marked))

    def spoken(self, text: str, *, foreign: bool) -> Iterator[tuple[str, Spoken]]:
        """The sentences of a text as they are weighed."""
        for sentence, heard, bits in self._cut(text, foreign):
            yield sentence, replace(heard.spoken, anywhere=bits)

    def _cut(self, text: str, foreign: bool) -> Iterator[tuple[str, _Sentence, int]]:
        languages = self._languages_of(plain(text).split()) if foreign else ()
        for start, end in sentences(text)[:MAX_SENTENCES]:
            sentence = text[start:end]
            bits = self._foreign_bits(plain(sentence), languages) if foreign else 0
            yield sentence, self._heard(sentence), bits

    def _weight(self, sentence: str, heard: _Sentence, anywhere: int = 0, own: frozenset[str] = frozenset()) -> int:
        own = own.intersection(heard.spoken.stems)
        if anywhere or len(sentence) > REMEMBERED_LENGTH:
            return self.ear.weigh(replace(heard.spoken, anywhere=anywhere), own)
        known = self._weighed.get((sentence, own))
        if known is None:
            known = self.ear.weigh(heard.spoken, own)
            if len(self._weighed) >= REMEMBERED:
                self._weighed.clear()
            self._weighed[sentence, own] = known
        return known

    def words(self, sentence: str, others: Iterable[str] = ()) -> tuple[list[str], dict[str, int]]:
        """The words of a sentence, markers in the place of what has their form; and the markers that are among them."""
        added: dict[str, int] = {}
        present = self._markers_in(sentence)
        text = sentence
        if present:
            for name, bit, pattern in self._markers:
                if present & bit:
                    token = f"zz{name.lower()}"
                    text = pattern.sub(rf" {token} \g<0> " if name in _KEEPS_WORDS else f" {token} ", text)
                    added[token] = bit
        for other in others:
            text = text.replace(other, " zzother ")
            added["zzother"] = self._other
        return plain(text).split(), added

    def leanings(self, text: str) -> int:
        """How many kinds of words a demand is made of stand in a short text: demand, addressee, act, what is secret."""
        bits = self._heard(text).bits
        return sum(bool(bits & mask) for mask in self._leanings)

    def wants_secrets(self, text: str) -> bool:
        """Whether a short text speaks of an act and of what is secret."""
        bits = self._heard(text).bits
        return bool(bits & self._leanings[2] and bits & self._leanings[3])

    def _heard(self, sentence: str, others: tuple[str, ...] = ()) -> _Sentence:
        known = self._remembered.get(sentence) if not others else None
        if known is not None:
            return known
        words, added = self.words(sentence, others)
        marks = self._english.marks(words)
        if added:
            marks = [mark | added.get(word, 0) for mark, word in zip(marks, words, strict=True)]
        bits = 0
        for mark in marks:
            bits |= mark
        meanings = self._forms.owners(marks, bits, self._dont)
        as_opening = self._forms.owners(marks, bits | self._opening, self._dont) if meanings else ()
        spoken = Spoken(tuple(map(stem, words)), tuple(marks))
        heard = _Sentence(bits, meanings, as_opening, spoken)
        if not others and len(sentence) <= REMEMBERED_LENGTH:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            self._remembered[sentence] = heard
        return heard

    def _hear_foreign(self, sentence: str, heard: _Sentence, languages: Sequence[Spaced], purpose: int) -> list[Said]:
        bits = self._foreign_bits(plain(sentence), languages)
        if not bits:
            return []
        weight = self.ear.bias + self._weight(sentence, heard, bits)
        bits |= heard.bits & (self._borrowed | self._marked | self._other)
        held = self._anywhere.owners(None, bits)
        said = self._those(held, sentence, weight, purpose)
        return [each for each in said if not (each.rule in _TURNED and self._turned(sentence))]

    def _those(self, held: Iterable[int], sentence: str, weight: int, purpose: int) -> Iterator[Said]:
        for rule, about, sure in (self._meanings[at] for at in held):
            if not about & purpose:
                yield Said(rule, sentence, max(0, weight) if sure else weight)

    def _turned(self, sentence: str) -> bool:
        """Whether a sentence forbids to do something without a consent or a word, which is the opposite of an order."""
        for clause in _CLAUSE.split(sentence):
            rest = WITHOUT.sub(" ", plain(clause))
            if rest != plain(clause) and self._foreign_bits(rest, self._spaced) & self._dont:
                return True
        return False

    def _foreign_bits(self, said: str, languages: Sequence[Spaced]) -> int:
        """What a sentence, made plain, speaks of in another language than English."""
        bits = 0
        if unspaced(said):
            for glued in self._glued:
                bits |= glued.bits_in(said)
            return bits
        words = said.split()
        for language in self._languages_of(words, 1 if languages or not said.isascii() else 2) or languages:
            for mark in language.marks(words):
                bits |= mark
        return bits

    def _languages_of(self, words: Sequence[str], least: int = 1) -> tuple[Spaced, ...]:
        """The languages, English left out, that most of the common words in a text belong to, `least` of them."""
        known = set(words)
        english = len(known & self._english.common)
        counts = [(len(known & each.common), each) for each in self._spaced]
        most = max((count for count, _ in counts), default=0)
        if most < least or most < english:
            return ()
        return tuple(each for count, each in counts if count == most)

    def _markers_in(self, text: str) -> int:
        bits = 0
        for index in self._marks_set.Match(text.encode("utf-8", "surrogatepass")) or ():
            bits |= self._markers[index][1]
        return bits


def _bits(
    english: Mapping[str, str],
    languages: Iterable[Language],
    markers: Iterable[tuple[str, str]],
    kinds: Iterable[str],
) -> dict[str, int]:
    names = dict.fromkeys([*english, *(name for each in languages for name in each.words)])
    names |= dict.fromkeys([OPENING, OTHER, *(name for name, _ in markers), *kinds])
    names.pop("common", None)
    return {name: 1 << index for index, name in enumerate(names)}


def _inflected(words: str) -> str:
    return ", ".join(dict.fromkeys(form for word in words.split() for form in inflected(word)))


def _rarity(name: str, english: Mapping[str, str]) -> int:
    """How many sentences speak of a concept, roughly; only their order matters."""
    if name in EVERYWHERE:
        return 100_000 - EVERYWHERE.index(name)
    return english[name].count(",") + 1 if name in english else 1


def _owned(rows: Iterable[Iterable[str]], bits: Mapping[str, int]) -> list[tuple[Form, int]]:
    return [(compile_form(form, bits), owner) for owner, forms in enumerate(rows) for form in forms]


def _pattern(name: str, text: str) -> Any:
    try:
        return re2.compile(text, _options())
    except re2.error as error:
        raise UnusablePack(f"marker {name}: the pattern is not RE2: {error}") from None


def _marker_set(markers: Iterable[tuple[str, str]]) -> Any:
    found = re2.Set.SearchSet(_options())
    for _, text in markers:
        found.Add(text.encode())
    found.Compile()
    return found


def _options() -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 64 << 20
    return options
