"""What waits for the person who is looking. Reads once per request, for the header, Home and the inbox alike."""

from __future__ import annotations

from django.http import HttpRequest
from django.utils import timezone

from governance.models import Escalation
from governance.views.access import person_of


def waiting_for(request: HttpRequest) -> list[Escalation]:
    """The calls this person may decide now, soonest deadline first, without their sealed arguments."""
    waiting: list[Escalation] | None = getattr(request, "waiting_escalations", None)
    if waiting is None:
        now = timezone.now()
        rows = Escalation.objects.decidable_by(person_of(request), now)
        waiting = list(rows.defer("arguments_sealed").order_by("deadline", "pk"))
        request.waiting_escalations = waiting  # type: ignore[attr-defined]
    return waiting
