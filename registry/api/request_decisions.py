"""`/server-requests/{id}/accept`, `approve`, `deny`, `changes`: what an administrator decides of a request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.shell import Endpoint
from registry import request_review
from registry.api.request_bodies import Accepting, Approving, TurningDown
from registry.api.request_refusals import ADMINISTER, as_problems, visible
from registry.api.requests import represent

VIA = "api"


class Accept(Endpoint):
    """Accept exactly what looking at the server starts or opens."""

    scopes = {"POST": ADMINISTER}

    def post(self, request: Request, key: UUID) -> Response:
        """200 with the request, 409 where it is not what was shown."""
        wanted = self.fields(Accepting, request)
        visible(self, key)
        with as_problems():
            request_review.accept_reach(
                request_id=key, by=self.person, shown=wanted["shown"], secrets=wanted["secrets"], via=VIA
            )
        return Response(represent(self, key))


class Approve(Endpoint):
    """Approve items as they were shown."""

    scopes = {"POST": ADMINISTER}

    def post(self, request: Request, key: UUID) -> Response:
        """200 approved, 202 with `still_needed` while more people have to, 409 where the server is another by now."""
        wanted = self.fields(Approving, request)
        visible(self, key)
        items, conditions = wanted["items"], wanted["conditions"]
        with as_problems():
            outcome = request_review.approve(
                request_id=key,
                by=self.person,
                shown=wanted["shown"],
                items=None if items is None else {_key(item) for item in items},
                conditions=None if conditions is None else {_key(each): each["condition"] for each in conditions},
                days=wanted["days"],
                reason=wanted["reason"],
                via=VIA,
            )
        return Response(represent(self, key), status=202 if outcome.still_needed else 200)


class TurnDown(Endpoint):
    """Deny a request, or give it back; `act` says which."""

    scopes = {"POST": ADMINISTER}
    act: Callable[..., Any] = staticmethod(request_review.deny)

    def post(self, request: Request, key: UUID) -> Response:
        """200 with the request."""
        wanted = self.fields(TurningDown, request)
        visible(self, key)
        with as_problems():
            type(self).act(request_id=key, by=self.person, reason=wanted["reason"], via=VIA)
        return Response(represent(self, key))


class Deny(TurnDown):
    """Deny a request for good."""


class Changes(TurnDown):
    """Give a request back to its requester."""

    act = staticmethod(request_review.request_changes)


def _key(item: dict[str, str]) -> tuple[str, str]:
    return item["kind"], item["name"]
