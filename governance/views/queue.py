"""What waits for the person who is looking. Reads once per request, for the header, Home and the inbox alike."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from django.utils import timezone

from governance.models import Escalation
from governance.models.escalations import EscalationQuerySet
from governance.views.access import SEES_ALL_CALLS, has_role, person_of


def waiting_for(request: HttpRequest) -> list[Escalation]:
    """The calls this person may decide now, the most pressing first, without their sealed arguments."""
    waiting: list[Escalation] | None = getattr(request, "waiting_escalations", None)
    if waiting is None:
        now = timezone.now()
        rows = Escalation.objects.decidable_by(person_of(request), now)
        found = rows.defer("arguments_sealed").order_by("deadline", "pk")
        waiting = sorted(found, key=lambda each: still_held_until(each, now)[0])
        request.waiting_escalations = waiting  # type: ignore[attr-defined]
    return waiting


def visible_escalations(request: HttpRequest) -> EscalationQuerySet:
    """The escalations this person may read; the roles are at hand, so they are not asked for again."""
    if has_role(request, *SEES_ALL_CALLS):
        return Escalation.objects.all()
    return Escalation.objects.visible_to(person_of(request))


def still_held_until(escalation: Escalation, now: datetime) -> tuple[datetime, bool]:
    """The moment a countdown runs to, and whether the client has stopped waiting already."""
    gives_up = escalation.client_gives_up_at
    left = escalation.detached or (gives_up is not None and gives_up <= now)
    if left or gives_up is None:
        return escalation.deadline, left
    return min(gives_up, escalation.deadline), False
