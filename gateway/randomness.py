"""Unpredictable bytes for the event loop, read from the system in blocks: a read costs more than what it brings.

For record ids and salts. Keys and tokens are made by `secrets` directly.
"""

from __future__ import annotations

import secrets

BLOCK = 8192


class Randomness:
    """Hands out each byte once. Not for several threads."""

    def __init__(self) -> None:
        self._block = b""
        self._place = 0

    def __call__(self, size: int) -> bytes:
        """`size` unpredictable bytes."""
        end = self._place + size
        if end > len(self._block):
            self._block = secrets.token_bytes(max(BLOCK, size))
            self._place, end = 0, size
        taken = self._block[self._place : end]
        self._place = end
        return taken
