"""`/findings`: what a reviewer should see in what servers offer now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.problems import Problem
from governance.api.shell import Endpoint, Keyset, moment
from governance.inspection.finding import Severity
from registry.api.refusals import READ
from registry.models import StoredFinding
from registry.scan.finding import HOLDING

STATES: Final = ("open", "accepted")


class Findings(Endpoint):
    """The findings of all servers, newest first. Those of requests stand with their request."""

    scopes = {"GET": READ}

    def get(self, request: Request) -> Response:
        """A page, filtered by server, severity, rule, and state: open, or accepted with the item's approval."""
        wanted = self.query(request, "server", "severity", "rule", "state")
        rows = StoredFinding.objects.filter(server__isnull=False).select_related("server")
        if (severity := wanted.get("severity")) is not None:
            if severity not in list(Severity):
                raise Problem(400, "invalid", f"There is no severity {severity!r}; write one of {', '.join(Severity)}.")
            rows = rows.filter(severity=severity)
        if (state := wanted.get("state")) is not None:
            if state not in STATES:
                raise Problem(400, "invalid", f"There is no state {state!r}; write one of {', '.join(STATES)}.")
            rows = rows.filter(accepted_by="") if state == "open" else rows.exclude(accepted_by="")
        for name, column in (("server", "server__name"), ("rule", "rule")):
            if name in wanted:
                rows = rows.filter(**{column: wanted[name]})
        return Keyset("first_seen_at", "pk").answer(request, rows, represent_all)


def represent_all(rows: Sequence[StoredFinding]) -> list[dict[str, Any]]:
    """A page of findings; `quote` is the server's own text with invisible characters spelled out."""
    return [
        {
            "id": row.pk,
            "server": row.server.name if row.server else None,
            "rule": row.rule,
            "severity": row.severity,
            "holds": row.severity in {severity.value for severity in HOLDING} and not row.accepted_by,
            "kind": row.kind,
            "item": row.name,
            "digest": row.digest,
            "path": row.path,
            "quote": row.quote,
            "why": row.why,
            "action": row.action,
            "first_seen": moment(row.first_seen_at),
            "accepted": {"by": row.accepted_by, "at": moment(row.accepted_at)} if row.accepted_by else None,
        }
        for row in rows
    ]
