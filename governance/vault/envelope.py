"""Seal and open small secrets with AES-256-GCM under a key ring. Pure: no Django, no I/O.

Form: `v1.<key id>.<base64url of nonce and box>`. The associated data names purpose and row, so that a sealed value
moved to another row does not open.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION: Final = "v1"
NONCE: Final = 12
TAG: Final = 16
KEY: Final = 32
KEY_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,32}", re.ASCII)


class VaultLocked(Exception):
    """The key that a value was sealed with is not on the ring; the message names the key id and the remedy."""


class NotSealed(ValueError):
    """The text was not sealed here for this purpose and row, or it was changed since."""


class BadKeyRing(ValueError):
    """The text of a key ring cannot be used; the message names the entry and never shows a key."""


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Keys by id, 32 bytes each. `first` seals; all of them open."""

    first: str
    keys: dict[str, bytes]

    def __repr__(self) -> str:
        return f"KeyRing(first={self.first!r}, ids={sorted(self.keys)!r})"


def read_key_ring(text: str) -> KeyRing:
    """Read `id:base64,id:base64`. Raises BadKeyRing when it is empty, a key is not 32 bytes, or an id comes twice."""
    keys: dict[str, bytes] = {}
    for place, part in enumerate((part.strip() for part in text.split(",")), 1):
        key_id, colon, encoded = part.partition(":")
        if not colon or not KEY_ID.fullmatch(key_id):
            raise BadKeyRing(f"key {place} is not written as id:base64")
        if key_id in keys:
            raise BadKeyRing(f"key id {key_id} comes twice")
        try:
            key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise BadKeyRing(f"key {key_id} is not base64") from None
        if len(key) != KEY:
            raise BadKeyRing(f"key {key_id} has {len(key)} bytes, it needs {KEY}")
        if key == bytes(KEY):
            raise BadKeyRing(f"key {key_id} is all zeros")
        keys[key_id] = key
    return KeyRing(next(iter(keys)), keys)


def seal(plain: bytes, *, purpose: str, row: str, ring: KeyRing, randomness: Callable[[int], bytes]) -> str:
    """Seal `plain` for one purpose and one row with the ring's first key and a fresh 96-bit nonce."""
    nonce = randomness(NONCE)
    if len(nonce) != NONCE:
        raise ValueError(f"randomness gave {len(nonce)} bytes instead of {NONCE}")
    box = AESGCM(ring.keys[ring.first]).encrypt(nonce, plain, _associated(ring.first, purpose, row))
    return f"{VERSION}.{ring.first}.{base64.urlsafe_b64encode(nonce + box).decode().rstrip('=')}"


def open_sealed(sealed: str, *, purpose: str, row: str, ring: KeyRing) -> bytes:
    """The plain bytes. Raises VaultLocked without the key, NotSealed for any other text, purpose or row."""
    version, _, rest = sealed.partition(".")
    key_id, dot, encoded = rest.partition(".")
    if version != VERSION or not dot or not KEY_ID.fullmatch(key_id):
        raise NotSealed("the text does not have the form v1.<key id>.<box>")
    key = ring.keys.get(key_id)
    if key is None:
        raise VaultLocked(f"sealed with key {key_id}, which is not in GATEHOUSE_VAULT_KEYS; add it after the first")
    try:
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NotSealed("the box is not base64url") from None
    if len(raw) < NONCE + TAG:
        raise NotSealed("the box is too short")
    try:
        return AESGCM(key).decrypt(raw[:NONCE], raw[NONCE:], _associated(key_id, purpose, row))
    except InvalidTag:
        raise NotSealed(f"the box was not sealed for {purpose} {row}, or it was changed") from None


def _associated(key_id: str, purpose: str, row: str) -> bytes:
    # Lengths first, so that no two triples are written alike.
    return b"".join(len(part.encode()).to_bytes(4) + part.encode() for part in (VERSION, key_id, purpose, row))
