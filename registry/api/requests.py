"""`/server-requests`: what people ask for, as the requester acts on it and as everybody concerned reads it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from django.db.models import F
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.problems import Problem
from governance.api.shell import Endpoint, Keyset, StrictSerializer, moment
from governance.canonical.strict_json import parse
from governance.rights import NotAllowed
from registry import requests
from registry.api.findings import represent_all as represent_findings
from registry.api.request_bodies import Choosing, Importing, Saying, Withdrawing, Writing
from registry.api.request_refusals import ADMINISTER, READ, REQUEST, as_problems, visible
from registry.api.servers import represent_run
from registry.models import RequestEvent, RequestItem, RequestState, ServerRequest
from registry.request_people import still_needed_of, why_not
from registry.request_scans import scan_request
from registry.request_thread import path_of, reach_digest, shown_digest

FILTERS: Final = {"team": "team__name", "requester": "requester__email", "name": "name"}
MEMBERS: Final = 10_000_000


class Requests(Endpoint):
    """The requests this person may read, newest first; and a new draft."""

    scopes = {"GET": READ, "POST": REQUEST}

    def get(self, request: Request) -> Response:
        """A page, filtered by state, team, requester and name; `mine` and `waiting` for what concerns the person."""
        wanted = self.query(request, "state", "mine", "waiting", *FILTERS)
        rows = ServerRequest.objects.visible_to(self.person)
        for word in ("mine", "waiting"):
            if wanted.get(word) not in (None, "true"):
                raise Problem(400, "invalid", f"`{word}` is true, or left out.")
        if "waiting" in wanted:
            rows = ServerRequest.objects.reviewable_by(self.person)
        if "mine" in wanted:
            rows = rows.filter(requester=self.person)
        if (state := wanted.get("state")) is not None:
            if state not in RequestState.values:
                known = ", ".join(RequestState.values)
                raise Problem(400, "invalid", f"There is no state {state!r}; write one of {known}.")
            rows = rows.filter(state=state)
        for name, column in FILTERS.items():
            if name in wanted:
                rows = rows.filter(**{column: wanted[name]})
        rows = rows.select_related("requester", "team", "server").defer("manifest_document")
        return Keyset("created_at", "pk").answer(request, rows, lambda found: [summary(row) for row in found])

    def post(self, request: Request) -> Response:
        """201 with a draft; everything in it may be written later."""
        fields = self.fields(Writing, request)
        with as_problems():
            made = requests.create_draft(by=self.person, fields=fields)
        return Response(represent(self, made.pk), status=201)


class Import(Endpoint):
    """Drafts out of a file."""

    scopes = {"POST": REQUEST}

    def post(self, request: Request) -> Response:
        """201 with a draft for each server that the file describes: all of them or none."""
        wanted = self.fields(Importing, request)
        with as_problems():
            made = requests.drafts_from_import(text=wanted["text"], filename=wanted["filename"], by=self.person)
        return Response({"results": [represent(self, row.pk) for row in made]}, status=201)


class OneRequest(Endpoint):
    """One request."""

    scopes = {"GET": READ, "PATCH": REQUEST}

    def get(self, request: Request, key: UUID) -> Response:
        """The request, or 404 for one this person may not read."""
        return Response(represent(self, key))

    def patch(self, request: Request, key: UUID) -> Response:
        """200 with the request; only its requester writes, and only while it is with them."""
        fields = self.fields(Writing, request)
        visible(self, key)
        with as_problems():
            requests.edit_draft(request_id=key, by=self.person, fields=fields)
        return Response(represent(self, key))


class Items(Endpoint):
    """What was seen of the server, and which of it is wanted."""

    scopes = {"GET": READ, "POST": REQUEST}

    def get(self, request: Request, key: UUID) -> Response:
        """A page of items, without their documents, which are in the manifest."""
        self.query(request)
        rows = RequestItem.objects.filter(request=visible(self, key)).defer("document")
        rows = rows.annotate(since=F("request__created_at"))
        return Keyset("since", "pk").answer(request, rows, represent_items)

    def post(self, request: Request, key: UUID) -> Response:
        """200 with the request: exactly these items are wanted, and exactly these intents raised."""
        wanted = self.fields(Choosing, request)
        visible(self, key)
        with as_problems():
            requests.choose_items(
                request_id=key,
                by=self.person,
                wanted={(item["kind"], item["name"]) for item in wanted["wanted"]},
                raised={(item["kind"], item["name"]): item["intent"] for item in wanted["raised"]},
            )
        return Response(represent(self, key))


class Findings(Endpoint):
    """What a reviewer should see in it."""

    scopes = {"GET": READ}

    def get(self, request: Request, key: UUID) -> Response:
        """A page of findings."""
        self.query(request)
        rows = visible(self, key).findings.select_related("server")
        return Keyset("first_seen_at", "pk").answer(request, rows, represent_findings)


class Manifest(Endpoint):
    """The manifest that was last seen."""

    scopes = {"GET": READ}

    def get(self, request: Request, key: UUID) -> Response:
        """Its digest and all of it, as the server sent it; nulls where nothing was seen yet."""
        found = visible(self, key)
        text = found.manifest_document
        document = parse(text.encode(), max_depth=128, max_members=MEMBERS) if text else None
        return Response({"digest": found.manifest_digest or None, "document": document})


class Events(Endpoint):
    """The thread."""

    scopes = {"GET": READ, "POST": REQUEST | ADMINISTER}

    def get(self, request: Request, key: UUID) -> Response:
        """A page of what happened and what was said, newest first."""
        self.query(request)
        rows = RequestEvent.objects.filter(request=visible(self, key))
        return Keyset("at", "pk").answer(request, rows, represent_events)

    def post(self, request: Request, key: UUID) -> Response:
        """201 with the comment in the thread."""
        wanted = self.fields(Saying, request)
        found = visible(self, key)
        with as_problems():
            requests.comment(request_id=key, by=self.person, text=wanted["text"])
        said = found.events.filter(what="comment", by=self.person.email).order_by("at", "pk").last()
        return Response(represent_events([said] if said else [])[0], status=201)


class Submit(Endpoint):
    """Ask for a decision."""

    scopes = {"POST": REQUEST}

    def post(self, request: Request, key: UUID) -> Response:
        """200 with the request, 400 naming what is missing."""
        self.fields(StrictSerializer, request)
        visible(self, key)
        with as_problems():
            requests.submit(request_id=key, by=self.person)
        return Response(represent(self, key))


class Withdraw(Endpoint):
    """Take one's own request back."""

    scopes = {"POST": REQUEST}

    def post(self, request: Request, key: UUID) -> Response:
        """200 with the request."""
        wanted = self.fields(Withdrawing, request)
        visible(self, key)
        with as_problems():
            requests.withdraw(request_id=key, by=self.person, reason=wanted["reason"])
        return Response(represent(self, key))


