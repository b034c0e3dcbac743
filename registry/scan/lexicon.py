"""The words of the pack, looked up token by token: which concepts a text speaks of. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import re2

from registry.scan.plain import plain

MAX_REMEMBERED: Final = 100_000
MAX_WORD: Final = 40
_UNSPACED: Final = re.compile(
    "[\u0590-\u05ff\u0600-\u06ff\u0750-\u077f\u08a0-\u08ff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff"
    "\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)


class UnusablePack(ValueError):
    """A rule pack that cannot be used; the message names the entry and what is wrong with it."""


Phrase: TypeAlias = tuple[tuple[str, ...], int]


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one word says: concepts, and phrases that begin with it, by their second word.

    A phrase is the words behind those two and its concepts; `loose` are phrases whose second word is a stem, with it.
    """

    bits: int
    phrases: Mapping[str, tuple[Phrase, ...]]
    loose: tuple[Phrase, ...]
    whole: int
    """The concepts of all of its phrases."""


class Spaced:
    """The vocabulary of a language that puts spaces between words. Remembers what it has looked up, within bounds."""

    __slots__ = ("_exact", "_longest_stem", "_phrases", "_remembered", "_stem_phrases", "_stems", "common")

    def __init__(self, words: Mapping[str, str], bits: Mapping[str, int]) -> None:
        self.common = frozenset(plain(words.get("common", "")).split())
        self._exact: dict[str, int] = {}
        self._stems: dict[str, int] = {}
        self._phrases: dict[str, list[Phrase]] = {}
        self._stem_phrases: dict[str, list[Phrase]] = {}
        self._remembered: dict[str, _Entry] = {}
        for concept, entries in words.items():
            if concept != "common":
                for entry in entries.split(","):
                    self._add(_entry_words(entry, concept), bits[concept])
        self._longest_stem = max(map(len, (*self._stems, *self._stem_phrases)), default=0)

    def _add(self, words: tuple[str, ...], bit: int) -> None:
        first, rest = words[0], words[1:]
        stem = first.endswith("*")
        first = first.rstrip("*")
        if not rest:
            where = self._stems if stem else self._exact
            where[first] = where.get(first, 0) | bit
        else:
            (self._stem_phrases if stem else self._phrases).setdefault(first, []).append((rest, bit))

    def bits_of(self, words: Iterable[str]) -> int:
        """All that these words may speak of, phrases that begin with one of them counted as if they were whole."""
        found = 0
        for word in words:
            entry = self._remembered.get(word) or self._look_up(word)
            found |= entry.bits | entry.whole
        return found

    def marks(self, words: Sequence[str]) -> list[int]:
        """The concepts that begin at each word of a sentence."""
        found = []
        last = len(words) - 1
        for place, word in enumerate(words):
            entry = self._remembered.get(word) or self._look_up(word)
            bits = entry.bits
            if entry.whole and place < last:
                for rest, bit in entry.phrases.get(words[place + 1], ()):
                    if not rest or _follows(words, place + 2, rest):
                        bits |= bit
                for rest, bit in entry.loose:
                    if _follows(words, place + 1, rest):
                        bits |= bit
            found.append(bits)
        return found

    def _look_up(self, word: str) -> _Entry:
        bits, phrases = self._exact.get(word, 0), list(self._phrases.get(word, ()))
        for length in range(1, min(len(word), self._longest_stem) + 1):
            stem = word[:length]
            bits |= self._stems.get(stem, 0)
            phrases += self._stem_phrases.get(stem, ())
        strict: dict[str, list[Phrase]] = {}
        whole = 0
        for rest, bit in phrases:
            whole |= bit
            if rest[0][-1] != "*":
                strict.setdefault(rest[0], []).append((rest[1:], bit))
        loose = tuple(phrase for phrase in phrases if phrase[0][0][-1] == "*")
        entry = _Entry(bits, {second: tuple(rows) for second, rows in strict.items()}, loose, whole)
        if len(word) <= MAX_WORD:
            if len(self._remembered) >= MAX_REMEMBERED:
                self._remembered.clear()
            self._remembered[word] = entry
        return entry


class Unspaced:
    """The vocabulary of a language whose words are looked for anywhere within a sentence."""

    __slots__ = ("_bits", "_set")

    def __init__(self, words: Mapping[str, str], bits: Mapping[str, int]) -> None:
        self._bits: list[int] = []
        options = re2.Options()
        options.max_mem = 64 << 20
        options.log_errors = False
        self._set: Any = re2.Set.SearchSet(options)
        for concept, entries in words.items():
            said = {plain(entry) for entry in entries.split(",")} - {""}
            self._set.Add("|".join(re2.escape(entry) for entry in sorted(said)).encode())
            self._bits.append(bits[concept])
        self._set.Compile()

    def bits_in(self, sentence: str) -> int:
        """What a sentence, made plain, speaks of."""
        found = 0
        for index in self._set.Match(sentence.encode("utf-8", "surrogatepass")) or ():
            found |= self._bits[index]
        return found


def unspaced(text: str) -> bool:
    """Whether the text holds letters of a script whose words are not told by spaces."""
    return not text.isascii() and _UNSPACED.search(text) is not None


def _entry_words(entry: str, concept: str) -> tuple[str, ...]:
    words = tuple(
        plain(part) + ("*" if part.endswith("*") else "") for part in entry.split() if plain(part) or part == "*"
    )
    if not words or any(" " in word or word == "*" for word in words):
        raise UnusablePack(f"concept {concept}: {entry.strip()!r} is no word or phrase")
    return words


def _follows(words: Sequence[str], place: int, rest: tuple[str, ...]) -> bool:
    if place + len(rest) > len(words):
        return False
    return all(
        words[place + offset].startswith(part[:-1]) if part[-1] == "*" else words[place + offset] == part
        for offset, part in enumerate(rest)
    )
