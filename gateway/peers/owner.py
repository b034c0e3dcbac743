"""Which process something belongs to that no process has claimed yet. Pure: no Django, no I/O."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256


def owner_of(key: str, living: Iterable[str]) -> str:
    """The process whose SHA-256 of process id and key is highest; a process that comes or goes moves only its own keys.

    Every process that sees the same `living` answers the same. Raises ValueError when nobody lives.
    """
    return max(living, key=lambda process: (sha256(f"{process}{key}".encode()).digest(), process))
