"""Approvals that run out: the server is out of use from that moment, and its row says so soon after."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from governance.rights import Machine
from registry.lifecycle import suspend
from registry.models import Server
from registry.settling import lock
from registry.states import in_use


def end_due(now: datetime) -> int:
    """Suspend every server whose approval has run out, each in a transaction of its own; answers how many.

    No call waits for this: `Server.objects.in_use` leaves such a server out from the moment itself.
    """
    return sum(_end(server, now) for server in Server.objects.run_out(now))


@transaction.atomic
def _end(server: Server, now: datetime) -> bool:
    locked = lock(server)
    until = locked.approved_until
    if not in_use(locked.state) or until is None or until > now:
        return False
    reason = f"Its approval ran out on {until:%Y-%m-%d} at {until:%H:%M} UTC; resume it for a new term."
    suspend(server=locked, by=Machine.SYSTEM, reason=reason)
    return True
