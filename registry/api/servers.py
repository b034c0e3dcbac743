"""`/servers`: what is registered and how it is doing, its scans, and what administrators do with it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.problems import NOT_FOUND, Problem
from governance.api.shell import Endpoint, Keyset, StrictSerializer, moment
from governance.models import Person
from governance.rights import may, require
from registry import lifecycle, tasks
from registry.api.refusals import ADMINISTER, READ, as_problems, server_named
from registry.baselines import roll_back
from registry.models import Baseline, Item, ItemState, ScanRun, ScanState, Server, ServerState, StoredFinding
from registry.models.servers import OUT_OF_USE

ANSWERS_WITHIN: Final = 10.0
LOOKS_EVERY: Final = 0.05
SEES_LAUNCH: Final = ("security-admin", "auditor", "server-owner")
HELD: Final = (ItemState.NEW, ItemState.CHANGED, ItemState.MISSING)
FILTERS: Final = {"state": "state", "team": "team__name", "transport": "transport"}
ENDED: Final = (ScanState.DONE, ScanState.FAILED)
ACTS: Final[dict[str, Callable[..., Server]]] = {
    "suspend": lifecycle.suspend,
    "resume": lifecycle.resume,
    "quarantine": lifecycle.quarantine,
    "release": lifecycle.release,
    "retire": lifecycle.retire,
}
"""What an administrator may do with a server as a whole."""


class Reason(StrictSerializer):
    """The body of an act."""

    reason = serializers.CharField(max_length=500)


class Resuming(Reason):
    """The body of a resumption; `days` gives the approval a new term."""

    days = serializers.IntegerField(required=False, min_value=1, max_value=3650)


class RollingBack(Reason):
    """The body of a rollback: the number of a baseline."""

    baseline = serializers.IntegerField(min_value=1, max_value=2**31 - 1)


class Servers(Endpoint):
    """The servers, newest first."""

    scopes = {"GET": READ}

    def get(self, request: Request) -> Response:
        """A page, filtered by state, team and transport."""
        rows = Server.objects.select_related("team", "owner")
        for name, value in self.query(request, *FILTERS).items():
            if name == "state" and value not in ServerState.values:
                raise Problem(
                    400, "invalid", f"There is no state {value!r}; write one of {', '.join(ServerState.values)}."
                )
            rows = rows.filter(**{FILTERS[name]: value})
        return Keyset("created_at", "pk").answer(request, rows, lambda found: represent_all(found, self.person))


class OneServer(Endpoint):
    """One server by its name."""

    scopes = {"GET": READ}

    def get(self, request: Request, name: str) -> Response:
        """The server."""
        return Response(_answer(name, self.person))


class Scan(Endpoint):
    """Have a server looked at now."""

    scopes = {"POST": ADMINISTER}

    def post(self, request: Request, name: str) -> Response:
        """200 with the scan once what it found is committed, 202 with the scan as a job when that takes longer."""
        self.fields(StrictSerializer, request)
        server = server_named(name)
        require(self.person, "security-admin", act="have a server scanned")
        run = tasks.ask(server.pk, why="demand", by=self.person)
        until = time.monotonic() + ANSWERS_WITHIN
        while run.state not in ENDED and time.monotonic() < until:
            time.sleep(LOOKS_EVERY)
            run.refresh_from_db()
        if run.state in ENDED:
            return Response({"scan": represent_run(run), "server": _answer(name, self.person)})
        return Response({"job": represent_run(run)}, status=202)


class Scans(Endpoint):
    """The scans of one server, newest first."""

    scopes = {"GET": READ}

    def get(self, request: Request, name: str) -> Response:
        """A page, filtered by state."""
        rows = ScanRun.objects.filter(server=server_named(name))
        if (state := self.query(request, "state").get("state")) is not None:
            if state not in ScanState.values:
                raise Problem(
                    400, "invalid", f"There is no state {state!r}; write one of {', '.join(ScanState.values)}."
                )
            rows = rows.filter(state=state)
        return Keyset("queued_at", "pk").answer(request, rows, lambda found: [represent_run(run) for run in found])


class OneScan(Endpoint):
    """One scan, as it runs and after it."""

    scopes = {"GET": READ}

    def get(self, request: Request, name: str, key: int) -> Response:
        """The scan with its steps."""
        run = ScanRun.objects.filter(server=server_named(name), pk=key).first()
        if run is None:
            raise Problem(*NOT_FOUND)
        return Response(represent_run(run))


class Act(Endpoint):
    """Take a server out of use, or put it back; `act` names which."""

    scopes = {"POST": ADMINISTER}
    act = ""

    def post(self, request: Request, name: str) -> Response:
        """200 with the server as it stands now, 409 where the act does not fit."""
        wanted = self.fields(Resuming if self.act == "resume" else Reason, request)
        with as_problems():
            ACTS[self.act](server=server_named(name), by=self.person, **wanted)
        return Response(_answer(name, self.person))


class RollBack(Endpoint):
    """Make an earlier baseline the one that holds."""

    scopes = {"POST": ADMINISTER}

    def post(self, request: Request, name: str) -> Response:
        """200 with the server; what it offers otherwise than that baseline is held."""
        wanted = self.fields(RollingBack, request)
        with as_problems():
            roll_back(server=server_named(name), number=wanted["baseline"], by=self.person, reason=wanted["reason"])
        return Response(_answer(name, self.person))


class Baselines(Endpoint):
    """What was approved of a server after each decision, newest first."""

    scopes = {"GET": READ}

    def get(self, request: Request, name: str) -> Response:
        """A page."""
        self.query(request)
        rows = Baseline.objects.filter(server=server_named(name)).defer("document")
        return Keyset("at", "pk").answer(request, rows, lambda found: [represent_baseline(row) for row in found])


def represent_baseline(row: Baseline) -> dict[str, Any]:
    """One baseline without its items, which `/manifests` tells."""
    return {
        "number": row.number,
        "digest": row.digest,
        "what": row.what,
        "by": row.by,
        "reason": row.reason,
        "at": moment(row.at),
    }


def represent_run(run: ScanRun) -> dict[str, Any]:
    """One scan."""
    return {
        "id": run.pk,
        "state": str(run.state),
        "why": run.why,
        "by": run.by,
        "steps": run.steps,
        "cause": run.cause or None,
        "manifest": run.digest or None,
        "report": run.report,
        "queued": moment(run.queued_at),
        "started": moment(run.started_at),
        "finished": moment(run.finished_at),
    }


def represent_all(rows: Sequence[Server], person: Person) -> list[dict[str, Any]]:
    """A page of servers as this person may see them."""
    keys = [row.pk for row in rows]
    items = Item.objects.filter(server__in=keys)
    counts = Counts(
        approved=_counted(items.filter(state=ItemState.APPROVED)),
        held=_counted(items.filter(state__in=HELD)),
        findings=_counted(StoredFinding.objects.filter(server__in=keys, accepted_by="")),
    )
    sees_launch = may(person, *SEES_LAUNCH)
    return [_told(row, counts) | (_launch(row) if sees_launch else {}) for row in rows]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many items are approved and held, and how many findings are open, by server."""

    approved: dict[int, int]
    held: dict[int, int]
    findings: dict[int, int]


