"""Raise a part's generation in the transaction that changes the part, and nudge every process that waits."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction
from django.db.models import F

from governance.models.generation import Generation, Part, Revocation

CHANNEL = "gatehouse_generation"
_listeners: list[Callable[[], None]] = []


def bump(*parts: Part) -> None:
    """Raise the numbers of `parts`; call it last but for the ledger, since the rows stay locked until commit."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("A generation is raised inside the change's transaction.")
    for part in sorted(parts):
        Generation.objects.filter(part=part).update(value=F("value") + 1)
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"NOTIFY {CHANNEL}")
    transaction.on_commit(_nudge)


def revoke(kind: str, name: str) -> None:
    """Note that a token, agent or person stopped being allowed; running processes apply it as a delta."""
    Revocation.objects.create(kind=kind, name=name)


def listen(callback: Callable[[], None]) -> Callable[[], None]:
    """Have `callback` called, from any thread, after each change this process commits. Returns how to stop it."""
    _listeners.append(callback)
    return lambda: _listeners.remove(callback)


def _nudge() -> None:
    for callback in list(_listeners):
        callback()
