"""Append state changes to the `console` stream, inside the transaction that makes the change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from governance.audit.chain import link
from governance.audit.entry import stamp
from governance.canonical.strict_json import require_entry_values
from governance.canonical.values import JSON
from governance.models.ledger import LedgerEntry, LedgerStream

CONSOLE = "console"


def append(
    *,
    kind: str,
    by: str,
    change: Mapping[str, JSON] | None = None,
    call: UUID | None = None,
    target: Mapping[str, JSON] | None = None,
    extra: Mapping[str, JSON] | None = None,
    via: str = "",
    at: datetime | None = None,
) -> None:
    """Add one entry to the console's chain; call it last in the act, because the head row stays locked until commit.

    `by` is the acting person's e-mail, `operator` for a command on the machine, or `gatehouse` for the system
    itself. `change` says what changed: {what, name, before?, after?, reason?}. `extra` adds top-level objects of
    the entry form (`approval`, `decision`). Raises outside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("The ledger is appended inside the change's transaction.")
    at = at or timezone.now()
    body: dict[str, Any] = {"v": 1, "at": stamp(at), "kind": kind, "principal": {"person": by}}
    if via:
        body["principal"]["via"] = via
    if call is not None:
        body["call"] = str(call)
    if target is not None:
        body["target"] = dict(target)
    if change is not None:
        body["change"] = dict(change)
    _insert({**body, **(extra or {})}, at=at, call=call, target=target or {})


def _insert(body: Mapping[str, Any], *, at: datetime, call: UUID | None, target: Mapping[str, JSON]) -> None:
    """Link the entry to the head of the stream and move the head, under its lock. Raises TypeError, ValueError."""
    require_entry_values(body)  # Linking takes it for granted, and what is written wrongly cannot be taken back.
    head = LedgerStream.objects.select_for_update().get(name=CONSOLE)
    seq = head.head_seq + 1
    linked = link(body, stream=CONSOLE, seq=seq, prev=head.head_digest)
    LedgerEntry.objects.create(
        stream=head,
        seq=seq,
        at=at,
        kind=body["kind"],
        call=call,
        agent=str(target.get("agent", "")),
        server=str(target.get("server", "")),
        item=str(target.get("name", ""))[:2000],
        digest=linked.digest,
        text=linked.text,
    )
    LedgerStream.objects.filter(pk=head.pk).update(head_seq=seq, head_digest=linked.digest.hex())


__all__ = ["CONSOLE", "append", "stamp"]
