"""`/escalations`: held calls to read and to decide. The decisions themselves are in approvals."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance import approvals
from governance.api.problems import NOT_FOUND, Problem
from governance.api.shell import Endpoint, Keyset, StrictSerializer, moment
from governance.canonical.strict_json import parse
from governance.canonical.values import JSON
from governance.inspection.redaction import redact
from governance.inspection.scan import Detectors, compile_detectors
from governance.keys import derive
from governance.models import Escalation
from governance.models.escalations import EscalationState

READ: Final = frozenset({"read"})
DECIDE: Final = frozenset({"decide"})
MASKS: Final = "api-masks"


class Approving(StrictSerializer):
    """The body of an approval."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")
    scope = serializers.ChoiceField(["once", "session", "minutes"], required=False, default="once")
    minutes = serializers.IntegerField(required=False, min_value=1, max_value=24 * 60)


class Denying(StrictSerializer):
    """The body of a denial."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=2000, default="")
    suggest = serializers.JSONField(required=False)


class Escalations(Endpoint):
    """The held calls this person may see, newest first."""

    scopes = {"GET": READ}

    def get(self, request: Request) -> Response:
        """A page, filtered by state, agent, server, tool and person."""
        wanted = self.query(request, "state", "agent", "server", "tool", "person")
        rows = Escalation.objects.visible_to(self.person).prefetch_related("votes")
        if (state := wanted.get("state")) is not None:
            if state not in EscalationState.values:
                known = ", ".join(EscalationState.values)
                raise Problem(400, "invalid", f"There is no state {state!r}; write one of {known}.")
            rows = rows.filter(state=state)
        for name, column in (("agent", "agent"), ("server", "server"), ("tool", "item"), ("person", "person")):
            if name in wanted:
                rows = rows.filter(**{column: wanted[name]})
        return Keyset("opened_at", "pk").answer(request, rows, represent_all)


class OneEscalation(Endpoint):
    """One held call."""

    scopes = {"GET": READ}

    def get(self, request: Request, key: UUID) -> Response:
        """The escalation, or 404 for one this person may not see."""
        return Response(represent(visible(self, key)))


class Approve(Endpoint):
    """A vote for a held call."""

    scopes = {"POST": DECIDE}

    def post(self, request: Request, key: UUID) -> Response:
        """200 approved, 202 while the quorum is open, 403 with the console's address where a second factor is due."""
        wanted = self.fields(Approving, request)
        if wanted["scope"] != "once" or "minutes" in wanted:
            raise Problem(422, "scope-not-offered", "This call can be approved once; leave out scope and minutes.")
        row = visible(self, key)
        try:
            outcome = approvals.approve(escalation_id=row.pk, by=self.person, reason=wanted["reason"], via="api")
        except approvals.StepUpNeeded as refusal:
            raise Problem(403, "step-up-required", str(refusal), console=console_url(row)) from refusal
        except approvals.AlreadyDecided as refusal:
            raise decided_already(refusal) from refusal
        return _answer(outcome)


class Deny(Endpoint):
    """A vote against a held call; one is enough."""

    scopes = {"POST": DECIDE}

    def post(self, request: Request, key: UUID) -> Response:
        """200 denied."""
        wanted = self.fields(Denying, request)
        if "suggest" in wanted:
            raise Problem(422, "suggest-not-offered", "A denial carries a reason; write the suggestion there.")
        row = visible(self, key)
        try:
            outcome = approvals.deny(escalation_id=row.pk, by=self.person, reason=wanted["reason"], via="api")
        except approvals.AlreadyDecided as refusal:
            raise decided_already(refusal) from refusal
        return _answer(outcome)


def visible(view: Endpoint, key: UUID) -> Escalation:
    """The escalation if this person may see it; a foreign one answers as one that does not exist."""
    row = Escalation.objects.visible_to(view.person).prefetch_related("votes").filter(pk=key).first()
    if row is None:
        raise Problem(*NOT_FOUND)
    return row


def decided_already(refusal: approvals.AlreadyDecided) -> Problem:
    """The 409 that carries the decision that stands."""
    decision = {
        "state": refusal.state,
        "by": refusal.by or None,
        "at": moment(refusal.at),
        "reason": refusal.reason,
    }
    return Problem(409, "already-decided", str(refusal), decision=decision)


def console_url(row: Escalation) -> str:
    """Where a person decides in the browser."""
    try:
        path = reverse("admin:escalation", kwargs={"pk": row.pk})
    except NoReverseMatch:
        path = f"/admin/inbox/{quote(str(row.pk))}/"
    return f"{settings.PUBLIC_URL}{path}"


def represent_all(rows: Sequence[Escalation]) -> list[dict[str, Any]]:
    """A page of escalations."""
    return [represent(row) for row in rows]


def represent(row: Escalation) -> dict[str, Any]:
    """The form of contract section 2; secrets in the arguments are masked and listed under `redacted`."""
    arguments, redacted = _shown_arguments(row)
    needs = row.needs()
    return {
        "id": str(row.pk),
        "record": str(row.call),
        "state": str(row.state) if not row.is_stale(timezone.now()) else "expired",
        "detached": row.detached,
        "person": row.person or None,
        "agent": row.agent,
        "server": row.server,
        "kind": row.kind,
        "tool": row.item,
        "intent": row.intent,
        "arguments": arguments,
        "redacted": redacted,
        "rules": [{"rule": stored["rule"], "reason": stored["reason"]} for stored in row.rules],
        "reason": row.reason,
        "opened": moment(row.opened_at),
        "deadline": moment(row.deadline),
        "required": max((need.approve.required for need in needs), default=1),
        "votes": [
            {"person": vote.person, "approve": vote.approve, "reason": vote.reason, "at": moment(vote.at)}
            for vote in row.votes.all()
        ],
        "decided": None
        if row.decided_at is None
        else {"by": row.decided_by, "at": moment(row.decided_at), "reason": row.decision_reason},
        "redeem_until": moment(row.redeem_until),
        "console": console_url(row),
    }


def _answer(outcome: approvals.Outcome) -> Response:
    row = Escalation.objects.prefetch_related("votes").get(pk=outcome.escalation.pk)
    body = represent(row)
    if outcome.still_needed:
        return Response(body | {"still_needed": outcome.still_needed}, status=202)
    return Response(body)


def _shown_arguments(row: Escalation) -> tuple[JSON, list[JSON]]:
    value = parse(approvals.exact_arguments(row), max_depth=128, max_members=1_000_000)
    findings = _detectors().scan_arguments(value) if isinstance(value, dict) else ()
    shown, redactions = redact(value, findings)
    return shown, [redaction.wire() for redaction in redactions]


@cache
def _detectors() -> Detectors:
    return compile_detectors(key=derive(MASKS))
