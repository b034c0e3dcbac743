"""Strict JSON in, canonical JSON out, digests over it. Pure: no Django, no I/O."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final, Literal, NoReturn

import msgspec
import rfc8785

from governance.canonical.values import JSON, Number

NOT_JSON: Final = -32700
NOT_ACCEPTED: Final = -32600
MAX_NUMBER_LENGTH: Final = 400
MAX_EXPONENT: Final = 1000
MAX_LEDGER_INTEGER: Final = 2**53

_SPACE: Final = " \t\n\r"
_INT_DIGITS: Final = 18
_EXPONENT_LENGTH: Final = 8
_SURROGATE_ESCAPE: Final = re.compile(rb"\\u[dD][89a-fA-F]").search


class Malformed(ValueError):
    """Bytes that are no message: `code` is -32700 (not JSON) or -32600 (JSON that is not accepted)."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code: Final = code
        self.message: Final = message


def _unique(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    members = dict(pairs)
    if len(members) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise Malformed(NOT_ACCEPTED, f"the key {json.dumps(key[:80])} is written twice in one object")
            seen.add(key)
    return members


def _integer(literal: str) -> int | Number:
    size = len(literal)
    if size <= _INT_DIGITS or (size == _INT_DIGITS + 1 and literal[0] == "-"):
        return int(literal) if literal != "-0" else Number(literal, Decimal(literal))
    return _number(literal)


def _number(literal: str) -> Number:
    if len(literal) > MAX_NUMBER_LENGTH:
        raise Malformed(NOT_ACCEPTED, f"a number has more than {MAX_NUMBER_LENGTH} characters")
    if "e" in literal or "E" in literal:
        _refuse_huge(literal)
    return Number(literal, Decimal(literal))


def _refuse_huge(literal: str) -> None:
    # The length first: a Decimal cannot even be made of an exponent with twenty digits.
    _, _, exponent = literal.replace("E", "e").partition("e")
    if len(exponent) > _EXPONENT_LENGTH or abs(Decimal(literal).adjusted()) > MAX_EXPONENT:
        raise Malformed(NOT_ACCEPTED, f"a number has an exponent beyond {MAX_EXPONENT}")


def _constant(name: str) -> NoReturn:
    raise Malformed(NOT_JSON, f"not JSON: {name} is no JSON value")


_STRICT: Final = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_number, parse_constant=_constant
).raw_decode
_SYNTAX: Final = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=_constant).raw_decode


def parse(body: bytes, *, max_depth: int = 64, max_members: int = 10_000) -> JSON:
    """The one JSON value that `body` is. Members are those of objects and arrays together.

    Raises Malformed. Bytes that are not JSON are -32700 whatever else is wrong with them, with one exception:
    nesting too deep for the scanner is -32600.
    """
    try:
        text = body.decode("utf-8").strip(_SPACE)
    except UnicodeDecodeError as error:
        raise Malformed(NOT_JSON, f"not JSON: byte {error.start} is not valid UTF-8") from None
    # No member without a character of its own: small bodies need no counting.
    openings = len(body) if len(body) <= max_depth else body.count(b"{") + body.count(b"[")
    if len(body) > max_members and openings + body.count(b",") > max_members:
        # Counted on a cheap reading first: making 10,000s of exact numbers only to refuse them costs too much.
        _measure(_scan(_SYNTAX, text), max_depth, max_members)
        value = _accept(text)
    else:
        value = _accept(text)
        if openings > max_depth:
            _measure(value, max_depth, max_members)
    if b"\\" in body and _SURROGATE_ESCAPE(body):
        _refuse_surrogates(value)
    return value


def _scan(decode: Callable[[str], tuple[JSON, int]], text: str) -> JSON:
    try:
        value, end = decode(text)
    except json.JSONDecodeError as error:
        raise Malformed(NOT_JSON, f"not JSON: {error.msg} at character {error.pos}") from None
    except RecursionError:
        raise Malformed(NOT_ACCEPTED, "objects and arrays are nested too deeply") from None
    if end != len(text):
        raise Malformed(NOT_JSON, f"not JSON: more text after the value, at character {end}")
    return value


def _accept(text: str) -> JSON:
    try:
        return _scan(_STRICT, text)
    except Malformed as refusal:
        if refusal.code == NOT_ACCEPTED:
            _scan(_SYNTAX, text)
        raise


def _measure(value: JSON, max_depth: int, max_members: int) -> None:
    level: list[dict[str, JSON] | list[JSON]] = [value] if isinstance(value, (dict, list)) else []
    depth = members = 0
    while level:
        depth += 1
        if depth > max_depth:
            raise Malformed(NOT_ACCEPTED, f"objects and arrays are nested deeper than {max_depth}")
        members += sum(map(len, level))
        if members > max_members:
            raise Malformed(NOT_ACCEPTED, f"more than {max_members} members")
        below: list[dict[str, JSON] | list[JSON]] = []
        for container in level:
            for member in container.values() if type(container) is dict else container:
                kind = type(member)
                if kind is dict or kind is list:
                    below.append(member)  # type: ignore[arg-type]
        level = below


