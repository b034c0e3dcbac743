"""Checks that a pattern cannot make: check digits, checksums, placeholders. Pure: no Django, no I/O."""

from __future__ import annotations

import binascii
import re
import zlib
from base64 import urlsafe_b64decode
from collections.abc import Callable
from enum import Enum
from typing import Final, TypeAlias

import msgspec

from governance.tokens import BadToken, read_token


class Proof(Enum):
    """What a validator says of a match: not a secret, may well be one, or shown to be one by its checksum."""

    REFUSED = 0
    PLAUSIBLE = 1
    PROVEN = 2


Validator: TypeAlias = Callable[[bytes, int, int], Proof]
"""Takes the UTF-8 text and where the match in it starts and ends."""

_SEPARATORS: Final = b" -"
_AS_IT_IS: Final = bytes((digit - 0x30) % 256 for digit in range(256))
_DOUBLED: Final = bytes(sum(divmod(2 * ((digit - 0x30) % 10), 10)) for digit in range(256))
_HEX_ONLY: Final = re.compile(rb"[0-9a-fA-F]+")
_BASE64_RUN: Final = re.compile(rb"[A-Za-z0-9+/=]{16,}")
# Long runs of one filler, and words that people write where a secret would go.
_FILLER: Final = re.compile(rb"x{6}|X{6}|\*{4}|\.{4}|0{10}|_{6}|-{6}")
_STAND_IN: Final = re.compile(
    rb"example|placeholder|changeme|change[-_]me|your[-_]|[-_]your|my[-_](?:key|token|secret)|redacted|insert[-_]"
    rb"|replace[-_]|[-_]here\b|dummy[-_]|not[-_]a[-_]real",
    re.IGNORECASE,
)
_KINDS: Final = (re.compile(rb"[A-Z]"), re.compile(rb"[a-z]"), re.compile(rb"[0-9]"))
_POINT: Final = 0x2E
_ZERO: Final = 0x30
_BASE62: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECKSUM_LENGTH: Final = 6


def not_placeholder(raw: bytes, start: int, end: int) -> Proof:
    """Refuses what documentation writes in place of a secret."""
    if _FILLER.search(raw, start, end) or _STAND_IN.search(raw, start, end):
        return Proof.REFUSED
    return Proof.PLAUSIBLE


def first_word(raw: bytes, start: int, end: int) -> Proof:
    """As `not_placeholder`, and nothing joined in front with a hyphen: `cache-key-<hash>` is no key."""
    if raw[start - 1 : start] == b"-":
        return Proof.REFUSED
    return not_placeholder(raw, start, end)


def payment_card(raw: bytes, start: int, end: int) -> Proof:
    """Luhn, one kind of separator, and not a part of a decimal fraction."""
    written = raw[start:end]
    digits = written.translate(None, _SEPARATORS)
    # The check digit scheme of python-stdnum, as two sums over bytes: texts full of numbers must stay cheap.
    if (sum(digits[-1::-2].translate(_AS_IT_IS)) + sum(digits[-2::-2].translate(_DOUBLED))) % 10:
        return Proof.REFUSED
    if b" " in written and b"-" in written:
        return Proof.REFUSED
    if start > 1 and raw[start - 1] == _POINT and raw[start - 2 : start - 1].isdigit():
        return Proof.REFUSED
    if raw[end : end + 1] == b"." and raw[end + 1 : end + 2].isdigit() and raw[end + 1] != _ZERO:
        return Proof.REFUSED
    return Proof.PLAUSIBLE


def crc32_token(raw: bytes, start: int, end: int) -> Proof:
    """Tokens whose last six characters are the CRC-32 of the ones before in base 62 (GitHub, npm).

    A wrong checksum is still reported, as a plausible one: an older or mistyped token is still worth hiding.
    """
    if not_placeholder(raw, start, end) is Proof.REFUSED:
        return Proof.REFUSED
    body = raw[raw.index(b"_", start) + 1 : end]
    proven = _base62(zlib.crc32(body[:-_CHECKSUM_LENGTH])) == body[-_CHECKSUM_LENGTH:].decode()
    return Proof.PROVEN if proven else Proof.PLAUSIBLE


def gatehouse_token(raw: bytes, start: int, end: int) -> Proof:
    """A bearer token of our own. A wrong checksum is still reported, as with the tokens of `crc32_token`."""
    try:
        read_token(raw[start:end].decode())
    except BadToken:
        return not_placeholder(raw, start, end)
    return Proof.PROVEN


def key_block(raw: bytes, start: int, end: int) -> Proof:
    """A key block that holds key material: a bare header, or one with dots for a body, is documentation."""
    header_end = raw.find(b"-----", start + 5, end)
    runs = _BASE64_RUN.findall(raw, header_end + 5 if header_end > 0 else start, end)
    return Proof.PLAUSIBLE if any(not _FILLER.search(run) for run in runs) else Proof.REFUSED


def mixed_base64(raw: bytes, start: int, end: int) -> Proof:
    """Key material in base64: not a hash in hex, with upper case, lower case and digits."""
    if _HEX_ONLY.fullmatch(raw, start, end) or not_placeholder(raw, start, end) is Proof.REFUSED:
        return Proof.REFUSED
    mixed = all(kind.search(raw, start, end) for kind in _KINDS)
    return Proof.PLAUSIBLE if mixed else Proof.REFUSED


def web_token(raw: bytes, start: int, end: int) -> Proof:
    """A JSON Web Token: a header that names its algorithm and a payload that is an object."""
    head, payload, _ = raw[start:end].split(b".", 2)
    if not isinstance(_json_part(payload), dict):
        return Proof.REFUSED
    header = _json_part(head)
    return Proof.PLAUSIBLE if isinstance(header, dict) and "alg" in header else Proof.REFUSED


def _json_part(part: bytes) -> object:
    try:
        decoded = urlsafe_b64decode(part + b"=" * (-len(part) % 4))
        return msgspec.json.decode(decoded)
    except (binascii.Error, ValueError, RecursionError):
        return None


def _base62(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = _BASE62[rest] + digits
    return digits.rjust(_CHECKSUM_LENGTH, "0")


VALIDATORS: Final[dict[str, Validator]] = {
    "not_placeholder": not_placeholder,
    "first_word": first_word,
    "payment_card": payment_card,
    "crc32_token": crc32_token,
    "gatehouse_token": gatehouse_token,
    "key_block": key_block,
    "mixed_base64": mixed_base64,
    "web_token": web_token,
}
