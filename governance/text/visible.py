"""Text as a person may safely look at it: what cannot be seen is spelled out. Pure: no Django, no I/O."""

from __future__ import annotations

import re
from typing import Final

# Control, format, bidi, zero-width, tag, variation-selector, private-use and surrogate characters, spaces other than
# U+0020, fillers that draw nothing, noncharacters. U+27E6 is listed so that a label cannot be forged.
_UNSEEN_RANGES: Final = (
    "\x00-\x1f\x7f-\xa0\xad\u034f\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u1680\u17b4\u17b5"
    "\u180b-\u180f\u2000-\u200f\u2028-\u202f\u205f-\u206f\u27e6\u2800\u3000\u3164\ud800-\uf8ff\ufdd0-\ufdef"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000110bd\U000110cd\U00013430-\U00013440\U00016fe4"
    "\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U0010ffff"
)
_UNSEEN: Final = re.compile(f"[{_UNSEEN_RANGES}]")
_UNSEEN_BUT_LINES: Final = re.compile(rf"(?![\n\t])[{_UNSEEN_RANGES}]")
_BREAKS_AND_RUNS: Final = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029 ]+")


def visible(text: str, *, lines: bool = False) -> str:
    """`text` with every character that cannot be seen written as a label, `⟦U+202E⟧`.

    `lines` keeps line feeds and tabs as they are.
    """
    if text.isascii() and text.isprintable():
        return text
    return (_UNSEEN_BUT_LINES if lines else _UNSEEN).sub(_label, text)


def fold(text: str, limit: int) -> tuple[str, int]:
    """The first `limit` characters and how many more there are. Fold before `visible`, so that no label is cut."""
    if len(text) <= limit:
        return text, 0
    return text[:limit], len(text) - limit


def one_line(text: str, limit: int | None = None) -> str:
    """`text` on one line for a terminal or a log: breaks and runs of spaces shrink to one space, the rest as `visible`.

    Past `limit` characters it ends in `… (+N)`, N being how many are not shown.
    """
    line = _BREAKS_AND_RUNS.sub(" ", text).strip(" ")
    head, hidden = fold(line, limit) if limit is not None else (line, 0)
    return f"{visible(head)}… (+{hidden})" if hidden else visible(head)


def _label(match: re.Match[str]) -> str:
    return f"⟦U+{ord(match[0]):04X}⟧"
