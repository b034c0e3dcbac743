"""How the tables of words are written: plain text, cut at its spaces. Pure: no Django, no I/O."""

from __future__ import annotations


def word_set(text: str) -> frozenset[str]:
    """The words of a text, for a table that is only asked whether it holds a word."""
    return frozenset(text.split())
