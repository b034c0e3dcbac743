"""A request while its requester writes it: whose it is, and the four steps that every page of it shows."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest

from governance.views.access import person_of
from registry.models import RequestState, ServerRequest
from registry.request_states import EDITABLE
from registry.views.requests import visible
from registry.views.tones import REQUEST_TONES

STEPS: Final = (("where", "Where"), ("scan", "Scan"), ("tools", "Tools"), ("why", "Why"))


def own_draft(request: HttpRequest, pk: UUID) -> ServerRequest:
    """The person's own request while they may write it; another person's is not there at all."""
    found = visible(request, pk)
    if found.requester_id != person_of(request).pk or found.state not in EDITABLE:
        raise Http404
    return found


def frame(found: ServerRequest, step: str) -> dict[str, Any]:
    """What every step shows: the draft and the way through."""
    return {
        "found": found,
        "tone": REQUEST_TONES[RequestState(found.state)],
        "steps": [(words, f"admin:request_{name}", name == step) for name, words in STEPS],
    }
