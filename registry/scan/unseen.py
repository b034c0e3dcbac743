"""Characters that a person does not see, or sees as something else. Pure: no Django, no I/O."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from registry.scan.lookalikes import LOOKALIKES, STYLED

NEARBY: Final = 60
"""Characters of context on either side of what is quoted."""

_ODD: Final = re.compile(
    "[^\t\n\r\x20-\x7e\xa1-\u02ff\u0370-\u1fff\u2010-\u2027\u2030-\u205e\u2070-\ud7ff\uf900-\ufdcf]|\r(?!\n)"
)
"""What an ordinary text has none of, emoji left out; found first, judged then."""

_TAGS: Final = re.compile("[\U000e0000-\U000e007f]+")
_FLAG: Final = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{1,8}\U000e007f")
_SELECTORS: Final = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]+")
_TERMINAL: Final = re.compile("[\x1b\x9b\x90\x9d]")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x8f\x91-\x9a\x9c\x9e\x9f]")
_OVERWRITING: Final = re.compile("[^\r\n]\r(?=[^\r\n])")
_OVERRIDE: Final = re.compile("[\u202d\u202e]")
_EMBEDDING: Final = re.compile("[\u202a\u202b\u202c\u2066-\u2069]")
_RIGHT_TO_LEFT: Final = re.compile(
    "[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_INVISIBLE: Final = re.compile(
    "[\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u2065\u206a-\u206f\u2800\u3164\ufeff"
    "\uffa0"
    "\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U00013430-\U00013440]+"
)
_PRIVATE: Final = re.compile("[\ue000-\uf8ff\U000f0000-\U0010fffd\ufdd0-\ufdef\ufffe\uffff]")
_STACKED: Final = re.compile("(?:[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]){4,}")
_PADDING: Final = re.compile(
    r"(?:[ \t\u00a0\u1680\u2000-\u200b\u202f\u205f\u2800\u3000]{60,}|(?:[ \t\u00a0\u2800\u3164]*\r?\n){8,}|(?:[ "
    r"\t\u00a0]*[.\-_*=~|\u00b7]){0,1}(?:\n[ \t]*[.\-_*|]?){12,})"
)
_LATIN: Final = re.compile("[A-Za-z]")
_WORD: Final = re.compile(r"[^\W\d_]{2,}")
_COMPLEX: Final = re.compile("[\u0590-\u109f\u1700-\u18af\u1a00-\u1aaf\u1b00-\u1bff\ua840-\uabff\U00011000-\U00011fff]")
_NO_SPACES: Final = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uac00-\ud7af]")
MANY: Final = 4
_LINES: Final = re.compile(r"(?:\n[ \t\r.\-_*=~|\xa0\xb7\u2800\u3000\u3164]{0,200}){8}")
MANY_SPACES: Final = 6
_SPACES: Final = (" ", "\t", "\xa0", "\u2003", "\u2002", "\u3000", "\u2800", "\u200b", "\u2009", "\u200a")


@dataclass(frozen=True, slots=True)
class Sight:
    """A rule that characters of a text give, where they begin, and what they say."""

    rule: str
    start: int
    end: int
    note: str = ""


def ordinary(text: str) -> bool:
    """Whether no character of `text` needs a look. Padding is not looked for."""
    return (text.isascii() and text.isprintable()) or _ODD.search(text) is None


def sights(text: str) -> Iterator[Sight]:
    """What the characters of one text give, at most one of each rule."""
    if not ordinary(text):
        yield from _unseen(text)
        yield from _controls(text)
        yield from _directions(text)
        yield from _invisible(text)
    if not text.isascii():
        yield from _disguised(text)


def padded(text: str) -> bool:
    """Whether a text holds enough white space in a row for padding to be looked for."""
    if "  " not in text and "\n\n" not in text and text.isascii() and not _LINES.search(text):
        return False
    return _LINES.search(text) is not None or any(space * MANY_SPACES in text for space in _SPACES)


def padding(text: str) -> Iterator[Sight]:
    """Long white space with something behind it that a person would have to scroll to."""
    for match in _PADDING.finditer(text) if padded(text) else ():
        if match.start() > 0 and len(_WORD.findall(text[match.end() : match.end() + 4000])) >= 2:
            yield Sight(
                "text-behind-padding", match.end(), len(text), f"{match.end() - match.start()} characters of space"
            )
            return


def around(text: str, start: int, end: int) -> str:
    """The span with what stands around it, for a quote."""
    return text[max(0, start - NEARBY) : min(end, start + 400) + NEARBY]


def _unseen(text: str) -> Iterator[Sight]:
    without_flags = _FLAG.sub(lambda match: "\U0001f3f4" * len(match[0]), text)
    tags = _TAGS.search(without_flags)
    if tags:
        said = "".join(chr(ord(char) - 0xE0000) for run in _TAGS.findall(without_flags) for char in run)
        said = "".join(char for char in said if " " <= char <= "~")
        yield Sight("tag-characters", tags.start(), tags.end(), f"they say {said[:200]!r}" if said else "")
    yield from _selectors(text)
    if private := _PRIVATE.search(text):
        yield Sight("private-characters", private.start(), private.end())
    if stacked := _STACKED.search(text):
        yield Sight("stacked-marks", stacked.start(), stacked.end())


def _selectors(text: str) -> Iterator[Sight]:
    odd = 0
    for match in _SELECTORS.finditer(text):
        base = text[match.start() - 1] if match.start() else ""
        if len(match[0]) > 1 or not base:
            yield Sight("variation-selectors", match.start(), match.end(), f"{len(match[0])} in a row")
            return
        kind = unicodedata.category(base)
        emoji = kind in {"So", "Sm", "Po", "Sk"} or base in "0123456789#*\u200d" or ord(base) > 0x1F000
        odd += not (emoji or ord(base) >= 0x1800)
        if odd >= 2:
            yield Sight("variation-selectors", match.start(), match.end())
            return


def _controls(text: str) -> Iterator[Sight]:
    if terminal := _TERMINAL.search(text):
        yield Sight("terminal-escape", terminal.start(), terminal.end())
    if overwriting := _OVERWRITING.search(text):
        yield Sight("overwriting-text", overwriting.start(), overwriting.end())
    found = _CONTROL.findall(text)
    if found:
        at = text.index(found[0])
        yield Sight("control-characters" if len(found) > 1 else "control-character", at, at + 1)


def _directions(text: str) -> Iterator[Sight]:
    right_to_left = _RIGHT_TO_LEFT.search(text) is not None
    if override := _OVERRIDE.search(text):
        yield Sight("text-direction-override", override.start(), override.end())
        return
    embedding = _EMBEDDING.search(text)
    if embedding and not right_to_left:
        yield Sight(
            "text-direction-override",
            embedding.start(),
            embedding.end(),
            "nothing in the text reads from right to left",
        )


def _invisible(text: str) -> Iterator[Sight]:
    odd = 0
    first: re.Match[str] | None = None
    for match in _INVISIBLE.finditer(text):
        if _has_reason(text, match):
            continue
        first = first or match
        odd += len(match[0])
        within = _LATIN.match(text, match.end()) and match.start() and _LATIN.match(text, match.start() - 1)
        if len(match[0]) >= MANY or (within and match[0] != "\xad"):
            yield Sight(
                "invisible-text",
                match.start(),
                match.end(),
                f"{len(match[0])} in a row" if not within else "within a word",
            )
            return
    if first is not None:
        yield Sight(
            "invisible-text" if odd >= 2 * MANY else "invisible-character", first.start(), first.end(), f"{odd} in all"
        )


def _has_reason(text: str, match: re.Match[str]) -> bool:
    """Whether an invisible character belongs where it stands: joiners of scripts and emoji, marks of direction."""
    if len(match[0]) > 2:
        return False
    before = text[match.start() - 1] if match.start() else ""
    after = text[match.end()] if match.end() < len(text) else ""
    joined = match[0] in {"\u200c", "\u200d"}
    if joined and before and (_COMPLEX.match(before) or (ord(before) > 0x2000 and not _LATIN.match(after or " "))):
        return True
    if match[0] in {"\u200e", "\u200f", "\u061c"}:
        return _RIGHT_TO_LEFT.search(text) is not None
    if match[0] in {"\u200b", "\u2060"}:
        return bool(before and after and _NO_SPACES.match(before) and _NO_SPACES.match(after))
    return match[0] == "\ufeff" and match.start() == 0


def _disguised(text: str) -> Iterator[Sight]:
    words = [match for match in _WORD.finditer(text) if not match[0].isascii()]
    mixed = [match for match in words if _is_mixed(match[0])]
    if mixed:
        rule = "look-alike-letters" if len(mixed) > 1 else "look-alike-letter"
        yield Sight(rule, mixed[0].start(), mixed[0].end(), f"{len(mixed)} words")
    styled = sum(char in STYLED for char in text)
    if styled >= 2 * MANY:
        at = next(place for place, char in enumerate(text) if char in STYLED)
        yield Sight("styled-letters", at, min(len(text), at + 40))


def _is_mixed(word: str) -> bool:
    """Whether Latin letters and letters of another script that look like Latin ones stand in one word."""
    return _LATIN.search(word) is not None and any(char in LOOKALIKES for char in word)
