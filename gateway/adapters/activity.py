"""Which session a call belongs to: one agent's activity without a gap of 30 minutes (contract 4.16).

A new connection, token or process does not end it: a process that has not seen the agent lately asks the ledger.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.adapters.threads import in_thread
from governance.models.ledger import LedgerEntry

GAP = 30 * 60.0


@dataclass(slots=True)
class _Active:
    session: str
    last: float


class Activity:
    """The sessions of all agents that called this process lately. Lives on the event loop."""

    def __init__(self) -> None:
        self._active: dict[str, _Active] = {}

    async def session_of(self, agent: str, now: float) -> str:
        """The session that a call at `now` (seconds since 1970) belongs to, waiting only when it may be a new one."""
        found = self._active.get(agent)
        if found is not None and now - found.last < GAP:
            found.last = now
            return found.session
        before = await in_thread(last_session, agent, now)
        found = self._active.get(agent)  # Another call of the agent may have been quicker.
        if found is None or now - found.last >= GAP:
            session = before or secrets.token_urlsafe(12)
            found = self._active[agent] = _Active(session, now)
        found.last = now
        return found.session


def last_session(agent: str, now: float) -> str:
    """The session of the agent's last recorded call, when that was within the gap; else empty."""
    since = datetime.fromtimestamp(now, UTC) - timedelta(seconds=GAP)
    entries = LedgerEntry.objects.filter(kind="call.intent", agent=agent, at__gt=since)
    return entries.order_by("-at").values_list("session", flat=True).first() or ""
