"""Texts as plain words: case, accents, look-alike forms and punctuation taken away, cut into sentences. Pure."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

MAX_SENTENCE: Final = 1200
"""Characters; what has no full stop for so long is cut all the same."""

# A full stop ends a sentence only before white space, so that files, hosts and numbers stay whole. A single line break
# does when the next line begins like a sentence or an item of a list; otherwise the text was only wrapped.
_END: Final = re.compile(
    r"""(?<![.!?;])[.!?;\u2026\u061b\u061f\u06d4\u0964]++["')\]\u201d\u2019*`]{0,3}(?=\s|$)"""
    r"""|[\u3002\uff01\uff1f\uff1b]+"""
    r"""|\r?\n[ \t]*(?=\r?\n|[-*\u2022#>\d|A-Z<\[\u2600-\u27bf\U0001f300-\U0001faff]"""
    r"""|[A-Za-z_][\w.]{0,60}\s?(?:\([^()\n]{0,80}\))?:|$)"""
    r"""|[\u2028\u2029\x0b\x0c]|(?<=\s)[\u2022\u2013\u2014|](?=\s)"""
)
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ACCENTS: Final = re.compile("[\u0300-\u036f\u064b-\u065f\u0670\u0640\u0591-\u05c7]+")
_APOSTROPHES: Final = frozenset("'\u2018\u2019\u02bc\u02b9\u2032\uff07`\u00b4\u05f3")


class _Words(dict[int, str | None]):
    """For `str.translate`: letters, digits, marks stay, apostrophes and unseen characters go, the rest is space."""

    def __missing__(self, code: int) -> str | None:
        char = chr(code)
        kind = unicodedata.category(char)
        result: str | None = " "
        if kind[0] in "LNM":
            result = char
        elif char in _APOSTROPHES or kind in {"Cf", "Cs"}:
            result = None
        self[code] = result
        return result


_WORDS: Final = _Words()


def plain(text: str) -> str:
    """`text` in lower case as words with one space between them, without accents; nothing else is left of it."""
    if not text.isascii():
        text = _ACCENTS.sub("", unicodedata.normalize("NFKD", text))
        text = unicodedata.normalize("NFKC", text)
    return " ".join(text.lower().translate(_WORDS).split())


@lru_cache(maxsize=65_536)
def name_words(name: str) -> tuple[str, ...]:
    """The words of an identifier: `readFile`, `read_file` and `read-file` are `read`, `file`."""
    return tuple(plain(_HUMP.sub(" ", name[:2000])).split())


def humps_split(text: str) -> str:
    """`text` with a space where a word begins within an identifier."""
    return _HUMP.sub(" ", text)


@lru_cache(maxsize=512)
def sentences(text: str) -> tuple[tuple[int, int], ...]:
    """Where the sentences of `text` begin and end, in order. None is longer than MAX_SENTENCE or empty."""
    found: list[tuple[int, int]] = []
    start = 0
    for match in _END.finditer(text):
        _add(text, start, match.end(), found)
        start = match.end()
    _add(text, start, len(text), found)
    return tuple(found)


def _add(text: str, start: int, end: int, found: list[tuple[int, int]]) -> None:
    while end - start > MAX_SENTENCE:
        cut = text.rfind(" ", start + MAX_SENTENCE // 2, start + MAX_SENTENCE)
        cut = cut if cut > start else start + MAX_SENTENCE
        found.append((start, cut))
        start = cut
    if text[start:end].strip():
        found.append((start, end))
