"""Characters that stand in for `/`, `\\` or `.`, and characters nobody sees. Pure: no Django, no I/O."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

# Unicode confusables (UTS 39, revision 17.0) whose skeleton consists of separators or dots alone. Letters and digits
# of living scripts are left out: KATAKANA NO, two CJK ideographs, the Arabic zeros, Lisu tone letters and Coptic
# letters only resemble a separator, no software turns them into one, and ordinary names are full of them.
_LOOKS_LIKE_SEPARATOR: Final = re.compile(
    "[\u0701\u0702\u1735\u2041\u2044\u2215\u2216\u244a\u2571\u27cb\u27cd\u29f5\u29f8\u29f9\u2afb\u2afd\u2cf9"
    "\u2f02\u2f03\u31d3\u31d4\ua60e\U00010a50\U0001d16d\U0001d20f\U0001d23a\U0001d23b]"
).search
_SEPARATORS: Final = frozenset("/\\.")
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def hidden_separator(text: str) -> str | None:
    """The first character of `text` that NFKC or the confusables table turns into `/`, `\\` or `.`, or None."""
    if text.isascii():
        return None
    if match := _LOOKS_LIKE_SEPARATOR(text):
        return match[0]
    folded = unicodedata.normalize("NFKC", text)
    if all(folded.count(separator) == text.count(separator) for separator in _SEPARATORS):
        return None
    return next(char for char in text if char > "\x7f" and _gives_separator(char))


def _gives_separator(char: str) -> bool:
    return not _SEPARATORS.isdisjoint(unicodedata.normalize("NFKC", char))


def unseen(text: str) -> str | None:
    """The first control, format, surrogate or line-separator character of `text`, or None."""
    if text.isprintable():
        return None
    return next((char for char in text if unicodedata.category(char) in _UNSEEN), None)
