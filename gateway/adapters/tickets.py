"""How an agent's own escalations stand."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from gateway.adapters.threads import in_thread
from gateway.aggregate import names
from gateway.aggregate.own import Ticket
from governance.models import Escalation
from governance.policy.values import Kind


async def status_of(ticket: str, *, agent: str, now: datetime) -> Ticket | None:
    """The state of a ticket of this agent; None for every other text. Raises Unavailable."""
    try:
        key = UUID(ticket)
    except ValueError:
        return None
    row = await in_thread(_read, key, agent)
    return None if row is None else _told(row, now)


def _read(key: UUID, agent: str) -> Escalation | None:
    return Escalation.objects.filter(pk=key, agent=agent).first()


def _told(row: Escalation, now: datetime) -> Ticket:
    """What is past its time is told as expired, also before somebody marked it so."""
    until = row.redeem_until or row.deadline
    over = row.state in ("waiting", "approved") and until <= now
    join = names.joined_uri if row.kind == Kind.RESOURCE else names.joined
    state = "expired" if over else str(row.state)
    return Ticket(str(row.pk), state, join(row.server, row.item), until, row.decision_reason)
