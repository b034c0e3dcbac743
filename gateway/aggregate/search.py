"""Find tools by words, the same way every time: no model, no index, no I/O. Pure: no Django.

A word of the query counts most where it is a word of the tool's name, less where one begins with the other, and less
again in the description. Equal scores go by name.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

IN_NAME, BEGINS_IN_NAME, IN_DESCRIPTION, BEGINS_IN_DESCRIPTION = 12, 6, 3, 1
ALL_WORDS = 8
SHORTEST_STEM = 3
MOST_WORDS = 32
DESCRIPTION_CHARACTERS = 4000
_humps = re.compile(r"(?<=[a-z0-9])(?=[A-Z])").sub
_words = re.compile(r"[^\W_]+").findall


def words(text: str) -> tuple[str, ...]:
    """The different words of a text, in order: `readFile`, `read_file` and `Read file` have the same two."""
    plain = unicodedata.normalize("NFKC", _humps(" ", text)).casefold()
    return tuple(dict.fromkeys(_words(plain)))


words_of_tools = lru_cache(maxsize=8192)(words)
"""The same, remembered: for names and descriptions, which few write and everybody searches."""


def ranked(query: str, tools: Iterable[tuple[str, str]], limit: int) -> list[str]:
    """The names of the best matches, the best first, of pairs of name and description."""
    wanted = words(query)[:MOST_WORDS]
    scored = [(score(wanted, name, description), name) for name, description in tools]
    hits = sorted((-points, name) for points, name in scored if points)
    return [name for _, name in hits[:limit]]


def score(wanted: tuple[str, ...], name: str, description: str) -> int:
    """How well a tool answers the words of a query; 0 where it does not."""
    in_name, in_description = words_of_tools(name), words_of_tools(description[:DESCRIPTION_CHARACTERS])
    points = [
        max(
            _points(word, in_name, IN_NAME, BEGINS_IN_NAME),
            _points(word, in_description, IN_DESCRIPTION, BEGINS_IN_DESCRIPTION),
        )
        for word in wanted
    ]
    return sum(points) + (ALL_WORDS if points and all(points) else 0)


def _points(word: str, there: tuple[str, ...], same: int, begins: int) -> int:
    if word in there:
        return same
    return begins if any(_akin(word, other) for other in there) else 0


def _akin(word: str, other: str) -> bool:
    """Whether the shorter of the two begins the longer."""
    shorter = min(len(word), len(other))
    return shorter >= SHORTEST_STEM and word[:shorter] == other[:shorter]
