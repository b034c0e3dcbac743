"""`/tools`: what servers offer, item by item, with what it can do and whether agents may use it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.db.models import Case, CharField, F, QuerySet, When
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.problems import NOT_FOUND, Problem
from governance.api.shell import Endpoint, Keyset, StrictSerializer, moment
from governance.policy.values import Intent
from registry import item_votes, lifecycle
from registry.api.refusals import ADMINISTER, READ, as_problems, server_named
from registry.models import Item, ItemState, Server

HELD: Final = (ItemState.NEW, ItemState.CHANGED, ItemState.REFUSED)
KINDS: Final = ("tool", "prompt", "template", "instructions", "resource")


class Overriding(StrictSerializer):
    """The body of an override: `digest` is the definition that was judged, `intent` null withdraws the override."""

    kind = serializers.ChoiceField(KINDS, required=False, default="tool")
    name = serializers.CharField(max_length=2000, trim_whitespace=False)
    intent = serializers.ChoiceField([intent.value for intent in Intent], allow_null=True)
    digest = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")
    reason = serializers.CharField(max_length=500)


class Tools(Endpoint):
    """The items of all servers; tools where no kind is named."""

    scopes = {"GET": READ}

    def get(self, request: Request) -> Response:
        """A page, filtered by server, name, kind, state and intent; the servers that came last first."""
        wanted = self.query(request, "server", "name", "kind", "state", "intent")
        rows = judged().filter(kind=_one_of(wanted.get("kind", "tool"), KINDS, "kind"))
        if "state" in wanted:
            rows = rows.filter(state=_one_of(wanted["state"], ItemState.values, "state"))
        if "intent" in wanted:
            rows = rows.filter(effective=_one_of(wanted["intent"], [intent.value for intent in Intent], "intent"))
        for name, column in (("server", "server__name"), ("name", "name")):
            if name in wanted:
                rows = rows.filter(**{column: wanted[name]})
        return Keyset("since", "pk").answer(request, rows, represent_all)


class OverrideIntent(Endpoint):
    """A reviewer's word on what an item can do."""

    scopes = {"POST": ADMINISTER}

    def post(self, request: Request, name: str) -> Response:
        """200 with the item, 409 where its definition is another one by now."""
        wanted = self.fields(Overriding, request)
        server = server_named(name)
        item = server.items.filter(kind=wanted["kind"], name=wanted["name"]).first()
        if item is None:
            raise Problem(*NOT_FOUND)
        with as_problems():
            if wanted["intent"] is None:
                lifecycle.withdraw_intent_override(item=item, by=self.person, reason=wanted["reason"])
            else:
                lifecycle.override_intent(
                    item=item,
                    intent=wanted["intent"],
                    by=self.person,
                    reason=wanted["reason"],
                    shown=wanted["digest"],
                )
        return Response(represent_all([judged().get(pk=item.pk)])[0])


def judged() -> QuerySet[Item]:
    """Items with the intent that holds for them, and since when their server is there."""
    reviewed = When(reviewed_intent_digest=F("approved_digest"), then=F("reviewed_intent"))
    return (
        Item.objects.select_related("server__team")
        .defer("seen_document", "approved_document")
        .annotate(
            since=F("server__created_at"),
            effective=Case(
                When(reviewed_intent="", then=F("intent")), reviewed, default=F("intent"), output_field=CharField()
            ),
        )
    )


def represent_all(rows: Sequence[Item]) -> list[dict[str, Any]]:
    """A page of items."""
    held = _approvals(rows)
    return [
        {
            "server": row.server.name,
            "kind": row.kind,
            "name": row.name,
            "state": str(row.state),
            "intent": row.effective_intent,
            "why": row.effective_intent_reason,
            "classified": row.intent,
            "override": _override(row),
            "condition": row.condition,
            "digest": {"approved": row.approved_digest or None, "seen": row.seen_digest or None},
            "approved": {"by": row.approved_by, "at": moment(row.approved_at)} if row.approved_digest else None,
            "returns": row.returns,
            "approvals": held.get(row.pk),
        }
        for row in rows
    ]


def _approvals(rows: Sequence[Item]) -> dict[int, dict[str, Any]]:
    """Of held items that take two people: who approved what is offered now, and who is missing."""
    by_server: dict[Server, list[Item]] = {}
    for row in rows:
        if row.state in HELD and row.seen_digest:
            by_server.setdefault(row.server, []).append(row)
    return {
        pk: {"by": tally.people, "required": tally.quorum.needed, "still_needed": tally.missing or None}
        for server, items in by_server.items()
        for pk, tally in item_votes.tallies(server, items).items()
    }


def _override(row: Item) -> dict[str, Any] | None:
    if not row.reviewed_intent:
        return None
    return {
        "intent": row.reviewed_intent,
        "digest": row.reviewed_intent_digest,
        "by": row.reviewed_intent_by,
        "at": moment(row.reviewed_intent_at),
        "reason": row.reviewed_intent_reason,
    }


def _one_of(value: str, known: Sequence[str], what: str) -> str:
    if value not in known:
        raise Problem(400, "invalid", f"There is no {what} {value!r}; write one of {', '.join(known)}.")
    return value
