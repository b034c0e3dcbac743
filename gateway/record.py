"""Record ids: unguessable, and ascending with time, so that the ledger's index grows at its end (RFC 9562, v7)."""

from __future__ import annotations

import secrets


def new_record(now: float) -> bytes:
    """A UUID version 7 for the second `now` since 1970."""
    stamp = int(now * 1000).to_bytes(6, "big")
    tail = bytearray(secrets.token_bytes(10))
    tail[0] = 0x70 | tail[0] & 0x0F
    tail[2] = 0x80 | tail[2] & 0x3F
    return stamp + bytes(tail)
