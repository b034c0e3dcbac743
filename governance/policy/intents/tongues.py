"""Reads descriptions and names in other languages than English. Pure: no Django, no I/O.

Words of languages written in Latin letters are looked up whole, stems of the others are searched for. A little is known
here, not the languages: what is not found leaves a tool unknown, never harmless.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from governance.policy.intents.tables import word_set
from governance.policy.intents.tongue_tables import (
    AIMING,
    ANSWERED,
    ENGLISH,
    NEGATING,
    NEGATING_BEHIND,
    PARTED,
    QUERIES,
    RELATIVE,
    ROMANCE,
    RUNNING,
    SMALL,
    SPOKEN,
    STATE_BEFORE,
    STATE_BEHIND,
    STATING,
    STEMS,
    THINGS,
)
from governance.policy.intents.words import KNOWN, plain
from governance.policy.values import Intent

_MOST_WORDS: Final = 48
_STOPS: Final = frozenset(".;:!?\n")
_ENDINGS: Final[Sequence[tuple[str, tuple[str, ...]]]] = (
    ("are", ("are", "a", "ano", "ando")),
    ("ere", ("ere", "e", "ono", "endo")),
    ("ire", ("ire", "isce", "e")),
    ("ar", ("ar", "a", "an", "am", "ando")),
    ("er", ("er", "e", "en", "em", "ent", "ez")),
    ("ir", ("ir", "e", "en", "em", "it", "issent")),
    ("re", ("re",)),
)
_WORDS: Final = re.compile(r"[^\W\d_]+|[.,;:!?\n]").findall
# Words of English that a derived form is spelt like.
_ENGLISH: Final = word_set(
    "param poster copier importer exporter mater note active code define extract prepare the are place mange "
    "fine compute cure come date"
)


def _forms() -> Iterator[tuple[str, Intent]]:
    for intent, infinitives in ROMANCE.items():
        for infinitive in infinitives.split():
            for ending, forms in _ENDINGS:
                if infinitive.endswith(ending):
                    stem = infinitive[: -len(ending)]
                    yield from ((stem + form, intent) for form in forms)
                    break
    for intent, words in SPOKEN.items():
        yield from ((word, intent) for word in words.split())


def _table() -> dict[str, Intent]:
    table: dict[str, Intent] = {}
    for word, intent in _forms():
        if word not in _ENGLISH and word not in KNOWN:
            table.setdefault(word, intent)
    return table


FOREIGN: Final[Mapping[str, Intent]] = _table()
_STEM: Final = {
    intent: re.compile(f"{STATE_BEFORE}(?:{stems}){STATE_BEHIND}") for intent, stems in STEMS.items()
}  # fmt: skip
_RUNS_A_SEARCH: Final = re.compile(
    "(?:検索|クエリ|搜索|查询|분석|검색)を?(?:実行|执行|실행)|(?:実行|执行|실행)(?:搜索|查询|検索)"
)
_ALIEN: Final = re.compile(r"[\u0370-\u06ff\u0900-\u097f\u3040-\u9fff\uac00-\ud7af]")


# What the reader is told to call next, in another tool: `; pare com parar_temporizador`.
_ANOTHER_TOOL: Final = re.compile(
    r"(?<=[.;,])\s[^.;,]{0,40}?\b(?:com|con|avec|mit|use|usa|usar|utilize|utilisez|utilizza|verwende|nutze) "
    r"[`'\"]?[a-z]+_\w+[`'\"]?"
)


def told(description: str) -> Iterator[tuple[Intent, str]]:
    """The acts that a text in another language names, leaving out what it denies and what it only speaks of."""
    words = _WORDS(_ANOTHER_TOOL.sub(" ", plain(description[:600]).lower()))[:_MOST_WORDS]
    begun, spoken = True, False
    for place, word in enumerate(words):
        if word in _STOPS:
            begun, spoken = True, False
            continue
        intent = _parted(words, place) or FOREIGN.get(word)
        if intent is not None and _counts(words, place, begun=begun, spoken=spoken):
            if intent is Intent.DESTRUCTIVE and word in RUNNING and not QUERIES.isdisjoint(words[place : place + 5]):
                intent = Intent.READ
            spoken = True
            yield intent, word
        elif begun and (word in ANSWERED or (word in STATING and words[place + 1 : place + 2] != ["."])):
            yield Intent.READ, word
        begun = False
    if not description.isascii() and _ALIEN.search(description):
        yield from _stems(description[:4000].lower())


def _counts(words: Sequence[str], place: int, *, begun: bool, spoken: bool) -> bool:
    """Whether a verb is an act where it stands: neither denied nor a thing nor what somebody else does."""
    if words[place] in THINGS and not begun:
        return False
    before = words[max(place - 3, 0) : place]
    for stop in (".", ",", ";", ":"):
        if stop in before:
            before = before[len(before) - before[::-1].index(stop) :]
    if not NEGATING.isdisjoint(before) or not NEGATING_BEHIND.isdisjoint(words[place + 1 : place + 2]):
        return False
    previous = before[-1:]
    if not RELATIVE.isdisjoint(before[-2:]):
        return False
    return not (spoken and previous and previous[0] in AIMING)


def _parted(words: Sequence[str], place: int) -> Intent | None:
    """A German verb of two parts: the second one ends its clause, as in `fragt das Wetter ab`."""
    particles = PARTED.get(words[place])
    if particles is None:
        return None
    for at, word in enumerate(words[place + 1 : place + 14]):
        if word in _STOPS:
            break
        behind = words[place + 2 + at : place + 3 + at]
        if word in particles and (not behind or behind[0] in _STOPS or behind[0] in ("und", "oder", "sowie")):
            return particles[word]
    return None


def is_foreign(words: Sequence[str]) -> bool:
    """Whether a text is in another language, whose words are no English verbs: `Resume las ventas por mes`."""
    first = words[:24]
    return ENGLISH.isdisjoint(first) and sum(word in SMALL for word in first) > 1


def _stems(text: str) -> Iterator[tuple[Intent, str]]:
    searches = _RUNS_A_SEARCH.search(text)
    if searches is not None:
        text = text.replace(searches[0], searches[0][:2])
    for intent, stems in _STEM.items():
        match = stems.search(text)
        if match is not None:
            yield intent, match[0]