def _refuse_surrogates(value: JSON) -> None:
    waiting: list[JSON] = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str):
            try:
                part.encode("utf-8")
            except UnicodeEncodeError:
                raise Malformed(NOT_ACCEPTED, "a string holds half of a surrogate pair") from None
        elif isinstance(part, dict):
            waiting.extend(part)
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


def _as_written(value: object) -> object:
    if isinstance(value, Number):
        return msgspec.Raw(value.literal.encode("ascii"))
    return _plain_string(value)


def _as_double(value: object) -> object:
    if isinstance(value, Number):
        return msgspec.Raw(_document_number(value.value).encode("ascii"))
    return _plain_string(value)


def _plain_string(value: object) -> object:
    if isinstance(value, str):
        return str.__str__(value)
    raise TypeError(f"{type(value).__name__} is no JSON value")


_Order = Literal["deterministic"]
_ORDER: Final[_Order] = "deterministic"
_WRITTEN: Final = msgspec.json.Encoder(order=_ORDER, enc_hook=_as_written).encode
_WRITTEN_UNSORTED: Final = msgspec.json.Encoder(enc_hook=_as_written).encode
_DOUBLE: Final = msgspec.json.Encoder(order=_ORDER, enc_hook=_as_double).encode
_DOUBLE_UNSORTED: Final = msgspec.json.Encoder(enc_hook=_as_double).encode


def encode(value: JSON) -> bytes:
    """The forwarded form A (contract section 7): sorted keys, no white space, number literals as written."""
    out = _WRITTEN(value)
    return out if out.isascii() or _order_agrees(out) else _WRITTEN_UNSORTED(_by_utf16(value))


def jcs(value: object) -> bytes:
    """RFC 8785 of a ledger entry: dict, list, tuple, str, int, bool, None.

    Raises TypeError for anything else, a float above all, and ValueError for an integer beyond 2^53: the caller
    passes such a one as a string.
    """
    require_entry_values(value)
    return jcs_unchecked(value)


def jcs_unchecked(value: object) -> bytes:
    """The same for what is known to be made of such values alone; anything else is written wrongly, not refused."""
    out = _WRITTEN(value)
    return out if out.isascii() or _order_agrees(out) else _WRITTEN_UNSORTED(_by_utf16(value))


def jcs_document(value: JSON) -> bytes:
    """RFC 8785 of a parsed document, with one extension so that no two different numbers look the same.

    A number is written as ES6 prints its double when that text has exactly the number's value (`1.10` and `1.1`
    are both `1.1`, `-0` is `0`), as RFC 8785 says. A number that its double would round (9007199254740993, 1e400,
    the 20th digit after the point) is written exactly: all digits of an integer, else digits, `e` and exponent.
    """
    out = _DOUBLE(value)
    return out if out.isascii() or _order_agrees(out) else _DOUBLE_UNSORTED(_by_utf16(value))


def digest(data: bytes) -> str:
    """SHA-256 as `sha256:<hex>`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _order_agrees(out: bytes) -> bool:
    # UTF-8 order and UTF-16 order differ only between U+E000..U+FFFF and what lies beyond U+FFFF: without a
    # character of both kinds (lead bytes EE and EF, F0 to F4) there is nothing to put right.
    beyond = b"\xf0" in out or b"\xf1" in out or b"\xf2" in out or b"\xf3" in out or b"\xf4" in out
    return not (beyond and (b"\xee" in out or b"\xef" in out))


def _by_utf16(value: object) -> object:
    if isinstance(value, dict):
        return {key: _by_utf16(value[key]) for key in sorted(value, key=lambda key: key.encode("utf-16-be"))}
    if isinstance(value, (list, tuple)):
        return [_by_utf16(part) for part in value]
    return value


def require_entry_values(value: object) -> None:
    """Return for what `jcs` takes; raises as `jcs` does."""
    if isinstance(value, dict):
        for key in value:
            if type(key) is not str and not isinstance(key, str):
                raise TypeError(f"a key is {type(key).__name__}, not a string")
        members: Iterable[object] = value.values()
    else:
        members = value if isinstance(value, (list, tuple)) else (value,)
    for member in members:
        kind = type(member)
        if kind is str or member is None or kind is bool:
            continue
        if kind is int:
            if not -MAX_LEDGER_INTEGER <= member <= MAX_LEDGER_INTEGER:  # type: ignore[operator]
                raise ValueError("an integer beyond 2^53 must be passed as a string")
        elif isinstance(member, (dict, list, tuple)):
            require_entry_values(member)
        elif not isinstance(member, str):
            raise TypeError(f"{kind.__name__} has no place in a ledger entry")


def _document_number(value: Decimal) -> str:
    double = float(value)
    text = "" if math.isinf(double) else rfc8785.dumps(double).decode("ascii")
    if text and Decimal(text) == value:
        return text
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    written = "".join(map(str, digits)).lstrip("0")
    stripped = written.rstrip("0")
    exponent += len(written) - len(stripped)
    tail = "0" * exponent if exponent >= 0 else f"e{exponent}"
    return f"{'-' if sign else ''}{stripped}{tail}"
