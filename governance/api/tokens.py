"""`/tokens/{id}/revoke`: end an agent's token or a person's API token by its public id."""

from __future__ import annotations

from typing import Final

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from governance.agents import revoke_token
from governance.api.problems import NOT_FOUND, Problem
from governance.api.shell import Endpoint, StrictSerializer
from governance.models import AgentToken, PersonToken
from governance.people import revoke_api_token
from governance.rights import NotAllowed

REVOKE: Final = frozenset({"administer", "request"})


class Revoking(StrictSerializer):
    """The body of a revocation."""

    reason = serializers.CharField(required=False, allow_blank=True, max_length=500, default="")


class Revoke(Endpoint):
    """Administrators revoke any token, others those of their own agents and their own."""

    scopes = {"POST": REVOKE}

    def post(self, request: Request, public_id: str) -> Response:
        """200 with whether it was live until now; a foreign token answers as one that does not exist."""
        wanted = self.fields(Revoking, request)
        public_id = _public_part(public_id)
        if "\0" in public_id:  # PostgreSQL fails on looking for one.
            raise Problem(*NOT_FOUND)
        administers = "administer" in request.auth.scopes
        try:
            if (token := AgentToken.objects.select_related("agent").filter(public_id=public_id).first()) is not None:
                if not administers and token.agent.owner_id != self.person.pk:
                    raise Problem(*NOT_FOUND)
                revoked = revoke_token(public_id=public_id, by=self.person, reason=wanted["reason"])
            else:
                own = PersonToken.objects.filter(public_id=public_id)
                if not (own if administers else own.filter(person=self.person)).exists():
                    raise Problem(*NOT_FOUND)
                revoked = revoke_api_token(public_id=public_id, by=self.person, reason=wanted["reason"])
        except NotAllowed as refusal:
            # Who may not revoke it may not learn that it exists either.
            raise Problem(*NOT_FOUND) from refusal
        return Response({"id": public_id, "revoked": True, "was_live": revoked})


def _public_part(text: str) -> str:
    """The public id, also out of `gha_…` and `ghp_…` as lists show it."""
    return text[4:] if text.startswith(("gha_", "ghp_")) else text
