"""The form of bearer tokens: minted, read back, digested. No Django, no I/O: the gateway calls it for every request.

`gha_` (agent) or `ghp_` (person), 12 characters of public id, `_`, 32 of secret, 6 of checksum; all base62.
"""

from __future__ import annotations

import hmac
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

AGENT: Final = "gha_"
PERSON: Final = "ghp_"
PREFIXES: Final = frozenset({AGENT, PERSON})
ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
PUBLIC_ID: Final = 12
SECRET: Final = 32
CHECKSUM: Final = 6
LENGTH: Final = 4 + PUBLIC_ID + 1 + SECRET + CHECKSUM
_CHARACTERS: Final = frozenset(ALPHABET)


class BadToken(ValueError):
    """The text is no token of ours; the message says what is wrong and never repeats the text."""


@dataclass(frozen=True, slots=True)
class Minted:
    """A new token. `text` is shown once; of `secret` only the digest is kept."""

    text: str = field(repr=False)
    public_id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Presented:
    """A token as somebody presents it: well formed, not yet known to be one of ours."""

    prefix: str
    public_id: str
    secret: str = field(repr=False)


def mint(prefix: str, randomness: Callable[[int], bytes]) -> Minted:
    """Make a token from `randomness(n)`, which returns n unpredictable bytes (`secrets.token_bytes`)."""
    if prefix not in PREFIXES:
        raise ValueError(f"unknown token prefix {prefix!r}")
    public_id = random_text(PUBLIC_ID, randomness)
    secret = random_text(SECRET, randomness)
    body = f"{prefix}{public_id}_{secret}"
    return Minted(body + _checksum(body), public_id, secret)


def random_text(length: int, randomness: Callable[[int], bytes]) -> str:
    """`length` base62 characters; the 16 bytes drawn beyond need leave a bias below 2^-100."""
    return _base62(int.from_bytes(randomness(length + 16)), length)


def read_token(text: str) -> Presented:
    """Take a presented token apart. Raises BadToken; a mistyped one fails on its checksum, without a look-up."""
    if len(text) != LENGTH:
        raise BadToken(f"a token has {LENGTH} characters, this has {len(text)}")
    if text[:4] not in PREFIXES:
        raise BadToken(f"a token starts with {AGENT} or {PERSON}")
    body, checksum = text[:-CHECKSUM], text[-CHECKSUM:]
    public_id, separator, secret = body[4 : 4 + PUBLIC_ID], body[4 + PUBLIC_ID], body[5 + PUBLIC_ID :]
    if separator != "_" or not _CHARACTERS.issuperset(public_id + secret + checksum):
        raise BadToken("the text is not laid out as a token")
    if not hmac.compare_digest(checksum, _checksum(body)):
        raise BadToken("the checksum does not match; the token was cut or mistyped")
    return Presented(text[:4], public_id, secret)


def digest(secret: str, key: bytes) -> str:
    """What is stored of a secret: HMAC-SHA256 in hex, under a key that is not in the database."""
    return hmac.digest(key, secret.encode(), "sha256").hex()


def matches(secret: str, stored: str, key: bytes) -> bool:
    """Whether `secret` has the stored digest, in constant time; compare with NOBODY for an unknown public id."""
    return hmac.compare_digest(digest(secret, key), stored)


NOBODY: Final = sha256(b"no token has this digest").hexdigest()
"""Compared against when a public id is unknown, so that unknown and wrong take the same time."""


def _checksum(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), CHECKSUM)


def _base62(number: int, length: int) -> str:
    characters = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        characters.append(ALPHABET[digit])
    return "".join(reversed(characters))
