"""`/calls`: what agents called and what became of it, read from the ledger's closing entries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.problems import NOT_FOUND, Problem
from governance.api.shell import Endpoint, Keyset, moment
from governance.models import Agent, LedgerEntry, Person
from governance.models.escalations import SEES_EVERY_CALL
from governance.views import call_rows

READ: Final = frozenset({"read"})
FILTERS: Final = {"agent": "agent", "server": "server", "tool": "item", "status": "status", "session": "session"}


class Calls(Endpoint):
    """The calls this person may see, newest first."""

    scopes = {"GET": READ}

    def get(self, request: Request) -> Response:
        """A page, filtered by agent, server, tool, status and session."""
        rows = visible_closers(self.person)
        for name, value in self.query(request, *FILTERS).items():
            rows = rows.filter(**{FILTERS[name]: value})
        return Keyset("at", "stream_id", "seq").answer(request, rows, represent_all)


class OneCall(Endpoint):
    """One call by its record id."""

    scopes = {"GET": READ}

    def get(self, request: Request, record: UUID) -> Response:
        """The call as its last closing entry tells it."""
        entry = visible_closers(self.person).filter(call=record).order_by("-at", "-stream_id", "-seq").first()
        if entry is None:
            raise Problem(*NOT_FOUND)
        return Response(represent_all([entry])[0])


def visible_closers(person: Person) -> QuerySet[LedgerEntry]:
    """The closing entries of all calls for reading roles, else of the person's own and their teams' agents.

    Refusals without a token are counted in entries that are no calls; they are left out.
    """
    rows = call_rows.closers().filter(call__isnull=False)
    if person.console_roles() & SEES_EVERY_CALL:
        return rows
    own = Agent.objects.filter(Q(owner=person) | Q(team__people=person)).values("name")
    return rows.filter(agent__in=own)


def represent_all(entries: Sequence[LedgerEntry]) -> list[dict[str, Any]]:
    """The form of contract section 2."""
    return [
        {
            "record": str(row.record) if row.record else None,
            "at": moment(row.at),
            "person": row.person or None,
            "agent": row.agent or None,
            "server": row.server or None,
            "kind": row.kind,
            "tool": row.item or None,
            "verdict": row.verdict,
            "rule": row.rule,
            "reason": row.reason,
            "intent": row.intent,
            "status": row.status,
            "ms": row.ms,
        }
        for row in call_rows.rows(entries)
    ]
