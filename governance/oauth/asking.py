"""An authorization request, read and checked before anybody is asked anything, and the answers that it can get."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.http import HttpRequest
from oauth2_provider.exceptions import FatalClientError, OAuthToolkitError
from oauth2_provider.models import Application
from oauth2_provider.oauth2_backends import get_oauthlib_core
from oauthlib.common import add_params_to_uri

from governance.oauth.metadata import SCOPE, place_of, server_of
from governance.oauth.validator import S256

MAX_STATE: Final = 2000
_CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")


class NotAsked(Exception):
    """Who asks, or where the answer would go, is not known: a person reads this, and nobody is redirected."""


class Refused(Exception):
    """The request is refused; `location` carries the error to the client."""

    def __init__(self, location: str) -> None:
        super().__init__("refused")
        self.location = location


@dataclass(frozen=True, slots=True)
class Asked:
    """One request that may be put to a person. `place` is the path of the MCP endpoint that it asks for."""

    client: Application
    redirect_uri: str
    state: str | None
    place: str
    credentials: dict[str, Any]

    def refusal(self, error: str, description: str) -> str:
        """Where the browser goes to tell the client that it is refused."""
        return _with(self.redirect_uri, error=error, error_description=description, state=self.state)


def read(request: HttpRequest, is_server: Callable[[str], bool]) -> Asked:
    """The request in the address; `is_server` tells whether a server of this name exists. Raises NotAsked, Refused."""
    if len(request.GET.getlist("redirect_uri")) != 1 or len(request.GET.get("state", "")) > MAX_STATE:
        raise NotAsked("The request names no redirect URI, or more than one, or a state that is too long.")
    try:
        _, credentials = get_oauthlib_core().validate_authorization_request(request)
    except FatalClientError:
        raise NotAsked("The client is not registered here, or not with this redirect URI.") from None
    except ValueError:  # The library refuses percent signs that stand for nothing; Django takes them as they are.
        raise NotAsked("The request has a percent sign that stands for no character.") from None
    except OAuthToolkitError as problem:
        known = problem.oauthlib_error
        raise Refused(
            _with(
                request.GET["redirect_uri"],
                error=known.error,
                error_description=known.description,
                state=request.GET.get("state"),
            )
        ) from None
    asked = Asked(
        client=credentials["request"].client,
        redirect_uri=credentials["redirect_uri"],
        state=credentials["state"],
        place=place_of(request.GET.get("resource", ""), settings.PUBLIC_URL) or "",
        credentials={
            name: credentials[name]
            for name in ("client_id", "redirect_uri", "response_type", "state", "code_challenge")
        }
        | {"code_challenge_method": S256, "resource": request.GET.get("resource", "")},
    )
    _require_challenge(request, asked)
    server = server_of(asked.place)
    if len(request.GET.getlist("resource")) != 1 or server is None or (server and not is_server(server)):
        raise Refused(asked.refusal("invalid_target", "name one resource of this gateway: the URL of its MCP endpoint"))
    return asked


def granted(request: HttpRequest, asked: Asked) -> str:
    """Make a code for the signed-in person; where the browser takes it. Raises Refused."""
    try:
        location, _, _, _ = get_oauthlib_core().create_authorization_response(
            request, scopes=[SCOPE], credentials=dict(asked.credentials), allow=True
        )
    except OAuthToolkitError as problem:
        raise Refused(asked.refusal(problem.oauthlib_error.error, problem.oauthlib_error.description)) from None
    if "code" not in parse_qs(urlsplit(location).query):
        raise Refused(location)
    return str(location)


def _require_challenge(request: HttpRequest, asked: Asked) -> None:
    challenges, methods = request.GET.getlist("code_challenge"), request.GET.getlist("code_challenge_method")
    if methods != [S256] or len(challenges) != 1 or not _CHALLENGE.fullmatch(challenges[0]):
        raise Refused(asked.refusal("invalid_request", "PKCE is required: one code_challenge, with the method S256"))


def _with(uri: str, **answer: str | None) -> str:
    """The redirect URI with an answer, and who gives it (RFC 9207)."""
    pairs = [(name, value) for name, value in answer.items() if value is not None]
    return str(add_params_to_uri(uri, [*pairs, ("iss", settings.PUBLIC_URL)]))
