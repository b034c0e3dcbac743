"""Home: what waits for the person, what is not ready, what was called last. Reads only."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone

from governance.models import Escalation
from governance.views import call_rows
from governance.views.access import has_role, person_of
from governance.views.calls import SEES_ALL_CALLS, visible_closers
from governance.views.queue import still_held_until, waiting_for
from registry.models import Server, ServerState
from registry.views.servers import TONES

SHOWN: Final = 8


def home(request: HttpRequest) -> HttpResponseBase:
    """The first page: is anything waiting, is anything broken."""
    now = timezone.now()
    waiting = waiting_for(request)
    not_ready = Server.objects.exclude(state__in=[ServerState.READY, ServerState.RETIRED])
    closing = visible_closers(request).order_by("-at", "-stream_id", "-seq")[:SHOWN]
    last = None
    if not waiting:
        seen = Escalation.objects.visible_to(person_of(request)).filter(decided_at__isnull=False).exclude(decided_by="")
        last = seen.defer("arguments_sealed").order_by("-decided_at").first()
    context = {
        "title": "Home",
        "waiting": [(each, still_held_until(each, now)[0]) for each in waiting[:SHOWN]],
        "not_ready": [(server, TONES[ServerState(server.state)]) for server in not_ready],
        "servers": Server.objects.exclude(state=ServerState.RETIRED).count(),
        "calls": call_rows.rows(list(closing)),
        "last_decided": last,
        "own_only": not has_role(request, *SEES_ALL_CALLS),
    }
    return TemplateResponse(request, "gateway/home.html", context)
