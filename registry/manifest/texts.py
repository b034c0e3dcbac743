"""What a text names and hides: addresses, and characters that nobody sees. Pure: no Django, no I/O."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from typing import Final

from governance.text.visible import visible

_ADDRESSES: Final = re.compile(
    # Each run of such characters is tried from its beginning alone, so that long ones cost no more than short ones.
    r"(?<![\w+.-])[\w+.-]+://[^\s/?#\"'`<>()\[\]{}|\\]+"
    r"|(?<![\w+.-])www\.[\w.-]+"
    r"|(?<![\w%+.-])[\w%+.-]+@[\w-]+(?:\.[\w-]+)+",
    re.IGNORECASE,
).findall
_SELECTOR: Final = "\ufe0f"
_JOINER: Final = "\u200d"
_NO_BREAK_SPACES: Final = frozenset("\xa0\u202f")


def addresses(text: str) -> list[str]:
    """The origins, hosts and e-mail addresses that a text names, each once, in its order."""
    if "://" not in text and "@" not in text and "www." not in text.lower():
        return []
    return list(dict.fromkeys(found.lower().rstrip(".,;:") for found in _ADDRESSES(text)))


def unseen(text: str) -> Counter[str]:
    """How often each character that cannot be seen occurs; no-break spaces, and what forms emoji, are left out."""
    found: Counter[str] = Counter()
    if text.isascii() and text.isprintable():
        return found
    hidden = {character for character in set(text) if visible(character, lines=True) != character}
    before = ""
    for character in text if hidden else "":
        if character in hidden and not _usual(character, before):
            found[character] += 1
        before = character
    return found


def _usual(character: str, before: str) -> bool:
    """One selector behind a symbol and one joiner behind that: more of them in a row could spell out a message."""
    if character == _SELECTOR:
        return _symbol(before)
    if character == _JOINER:
        return before == _SELECTOR or _symbol(before)
    return character in _NO_BREAK_SPACES


def _symbol(character: str) -> bool:
    return bool(character) and (unicodedata.category(character) in ("So", "Sk") or character in "0123456789#*‼⁉↔")
