"""Requests for servers: the list, and what the requester or anybody in the thread does. The acts are in requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from governance.rights import NotAllowed
from governance.views.access import DEVELOPER, OWNER, has_role, person_of
from registry import requests as acts
from registry.lifecycle import NotPossible
from registry.models import RequestState, ServerRequest
from registry.models.requests import SPEAKS_FOR_TEAM
from registry.request_fields import BadRequest
from registry.request_states import EDITABLE, OPEN
from registry.request_thread import AlreadyDecided
from registry.views.request_queue import HEAVY, visible_requests, waiting_requests
from registry.views.tones import REQUEST_TONES

PAGE: Final = 50
TEXT_LENGTH: Final = 4_000
REFUSALS: Final = (NotAllowed, BadRequest, NotPossible, AlreadyDecided)
"""What an act answers with one sentence for the person, where nothing was changed."""


@dataclass(frozen=True, slots=True)
class Row:
    """One request in the list."""

    request: ServerRequest
    tone: str
    yours: bool
    own: bool
    editable: bool


def index(request: HttpRequest) -> HttpResponseBase:
    """Requests by tab: those that wait for the person, their own, all that are open, those that are decided."""
    tabs = _tabs(request)
    asked = request.GET.get("show", "")
    tab = asked if asked in dict(tabs) else tabs[0][0]
    waiting = {each.pk for each in waiting_requests(request)}
    found = list(_of_tab(request, tab, waiting)[: PAGE + 1])
    person = person_of(request)
    rows = [
        Row(
            request=each,
            tone=REQUEST_TONES[RequestState(each.state)],
            yours=each.pk in waiting,
            own=each.requester_id == person.pk,
            editable=each.state in EDITABLE,
        )
        for each in found[:PAGE]
    ]
    context = {
        "title": "Requests",
        "tabs": tabs,
        "tab": tab,
        "rows": rows,
        "more": len(found) > PAGE,
        "waiting": len(waiting),
        "may_request": may_request(request),
    }
    return TemplateResponse(request, "registry/requests.html", context)


def comment(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Say something in the thread."""
    found = visible(request, pk)
    text = request.POST.get("text", "").strip()[:TEXT_LENGTH]
    if not text:
        messages.error(request, "Write something first.")
        return redirect("admin:request", pk=pk)
    try:
        acts.comment(request_id=found.pk, by=person_of(request), text=text)
    except REFUSALS as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Your comment is in the thread.")
    return redirect("admin:request", pk=pk)


def withdraw(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Take one's own request back."""
    found = visible(request, pk)
    try:
        acts.withdraw(request_id=found.pk, by=person_of(request), reason=request.POST.get("reason", "").strip()[:500])
    except REFUSALS as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Withdrawn. Its thread is kept.")
    return redirect("admin:request", pk=pk)


def visible(request: HttpRequest, pk: UUID) -> ServerRequest:
    """The request, for those who may read it; for everybody else there is none."""
    found = visible_requests(request).select_related("requester", "team", "accepted_by", "server").filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def may_request(request: HttpRequest) -> bool:
    """Whether the person may ask for servers."""
    return has_role(request, DEVELOPER, OWNER)


def _tabs(request: HttpRequest) -> list[tuple[str, str]]:
    tabs = [("yours", "Waiting for you")] if has_role(request, *SPEAKS_FOR_TEAM) else []
    tabs += [("mine", "My requests")] if may_request(request) else []
    return [*tabs, ("open", "Open"), ("decided", "Decided")]


def _of_tab(request: HttpRequest, tab: str, waiting: set[UUID]) -> QuerySet[ServerRequest]:
    rows = visible_requests(request).defer(*HEAVY).select_related("requester", "team")
    grave = Count("findings", Q(findings__severity__in=("high", "critical")), distinct=True)
    rows = rows.annotate(tool_count=Count("items", Q(items__kind="tool"), distinct=True), grave=grave)
    if tab == "yours":
        return rows.filter(pk__in=waiting).order_by("submitted_at")
    if tab == "mine":
        return rows.filter(requester=person_of(request)).order_by("-updated_at")
    if tab == "open":
        return rows.filter(state__in=OPEN).order_by("-updated_at")
    return rows.exclude(state__in=OPEN).order_by("-decided_at", "-updated_at")
