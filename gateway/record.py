"""Record ids: unguessable, and ascending with time, so that the ledger's index grows at its end (RFC 9562, v7)."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

VERSION_AND_VARIANT = (7 << 76) | (2 << 62)
FREE = ~((0xF << 76) | (3 << 62)) & ((1 << 80) - 1)


def new_record(now: float, randomness: Callable[[int], bytes]) -> UUID:
    """A UUID version 7 for the second `now` since 1970."""
    tail = int.from_bytes(randomness(10)) & FREE | VERSION_AND_VARIANT
    return UUID(int=int(now * 1000) << 80 | tail)