def _counted(rows: Any) -> dict[int, int]:
    return dict(rows.order_by().values_list("server").annotate(Count("pk")))


def _told(row: Server, counts: Counts) -> dict[str, Any]:
    lasts = row.approved_until is None or row.approved_until > timezone.now()
    return {
        "name": row.name,
        "transport": row.transport,
        "state": str(row.state),
        "cause": row.state_reason or None,
        "in_use": row.state not in OUT_OF_USE and lasts,
        "team": row.team.name if row.team else None,
        "owner": row.owner.email if row.owner else None,
        "description": row.description,
        "environment": row.environment or None,
        "tags": row.tags,
        "category": row.category,
        "manifest": row.manifest_digest or None,
        "items": {"approved": counts.approved.get(row.pk, 0), "held": counts.held.get(row.pk, 0)},
        "findings": counts.findings.get(row.pk, 0),
        "scanned": moment(row.scanned_at),
        "next_scan": moment(row.next_scan_at),
        "failures": row.failures,
        "answered": moment(row.checked_at),
        "approved_until": moment(row.approved_until),
        "created": moment(row.created_at),
    }


def _launch(row: Server) -> dict[str, Any]:
    """How it is reached; of environment and headers the names, for those who may see that."""
    return {
        "url": row.url or None,
        "command": row.command,
        "cwd": row.cwd or None,
        "env": sorted(row.env),
        "headers": sorted(row.headers),
        "sandbox": row.sandbox,
        "provenance": row.provenance,
    }


def _answer(name: str, person: Person) -> dict[str, Any]:
    return represent_all([server_named(name)], person)[0]
