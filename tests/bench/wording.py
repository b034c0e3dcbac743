"""The texts that calls carry: unique, as long as asked, and nothing in them that a detector looks for. Pure."""

from __future__ import annotations

from functools import cache

SENTENCE = "every call that passes here is written down before it leaves and once more when its answer came back "
TAG = 24
_LETTERS = str.maketrans("0123456789", "bcdfghjklm")


@cache
def filler(size: int) -> str:
    """`size` characters of plain words."""
    return (SENTENCE * (size // len(SENTENCE) + 1))[:size]


def tag(run: int, session: int, number: int) -> str:
    """TAG letters that no other call of this or another run has: a long row of digits could pass for a card number."""
    return f"x{run:06d}{session:05d}{number:011d} ".translate(_LETTERS)
