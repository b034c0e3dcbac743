"""The ids of a message that could not be read: a bounded look at its two ends, for an error to name it. Pure.

Nothing else is ever taken from such a text, and what is found is good for the answer to its sender alone.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

import msgspec

from registry.mcp.jsonrpc import ID_SIZE

HEAD_BYTES: Final = 64 * 1024
TAIL_BYTES: Final = 4 * 1024
MOST_IDS: Final = 1000

_STRING: Final = rb'"(?:[^"\\]|\\.)*+"'
# A string that does not end is one token too: looking for a beginning inside it would cost the square of its size.
_TOKEN: Final = re.compile(_STRING + rb'?|[{}\[\],:]|[^\s"{}\[\],:]+', re.DOTALL)
_NUMBER: Final = re.compile(rb"-?(?:0|[1-9][0-9]*)")
_ANSWERS: Final = frozenset({b'"result"', b'"error"'})
# Many clients write the id last; whole JSON that ends so can have it nowhere but in its outermost object.
_LAST: Final = re.compile(
    rb'[,{]\s*"id"\s*:\s*(' + _STRING + rb'|-?[0-9]+)\s*(?:,\s*"(?:jsonrpc|method)"\s*:\s*"[^"\\]*"\s*)*\}\s*\Z',
    re.DOTALL,
)


@dataclass(slots=True)
class Ends:
    """The beginning and the end of a text that came in pieces; what lies between is not kept."""

    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)
    size: int = 0

    def add(self, piece: bytes) -> None:
        """The next piece."""
        self.size += len(piece)
        self.head += piece[: max(0, HEAD_BYTES - len(self.head))]
        self.tail += piece[-TAIL_BYTES:]
        del self.tail[:-TAIL_BYTES]

    @classmethod
    def of(cls, text: bytes) -> Ends:
        """The ends of a whole text."""
        made = cls()
        made.add(text)
        return made


@dataclass(slots=True)
class _Seen:
    """The members of one object that matter here."""

    ids: set[bytes] = field(default_factory=set)
    calls: bool = False
    answers: bool = False

    def request_id(self) -> bytes | None:
        """Its id; None for an answer, whose id is somebody else's, and where there is not exactly one."""
        if len(self.ids) != 1 or (self.answers and not self.calls):
            return None
        return _sound(next(iter(self.ids)))


def request_ids(text: Ends) -> list[bytes]:
    """The raw ids of one message, or of each request in a batch, in order; at most MOST_IDS, empty where unknown."""
    head = bytes(text.head)
    seen = _seen(head)
    if text.size > HEAD_BYTES and len(seen) == 1 and head.lstrip().startswith(b"{"):
        last = _LAST.search(bytes(text.tail))
        if last is not None:
            seen[0].ids.add(last[1])
    found = [each.request_id() for each in seen]
    return [number for number in found if number is not None][:MOST_IDS]


def _seen(head: bytes) -> list[_Seen]:
    """What the outermost object holds, or each object of an outermost array."""
    seen: list[_Seen] = []
    depth, level, before, key = 0, 1, b"", b""
    for match in _TOKEN.finditer(head):
        token = match[0]
        if token in (b"{", b"["):
            if depth == 0:
                level = 1 if token == b"{" else 2
            depth += 1
            if depth == level and token == b"{":
                seen.append(_Seen())
        elif token in (b"}", b"]"):
            depth -= 1
            if depth <= 0:
                break
        elif depth == level and seen:
            if token == b":":
                key = before
                _note(seen[-1], key)
            elif before == b":" and key == b'"id"' and match.end() < len(head):
                seen[-1].ids.add(token)
        before = token
    return seen


def _note(seen: _Seen, key: bytes) -> None:
    seen.calls = seen.calls or key == b'"method"'
    seen.answers = seen.answers or key in _ANSWERS


def _sound(raw: bytes) -> bytes | None:
    """An id that may stand in an answer as it is: a string or a whole number of bounded size."""
    if len(raw) > ID_SIZE:
        return None
    if _NUMBER.fullmatch(raw):
        return raw
    try:
        msgspec.json.decode(raw, type=str)
        raw.decode("utf-8")
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return raw
