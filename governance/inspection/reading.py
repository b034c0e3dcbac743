"""All text of a JSON value at once, for one pass over it. Pure: no Django, no I/O."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from governance.canonical.values import JSON, Number

SEPARATOR: Final = "\0"
LONG_NUMBER: Final = 10**11
OVERLONG_NUMBER: Final = 10**20
# Stands for a number that the fast decoder rounded: it trips the trigger for numbers, and the exact one is looked at.
ROUNDED: Final = "0000000000e0"
_LARGEST_EXACT: Final = 2**53
_LONG_DIGITS: Final = 11
_OVERLONG_DIGITS: Final = 20
_decode = msgspec.json.Decoder().decode


class UnreadableResult(ValueError):
    """A result that cannot be screened: broken, or written so that two readers may read two things."""


def text_of(value: JSON) -> str:
    """All strings, names and long whole numbers of `value`, with NUL between them."""
    texts: list[str] = []
    numbers: list[str] = []
    _gather(value, texts, numbers)
    return SEPARATOR.join(texts + numbers) if numbers else SEPARATOR.join(texts)


def all_text(raw: bytes) -> str:
    """The same of a JSON text, with the strings of repeated names too. Raises UnreadableResult when it is no JSON."""
    try:
        value = _decode(raw)
    except msgspec.ValidationError:
        # JSON, but with a number beyond what the fast decoder takes.
        return _text_with_repeated_names(raw)
    except (ValueError, RecursionError) as error:
        raise UnreadableResult(f"the result cannot be screened: {error}") from None
    texts: list[str] = []
    numbers: list[str] = []
    _gather(value, texts, numbers)
    text = SEPARATOR.join(texts)
    # The decoder keeps only the last of repeated names. Every string it kept accounts for two quotation marks of the
    # document and for those escaped in it; any left over belong to something it dropped.
    if b"u0022" in raw or raw.count(b'"') != 2 * len(texts) + text.count('"'):
        text = _text_with_repeated_names(raw)
    return SEPARATOR.join([text, *numbers]) if numbers else text


def digits_of(number: int | float | Number) -> str:
    """A whole number of 12 to 20 digits as digits without sign; empty for every other number, ROUNDED for a float
    that may not be exact.
    """
    if isinstance(number, Number):
        if not _LONG_DIGITS <= number.value.adjusted() < _OVERLONG_DIGITS or number.value != int(number.value):
            return ""
        return str(abs(int(number.value)))
    if not LONG_NUMBER <= abs(number) < OVERLONG_NUMBER or number != int(number):
        return ""
    if isinstance(number, float) and abs(number) > _LARGEST_EXACT:
        return ROUNDED
    return str(abs(int(number)))


def require_utf8(raw: bytes) -> None:
    """Raise UnreadableResult for bytes that are not UTF-8."""
    try:
        raw.decode()
    except UnicodeDecodeError as error:
        raise UnreadableResult(f"the result cannot be screened: byte {error.start} is not valid UTF-8") from None


def _gather(value: Any, texts: list[str], numbers: list[str]) -> None:
    waiting = [value]
    while waiting:
        part = waiting.pop()
        kind = type(part)
        if kind is dict:
            texts.extend(part)
            part = part.values()
        elif kind is not list:
            part = (part,)
        for item in part:
            kind = type(item)
            if kind is str:
                texts.append(item)
            elif kind is dict or kind is list:
                waiting.append(item)
            elif kind is int:
                if not -LONG_NUMBER < item < LONG_NUMBER:
                    numbers.append(digits_of(item))
            elif item is not None and kind is not bool:
                numbers.append(digits_of(item))


def _text_with_repeated_names(raw: bytes) -> str:
    texts: list[str] = []
    numbers: list[str] = []

    def take(pairs: list[tuple[str, Any]]) -> None:
        for name, member in pairs:
            texts.append(name)
            _gather(member, texts, numbers)

    try:
        rest = json.loads(raw, object_pairs_hook=take)
    except (ValueError, RecursionError) as error:
        raise UnreadableResult(f"the result cannot be screened: {error}") from None
    _gather(rest, texts, numbers)
    return SEPARATOR.join(texts + numbers)
