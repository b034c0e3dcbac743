"""Home: what waits for the person, what is not ready, what was called last. Reads only."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone

from governance.views import call_rows
from governance.views.access import SEES_ALL_CALLS, has_role
from governance.views.calls import visible_closers
from governance.views.queue import still_held_until, visible_escalations, waiting_for
from registry.models import Server, ServerState
from registry.views.request_queue import waiting_requests
from registry.views.requests import may_request
from registry.views.tones import TONES

SHOWN: Final = 8


def home(request: HttpRequest) -> HttpResponseBase:
    """The first page: is anything waiting, is anything broken."""
    now = timezone.now()
    waiting = waiting_for(request)
    servers = list(Server.objects.exclude(state=ServerState.RETIRED).only("name", "state", "state_reason"))
    closing = visible_closers(request).order_by("-at", "-stream_id", "-seq")[:SHOWN]
    last = None
    if not waiting:
        seen = visible_escalations(request).filter(decided_at__isnull=False).exclude(decided_by="")
        last = seen.defer("arguments_sealed").order_by("-decided_at").first()
    context = {
        "title": "Home",
        "waiting": [(each, still_held_until(each, now)[0]) for each in waiting[:SHOWN]],
        "not_ready": [
            (server, TONES[ServerState(server.state)]) for server in servers if server.state != ServerState.READY
        ],
        "servers": len(servers),
        "drifted": sum(server.state == ServerState.SYNC_REQUIRED for server in servers),
        "requests": waiting_requests(request)[:SHOWN],
        "calls": call_rows.rows(list(closing)),
        "last_decided": last,
        "may_request": may_request(request),
        "own_only": not has_role(request, *SEES_ALL_CALLS),
    }
    return TemplateResponse(request, "gateway/home.html", context)
