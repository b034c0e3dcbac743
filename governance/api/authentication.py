"""Who calls the REST API: the person of a bearer token, with the token's scopes. There is no session and no cookie."""

from __future__ import annotations

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from governance.api.problems import Problem
from governance.models import Person
from governance.people import SignedIn, find_api_token


class PersonTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer ghp_…`; an agent's token is no person's and does not open this door."""

    def authenticate(self, request: Request) -> tuple[Person, SignedIn] | None:
        """The person and what the token may do; None without a header, which the permission then answers with 401."""
        header = request.headers.get("Authorization", "")
        scheme, _, text = header.partition(" ")
        if scheme.lower() != "bearer":
            return None
        signed_in = find_api_token(text.strip())
        if signed_in is None:
            raise AuthenticationFailed("The token is unknown, expired or revoked, or its person is not active.")
        return signed_in.person, signed_in

    def authenticate_header(self, request: Request) -> str:
        """The challenge of a 401."""
        return 'Bearer realm="gatehouse"'


class HasScope(BasePermission):
    """The token has one of the scopes that the view names for this method; a method it does not name needs `read`."""

    def has_permission(self, request: Request, view: Any) -> bool:
        """False without a token; a token that lacks the scope is told which one."""
        signed_in = request.auth
        if not isinstance(signed_in, SignedIn):
            return False
        needed: frozenset[str] = view.scopes.get(request.method, frozenset({"read"}))
        if not signed_in.scopes & needed:
            words = " or ".join(sorted(needed))
            raise Problem(
                403, "insufficient-scope", f"This takes a token with the scope {words}.", needed=sorted(needed)
            )
        return True
