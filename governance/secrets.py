"""Upstream credentials and other sealed values: written sealed, opened only where they are used."""

from __future__ import annotations

import secrets as randomness
from functools import cache
from typing import Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from governance import ledger
from governance.generation import bump
from governance.models import Part, Secret
from governance.rights import Actor, name_of, require
from governance.vault.envelope import KeyRing, open_sealed, read_key_ring
from governance.vault.envelope import seal as seal_with

UPSTREAM: Final = "upstream-secret"


class UnknownSecret(LookupError):
    """No secret has this name; the message says how to store it."""


def seal(plain: bytes, *, purpose: str, row: str) -> str:
    """Seal under the installation's first vault key. Raises BadKeyRing when GATEHOUSE_VAULT_KEYS cannot be used."""
    return seal_with(plain, purpose=purpose, row=row, ring=key_ring(), randomness=randomness.token_bytes)


def unseal(sealed: str, *, purpose: str, row: str) -> bytes:
    """Open what `seal` made for this purpose and row. Raises VaultLocked, NotSealed."""
    return open_sealed(sealed, purpose=purpose, row=row, ring=key_ring())


def key_ring() -> KeyRing:
    """The ring of settings.VAULT_KEYS."""
    return _ring(settings.VAULT_KEYS)


@cache
def _ring(text: str) -> KeyRing:
    return read_key_ring(text)


@transaction.atomic
def store(*, name: str, value: str, by: Actor) -> Secret:
    """Store or replace the secret `name`; an equal value changes nothing. Security administrators only."""
    require(by, "security-admin", act="store a secret")
    found = Secret.objects.select_for_update().filter(name=name).first()
    if found is not None and _holds(found, value):
        return found
    sealed = seal(value.encode(), purpose=UPSTREAM, row=name)
    secret, created = Secret.objects.update_or_create(
        name=name, defaults={"sealed": sealed, "changed_at": timezone.now()}
    )
    bump(Part.REGISTRY)
    ledger.append(
        kind="change.secret", by=name_of(by), change={"what": "stored" if created else "replaced", "name": name}
    )
    return secret


def reveal(name: str) -> str:
    """The value of a secret, for an admitted call or a scan. Raises UnknownSecret, VaultLocked, NotSealed."""
    secret = Secret.objects.filter(name=name).first()
    if secret is None:
        raise UnknownSecret(f"secret {name!r} is not stored; name it under `secrets:` and run manage.py apply")
    return unseal(secret.sealed, purpose=UPSTREAM, row=name).decode()


def _holds(secret: Secret, value: str) -> bool:
    """Whether the secret holds `value` already, sealed with the first key."""
    if not secret.sealed.startswith(f"v1.{key_ring().first}."):
        return False
    return unseal(secret.sealed, purpose=UPSTREAM, row=secret.name) == value.encode()
