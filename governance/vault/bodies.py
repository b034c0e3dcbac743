"""Seal the exact arguments of calls, in bulk, under a key of one process epoch. Pure: no Django, no I/O.

Form: 1, length and text of the ring's key id, 16 bytes of epoch salt, 12 of nonce, box. The nonce is a counter, so a
process may seal without end; the box holds 16 bytes of salt and the arguments; the call's id is associated data.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from hashlib import sha256
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from governance.vault.envelope import KeyRing, NotSealed, VaultLocked

VERSION: Final = 1
SALT: Final = 16
NONCE: Final = 12
PURPOSE: Final = b"gatehouse call body"


def epoch_key(root: bytes, epoch: bytes) -> bytes:
    """The key of one epoch, from a key of the ring."""
    return HKDF(SHA256(), 32, salt=epoch, info=PURPOSE).derive(root)


class BodySealer:
    """Seals with the ring's first key. One per process: the counter must never be shared or repeated."""

    def __init__(self, ring: KeyRing, randomness: Callable[[int], bytes]) -> None:
        self._random = randomness
        epoch = randomness(SALT)
        key_id = ring.first.encode()
        self._box = AESGCM(epoch_key(ring.keys[ring.first], epoch))
        self._head = bytes([VERSION, len(key_id)]) + key_id + epoch
        self._counter = itertools.count(1)

    def seal(self, call: UUID, arguments: bytes) -> tuple[str, bytes]:
        """The ledger's digest of the arguments, SHA-256(salt ‖ A) in hex, and salt and arguments sealed."""
        salt = self._random(SALT)
        nonce = next(self._counter).to_bytes(NONCE, "big")
        box = self._box.encrypt(nonce, salt + arguments, call.bytes)
        return sha256(salt + arguments).hexdigest(), b"".join((self._head, nonce, box))


def open_body(sealed: bytes, *, call: UUID, ring: KeyRing) -> tuple[bytes, bytes]:
    """(salt, arguments). Raises VaultLocked without the key, NotSealed for anything else."""
    if len(sealed) < 2 or sealed[0] != VERSION:
        raise NotSealed("not a sealed call body")
    place = 2 + sealed[1]
    key_id = sealed[2:place].decode("ascii", "replace")
    epoch, nonce = sealed[place : place + SALT], sealed[place + SALT : place + SALT + NONCE]
    if key_id not in ring.keys:
        raise VaultLocked(f"the key {key_id} is not on the ring; add it to GATEHOUSE_VAULT_KEYS")
    try:
        plain = AESGCM(epoch_key(ring.keys[key_id], epoch)).decrypt(nonce, sealed[place + SALT + NONCE :], call.bytes)
    except (InvalidTag, ValueError):
        raise NotSealed("the sealed call body was changed, or belongs to another call") from None
    return plain[:SALT], plain[SALT:]
