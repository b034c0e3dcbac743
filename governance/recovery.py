"""Seal the epochs of processes that died: their open intents end as `unknown`, never as `ok`."""

from __future__ import annotations

import json
import logging
from datetime import datetime
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from governance.audit.chain import NO_ENTRY_BEFORE, link
from governance.ledger import CONSOLE, stamp
from governance.models.ledger import LedgerEntry, LedgerStream

log = logging.getLogger("gatehouse.ledger")


def seal_dead_epochs(*, ours: str = "", everyone_else_is_dead: bool = False) -> list[str]:
    """Seal every epoch whose lease ran out by the database's clock; returns their names.

    `ours` is left alone. `everyone_else_is_dead` is for the one process of a SQLite installation, at its start.
    """
    open_epochs = LedgerStream.objects.filter(sealed_at=None).exclude(name=CONSOLE).exclude(name=ours)
    if not everyone_else_is_dead:
        now = Now() if connection.vendor == "postgresql" else timezone.now()
        open_epochs = open_epochs.filter(Q(lease_until=None) | Q(lease_until__lt=now))
    sealed = []
    for stream in open_epochs:
        try:
            closed = _seal(stream.pk)
        except IntegrityError:
            continue  # Its process lives and wrote meanwhile; its next lease or the next round decides.
        if closed is not None:
            log.warning("sealed the ledger epoch %s; %d calls ended as unknown", stream.name, closed)
            sealed.append(stream.name)
    return sealed


@transaction.atomic
def _seal(stream_id: int) -> int | None:
    """Append `unknown` outcomes and the seal at the next free places; a living writer then collides there."""
    stream = LedgerStream.objects.select_for_update().get(pk=stream_id)
    if stream.sealed_at is not None:
        return None
    now = timezone.now()
    last = LedgerEntry.objects.filter(stream=stream).order_by("-seq").first()
    seq, prev = (last.seq, bytes(last.digest).hex()) if last else (0, NO_ENTRY_BEFORE)
    intents = _open_intents(stream)
    bodies = [_unknown(intent, now) for intent in intents]
    bodies.append({"v": 1, "at": stamp(now), "kind": "seal", "principal": {"person": "gatehouse"}})
    for body, intent in zip(bodies, [*intents, None], strict=True):
        seq += 1
        linked = link(body, stream=stream.name, seq=seq, prev=prev)
        prev = linked.digest.hex()
        LedgerEntry.objects.create(
            stream=stream,
            seq=seq,
            at=now,
            kind=body["kind"],
            call=intent.call if intent else None,
            agent=intent.agent if intent else "",
            session=intent.session if intent else "",
            server=intent.server if intent else "",
            item=intent.item if intent else "",
            status="unknown" if intent else "",
            digest=linked.digest,
            text=linked.text,
        )
    stream.sealed_at, stream.lease_until, stream.head_seq, stream.head_digest = now, None, seq, prev
    stream.save(update_fields=["sealed_at", "lease_until", "head_seq", "head_digest"])
    return len(intents)


def _open_intents(stream: LedgerStream) -> list[LedgerEntry]:
    entries = LedgerEntry.objects.filter(stream=stream)
    closed = entries.filter(kind="call.outcome").values("call")
    return list(entries.filter(kind="call.intent").exclude(call__in=closed).order_by("seq"))


def _unknown(intent: LedgerEntry, now: datetime) -> dict[str, Any]:
    entry = json.loads(intent.text)
    body = {key: entry[key] for key in ("v", "call", "principal", "target", "approval") if key in entry}
    body |= {"at": stamp(now), "kind": "call.outcome", "outcome": {"status": "unknown", "ms": 0}}
    return body
