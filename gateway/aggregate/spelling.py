"""Change single texts inside raw JSON, and not one byte beside them. Pure: no Django, no I/O."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from functools import lru_cache

import msgspec

Path = tuple[str | None, ...]
"""Names of members from the outside in; None stands for every element of an array."""

_tokens = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\],:]', re.DOTALL).finditer
_encode = msgspec.json.Encoder().encode


@lru_cache(maxsize=8192)
def renamed(document: bytes, path: Path, text: str) -> bytes:
    """The document with `text` in place of the text at `path`. For documents that are asked for again and again."""
    return respelled(document, path, lambda _: text)


def respelled(document: bytes, path: Path, spell: Callable[[str], str]) -> bytes:
    """The document with every text at `path` written as `spell` says; what is no text there stays as it is.

    The document has to be sound JSON, but for texts, which stay as they are where they cannot be read.
    """
    parts, done = [], 0
    for start, end in _texts(document, path):
        text = _read(document[start:end])
        if text is not None:
            parts += [document[done:start], _written(spell(text))]
            done = end
    return b"".join(parts) + document[done:] if parts else document


def _texts(document: bytes, path: Path) -> Iterator[tuple[int, int]]:
    """Where the texts at `path` begin and end, quotes included."""
    at: list[str | None] = []
    key: tuple[int, int] | None = None  # The last text: a member's name once a colon follows.
    opened: list[bytes] = []
    for token in _tokens(document):
        first = document[token.start() : token.start() + 1]
        if first in (b"{", b"["):
            opened.append(first)
            at.append(None if first == b"[" else "")
            key = None
        elif first in (b"}", b"]", b","):
            if key is not None and tuple(at) == path:
                yield key
            key = None
            if first != b",":
                opened.pop()
                at.pop()
        elif first == b":":
            assert key is not None
            at[-1], key = _read(document[key[0] : key[1]]) or "", None
        else:
            key = token.span()


def _read(raw: bytes) -> str | None:
    try:
        return str(json.loads(raw))
    except ValueError:
        return None


def _written(text: str) -> bytes:
    try:
        return _encode(text)
    except UnicodeEncodeError:  # Half of a surrogate pair, which JSON can hold as an escape alone.
        return json.dumps(text).encode()
