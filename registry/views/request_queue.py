"""Requests that wait for the person who is looking. Reads once per request, for the navigation, Home and the lists."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest

from governance.views.access import person_of, roles_of
from registry.models import ServerRequest
from registry.models.requests import SPEAKS_FOR_TEAM, ServerRequestQuerySet

HEAVY: Final = ("manifest_document", "provenance", "accepted_reach", "imported")
"""What a list of requests does not show."""


def reviewable(request: HttpRequest) -> ServerRequestQuerySet:
    """The requests this person may decide now; the roles are at hand, so they are not asked for again."""
    roles = roles_of(request)
    if roles.isdisjoint(SPEAKS_FOR_TEAM):
        return ServerRequest.objects.none()
    return ServerRequest.objects.reviewable_by(person_of(request), roles)


def waiting_requests(request: HttpRequest) -> list[ServerRequest]:
    """The same, the oldest first, without what was seen of them."""
    waiting: list[ServerRequest] | None = getattr(request, "waiting_requests", None)
    if waiting is None:
        rows = reviewable(request).defer(*HEAVY).select_related("requester", "team")
        waiting = list(rows.order_by("submitted_at", "created_at"))
        request.waiting_requests = waiting  # type: ignore[attr-defined]
    return waiting


def visible_requests(request: HttpRequest) -> ServerRequestQuerySet:
    """The requests this person may read; a draft that was never submitted is its writer's alone."""
    return ServerRequest.objects.visible_to(person_of(request), roles_of(request))