class Scan(Endpoint):
    """Have the server looked at now."""

    scopes = {"POST": REQUEST | ADMINISTER}

    def post(self, request: Request, key: UUID) -> Response:
        """200 with the scan, within 30 s; a scan that brought nothing says why in `cause`."""
        self.fields(StrictSerializer, request)
        found = visible(self, key)
        own = found.requester_id == self.person.pk
        if not own and "administer" not in self.request.auth.scopes:
            raise NotAllowed("Having somebody else's request looked at takes a token with the scope administer.")
        with as_problems():
            run = scan_request(found.pk, by=self.person, why="demand")
        return Response({"scan": represent_run(run), "request": represent(self, key)})


def represent(view: Endpoint, key: UUID) -> dict[str, Any]:
    """One request with all that is asked for, how it stands, and whether this person may decide it."""
    row = visible(view, key)
    return summary(row) | {
        "command": row.command,
        "cwd": row.cwd or None,
        "env": {name: bool(bound) for name, bound in sorted(row.env.items())},
        "headers": {name: bool(bound) for name, bound in sorted(row.headers.items())},
        "private_address": row.private_address,
        "sandbox": row.sandbox,
        "description": row.description,
        "tags": row.tags,
        "category": row.category,
        "environment": row.environment or None,
        "justification": row.justification,
        "data_class": row.data_class,
        "agents": row.agents,
        "days": row.days,
        "imported": row.imported,
        "provenance": row.provenance,
        "reach": {
            "digest": reach_digest(row),
            "accepted": row.reach_accepted(),
            "by": row.accepted_by.email if row.accepted_by else None,
            "at": moment(row.accepted_at),
        },
        "shown": shown_digest(row) if row.manifest_digest else None,
        "still_needed": still_needed_of(row),
        "votes": [
            {"person": vote.person.email, "round": vote.round, "of_team": vote.of_team, "at": moment(vote.at)}
            | {"choice": vote.choice, "reason": vote.reason}
            for vote in row.votes.select_related("person")
        ],
        "you_may_not_decide": why_not(row, view.person) or None,
    }


def summary(row: ServerRequest) -> dict[str, Any]:
    """One request of a list."""
    return {
        "id": str(row.pk),
        "state": str(row.state),
        "round": row.round,
        "requester": row.requester.email,
        "name": row.name,
        "transport": row.transport,
        "url": row.url or None,
        "team": row.team.name if row.team else None,
        "manifest": row.manifest_digest or None,
        "cause": row.cause or None,
        "scanned": moment(row.scanned_at),
        "submitted": moment(row.submitted_at),
        "expires": moment(row.expires_at),
        "needed": row.needed,
        "needs_team": row.needs_team,
        "approvals": row.approvals,
        "decided": None
        if row.decided_at is None
        else {"by": row.decided_by, "at": moment(row.decided_at), "reason": row.decision_reason},
        "server": row.server.name if row.server else None,
        "created": moment(row.created_at),
        "console": path_of(row),
    }


def represent_items(rows: Sequence[RequestItem]) -> list[dict[str, Any]]:
    """A page of items."""
    return [
        {
            "kind": row.kind,
            "name": row.name,
            "digest": row.digest,
            "intent": row.intent,
            "why": row.intent_reason,
            "raised": row.raised_intent or None,
            "wanted": row.wanted,
            "approved": row.approved,
            "condition": row.condition,
        }
        for row in rows
    ]


def represent_events(rows: Sequence[RequestEvent]) -> list[dict[str, Any]]:
    """A page of the thread."""
    return [{"at": moment(row.at), "by": row.by, "what": row.what, "text": row.text, "data": row.data} for row in rows]
