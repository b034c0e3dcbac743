"""Text hidden in text, brought to light: encodings, costumes, invisible bits, comments. Pure: no Django, no I/O.

Every way is bounded in time and size: see MAX_DEPTH and MAX_DECODED. Whether what comes to light says anything is for
the caller to judge.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote

import re2

from registry.scan.lookalikes import LOOKALIKES, STYLED, unmasked

MAX_DEPTH: Final = 3
MAX_DECODED: Final = 256 * 1024
MAX_PARTS: Final = 64
SHORTEST: Final = 6


@dataclass(frozen=True, slots=True)
class Revealed:
    """What a part of a text says when looked at properly. `way` is how, in words; `quote` how it stood there."""

    way: str
    quote: str
    text: str


def _linear(pattern: str) -> Any:
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    return re2.compile(f"(?m){pattern}", options)


_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX: Final = re.compile(r"(?:0x)?(?:[0-9A-Fa-f]{2}[\s:,;-]{0,2}(?:0x|\\x)?){8,}")
_PERCENT: Final = re.compile(r"%[0-9A-Fa-f]{2}")
_ENTITY: Final = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|[A-Za-z]{2,12});")
_ESCAPE: Final = re.compile(
    r"\\u\{?([0-9A-Fa-f]{4,6})\}?|\\x([0-9A-Fa-f]{2})|\\U([0-9A-Fa-f]{8})|\\([0-3][0-7]{2})"
    r"|=([0-9A-F]{2})(?==[0-9A-F]{2}|\b)|U\+([0-9A-Fa-f]{4,6})\s?"
)
_CODES: Final = re.compile(r"(?:\b[0-9]{2,3}\b[\s,;.-]{1,3}){7,}[0-9]{2,3}\b")
_BITS: Final = re.compile(r"(?:\b[01]{7,8}\b[\s,]{0,2}){4,}|[01]{40,}")
_SPACED: Final = re.compile(r"(?<![^\W_])(?:[^\W\d_][ .\-_*|,~\u00b7\u200b/]{1,2}){5,}[^\W\d_](?![^\W_])")
_LEET: Final = re.compile(r"[A-Za-z][013457@$!|+][A-Za-z013457@$!|+]|\b[013457@$][a-z]{2,}")
_DIGITS: Final = str.maketrans("013457@$!|+8", "oieastasiltb")
_TAG: Final = re.compile("[\U000e0020-\U000e007e]{2,}")
_SELECTOR: Final = re.compile("(?:[\ufe00-\ufe0f\U000e0100-\U000e01ef]){3,}")
_SPREAD_SELECTOR: Final = re.compile("[\ufe00-\ufe0d\U000e0100-\U000e01ef]")
_ZERO_WIDTH: Final = re.compile("[\u200b-\u200f\u2060-\u2064\ufeff\u180e\xad\u034f]")
_COMMENTS: Final = (("<!--", "-->"), ("/*", "*/"), ("{#", "#}"), ("{{!", "}}"), ("<%#", "%>"), ("%%", "%%"))
_CONCEALED: Final = _linear(
    r"<\w+[^<>]*(?:display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*[01](?:px|pt|em|\b)"
    r"|opacity\s*:\s*0(?:\.0\d*)?\s*[;\"']"
    r"|color\s*:\s*(?:white|transparent|#fff)|\shidden\b|height\s*:\s*0|left\s*:\s*-\d{3})[^<>]*>([^<]+)"
    r"|<(?:details|noscript|template|desc|metadata|title|summary)>([^<]+)"
)
_ATTRIBUTE: Final = _linear(
    r"\b(?:alt|title|aria-label|data-[a-z-]+|content|value)\s*=\s*[\"']([^\"']{12,})[\"']|!\[([^\[\]]{12,})\]"
    r"|\]\([^()\s]+\s+\"([^\"]{12,})\"\)|^\s*\[(?://|comment|_|#|hidden)\]:\s*(?:#|<>)\s*[(\"']([^\n]+)$"
)

# Common words, and what becomes of them when letters are moved on by so many places, or the word is turned round.
_TELLING: Final = (
    "the",
    "and",
    "you",
    "this",
    "user",
    "with",
    "tool",
    "not",
    "for",
    "file",
    "must",
    "read",
    "send",
    "before",
    "all",
    "that",
    "from",
    "ignore",
    "instructions",
    "previous",
    "into",
)
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz"


def _shift(by: int) -> dict[int, int]:
    turned = _ALPHABET[by:] + _ALPHABET[:by]
    return str.maketrans(_ALPHABET + _ALPHABET.upper(), turned + turned.upper())


_SHIFTS: Final = {f"letters moved by {by}": _shift(by) for by in range(1, 26)}
_MIRROR: Final = str.maketrans(_ALPHABET + _ALPHABET.upper(), _ALPHABET[::-1] + _ALPHABET[::-1].upper())
_TURNS: Final[dict[str, Callable[[str], str]]] = {
    **{name: (lambda text, table=table: str(text.translate(table))) for name, table in _SHIFTS.items()},  # type: ignore[misc]
    "the alphabet mirrored": lambda text: text.translate(_MIRROR),
    "written backwards": lambda text: text[::-1],
    "words written backwards": lambda text: " ".join(word[::-1] for word in text.split()),
}


def _telltales() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for way in _TURNS:
        for word in _TELLING:
            # What gives `word` under `way` is `word` under the way back.
            back = f"letters moved by {26 - int(way.rsplit(' ', 1)[1])}" if way in _SHIFTS else way
            hidden = _TURNS[back](word)
            if hidden not in _TELLING:
                found.setdefault(hidden, set()).add(way)
    return found


_TELLTALES: Final = _telltales()
_TRIGGER: Final = re.compile(
    r"[A-Za-z0-9+/_-]{16,}|(?:[0-9A-Fa-f]{2}[\s:,;-]{0,2}(?:0x|\\x)?){8,}|%[0-9A-Fa-f]{2}|&(?:#|[A-Za-z]{2,12};)"
    r"|\\[uxU0-3]|=[0-9A-F]{2}|U\+|[01]{7}"
    r"|(?:[0-9]{2,3}[\s,;.-]{1,3}){7}|(?:[A-Za-z][ .\-_*|,~/]{1,2}){5}|[A-Za-z][013457@$!|+][A-Za-z013457@$!|+]|<!--"
    r"|/\*|\]:|\{#|\{\{!|<%|%%|<\w|alt=|!\["
)


def may_hide(text: str, words: set[str]) -> bool:
    """Whether a closer look at the text is worth it; `words` are its plain words. Never wrong when it says no."""
    return not text.isascii() or _TRIGGER.search(text) is not None or not _TELLTALES.keys().isdisjoint(words)


def reveal(text: str, words: Callable[[str], set[str]]) -> Iterator[Revealed]:
    """All that is hidden in `text`, layers within layers too, up to MAX_DEPTH and MAX_DECODED characters in all."""
    waiting, spent, seen = [(text, 0, "")], 0, {text}
    while waiting:
        part, depth, via = waiting.pop(0)
        for count, found in enumerate(_layers(part, words)):
            if count >= MAX_PARTS or spent > MAX_DECODED:
                break
            if found.text in seen or len(found.text) < SHORTEST:
                continue
            seen.add(found.text)
            spent += len(found.text)
            way = f"{via}, then {found.way}" if via else found.way
            yield Revealed(way, found.quote if not via else text[:400], found.text)
            if depth + 1 < MAX_DEPTH:
                waiting.append((found.text, depth + 1, way))


def _layers(text: str, words: Callable[[str], set[str]]) -> Iterator[Revealed]:
    yield from _bytes_in_letters(text)
    yield from _escaped(text)
    yield from _numbers(text)
    yield from _spelled(text)
    if not text.isascii():
        yield from _in_unseen(text)
        yield from _in_costume(text)
    yield from _set_aside(text)
    yield from _turned(text, words(text))


def _bytes_in_letters(text: str) -> Iterator[Revealed]:
    for match in _BASE64.finditer(text):
        raw = match[0]
        for skip in (0, 1) if len(raw) > 40 else (0,):
            body = raw[skip:].rstrip("=").replace("-", "+").replace("_", "/")
            body = body[: len(body) - 1] if len(body) % 4 == 1 else body
            said = _readable(_base64(body))
            if said:
                yield Revealed("base64", raw, said)
                break
    for match in _HEX.finditer(text):
        digits = re.sub(r"0x|\\x|[^0-9A-Fa-f]", "", match[0])
        said = _readable(bytes.fromhex(digits[: len(digits) // 2 * 2]))
        if said:
            yield Revealed("hexadecimal", match[0], said)


def _base64(body: str) -> bytes:
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4))
    except (binascii.Error, ValueError):
        return b""
    if raw[:2] == b"\x1f\x8b" or raw[:1] == b"\x78":
        try:
            return zlib.decompressobj(wbits=47).decompress(raw, MAX_DECODED)
        except zlib.error:
            return b""
    return raw


def _readable(raw: bytes) -> str:
    """`raw` as text when it is one: letters for the most part, nothing that cannot be printed."""
    for encoding in ("utf-8", "utf-16-le") if raw[1:2] == b"\x00" else ("utf-8",):
        try:
            said = raw.decode(encoding)
        except UnicodeDecodeError:
            continue
        letters = sum(char.isalpha() or char == " " for char in said)
        if (
            len(said) >= SHORTEST
            and letters >= 0.7 * len(said)
            and all(char.isprintable() or char in "\t\r\n" for char in said)
        ):
            return said
    return ""


def _escaped(text: str) -> Iterator[Revealed]:
    if len(_PERCENT.findall(text)) >= 4:
        yield Revealed("percent signs", _first(_PERCENT, text), unquote(text))
    if len(_ENTITY.findall(text)) >= 4:
        yield Revealed("character references", _first(_ENTITY, text), html.unescape(text))
    if len(_ESCAPE.findall(text)) >= 4:
        yield Revealed("escapes", _first(_ESCAPE, text), _ESCAPE.sub(_unescaped, text))


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return text[match.start() : match.start() + 200] if match else ""


def _unescaped(match: re.Match[str]) -> str:
    four, two, eight, octal, quoted, named = match.groups()
    code = int(octal, 8) if octal else int(four or two or eight or quoted or named, 16)
    return chr(code) if code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else match[0]


def _numbers(text: str) -> Iterator[Revealed]:
    for match in _CODES.finditer(text):
        codes = [int(code) for code in re.findall("[0-9]+", match[0])]
        if all(9 <= code < 127 for code in codes):
            yield Revealed("character codes", match[0][:200], "".join(map(chr, codes)))
    for match in _BITS.finditer(text):
        digits = re.sub("[^01]", "", match[0])
        yield from _from_bits(digits, "zeros and ones", match[0][:200])


def _from_bits(digits: str, way: str, quote: str) -> Iterator[Revealed]:
    for bits in (digits, digits.translate(str.maketrans("01", "10"))):
        for width in (8, 7):
            said = "".join(chr(int(bits[at : at + width], 2)) for at in range(0, len(bits) - width + 1, width))
            if len(said) >= 4 and all(char.isprintable() and char.isascii() for char in said.strip("\x00\n")):
                yield Revealed(way, quote, said.strip("\x00\n"))
                return


def _spelled(text: str) -> Iterator[Revealed]:
    if _SPACED.search(text):
        joined = _SPACED.sub(_joined, text)
        yield Revealed("letters spaced out", _first(_SPACED, text), joined)
    if len(_LEET.findall(text)) >= 3:
        yield Revealed("digits for letters", _first(_LEET, text), text.translate(_DIGITS))


def _joined(match: re.Match[str]) -> str:
    # Between words the gap is wider, or of another kind, than between letters.
    words = re.split(r"\s{2,}|[ ]*[|/][ ]*", match[0])
    return " ".join(re.sub(r"[^\w]|_", "", word) for word in words)


def _in_unseen(text: str) -> Iterator[Revealed]:
    if tags := _TAG.findall(text):
        yield Revealed(
            "tag characters", tags[0][:200], " ".join("".join(chr(ord(char) - 0xE0000) for char in run) for run in tags)
        )
    for pattern in (_SELECTOR, _SPREAD_SELECTOR):
        found = "".join(pattern.findall(text))
        said = _readable(bytes(_selector_byte(char) for char in found)) if len(found) >= SHORTEST else ""
        if said:
            yield Revealed("variation selectors", found[:200], said)
    yield from _in_zero_width(text)


def _selector_byte(char: str) -> int:
    code = ord(char)
    return code - 0xFE00 if code < 0x10000 else code - 0xE0100 + 16


def _in_zero_width(text: str) -> Iterator[Revealed]:
    found = _ZERO_WIDTH.findall(text)
    kinds = sorted(set(found))
    if len(found) < 24:
        return
    # Two of them are the digits; a third one, if there is, only parts the letters.
    for zero in kinds:
        for one in kinds:
            if zero < one and found.count(zero) + found.count(one) >= 24:
                digits = "".join("0" if char == zero else "1" for char in found if char in (zero, one))
                yield from _from_bits(digits, "invisible characters", "".join(found[:100]))


def _in_costume(text: str) -> Iterator[Revealed]:
    if any(char in STYLED or char in LOOKALIKES for char in text):
        plain = unmasked(text)
        yield Revealed("letters in disguise", text[:400], plain)
        if any("\u0250" <= char <= "\u02af" or char == "ǝ" for char in text):
            yield Revealed("letters upside down", text[:400], plain[::-1])
    if "\u202e" in text:
        for run in re.findall("\u202e([^\u202c\u202d\n]{3,4000})", text):
            yield Revealed("direction overridden", run[:200], run[::-1])


def _set_aside(text: str) -> Iterator[Revealed]:
    for opening, closing in _COMMENTS:
        start = text.find(opening)
        while start >= 0:
            begin = start + len(opening)
            end = text.find(closing, begin)
            # A comment that is never closed swallows the rest for whoever renders it.
            end = len(text) if end < 0 and opening == "<!--" else end
            if end < 0:
                break
            if text[begin:end].strip():
                yield Revealed("a comment", text[start : end + len(closing)], text[begin:end])
            start = text.find(opening, end + len(closing))
    for pattern, way in ((_CONCEALED, "mark-up that is not shown"), (_ATTRIBUTE, "an attribute")):
        for match in pattern.finditer(text):
            said = next((group for group in match.groups() if group), "")
            if said.strip():
                yield Revealed(way, match[0], said)


def _turned(text: str, words: set[str]) -> Iterator[Revealed]:
    hits: dict[str, int] = {}
    for word in words & _TELLTALES.keys():
        for way in _TELLTALES[word]:
            hits[way] = hits.get(way, 0) + 1
    for way in sorted(hits):
        if hits[way] >= 2:
            yield Revealed(way, text[:400], _TURNS[way](text))
