"""Our answers to what the OAuth library asks while it serves a request. Public clients, codes and refreshes only.

Nothing that could be used is stored as it is: codes are kept as digests, tokens in our own tables.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from oauth2_provider.models import Application, Grant
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauthlib.oauth2.rfc6749 import errors

from governance.models import OAuthConsent
from governance.oauth import families, limits
from governance.oauth.metadata import SCOPE, place_of
from governance.oauth.registration import GRANT_TYPES
from governance.oauth.secrets import CODES, digest

S256: Final = "S256"


class Validator(OAuth2Validator):
    """One per process; what it finds out about a request it keeps on the library's request object."""

    # Clients.

    def client_authentication_required(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Clients have no secrets."""
        return False

    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        """No client authenticates with a secret, so an empty one opens nothing."""
        return False

    def authenticate_client_id(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Whether a public client of this id is registered."""
        found = Application.objects.filter(client_id=client_id or "", client_type=Application.CLIENT_PUBLIC).first()
        request.client = found
        return found is not None

    def validate_redirect_uri(self, client_id: str, redirect_uri: str, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Exactly one of those registered, byte by byte."""
        return redirect_uri in request.client.redirect_uris.split()

    def get_default_redirect_uri(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> None:
        """There is none: a client says each time where its answer goes."""
        return

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Any, *_: Any, **__: Any
    ) -> bool:
        """Authorization codes and refresh tokens, nothing else."""
        return grant_type in GRANT_TYPES

    def validate_response_type(self, client_id: str, response_type: str, *args: Any, **kwargs: Any) -> bool:
        """Codes only."""
        return response_type == "code"

    def validate_scopes(self, client_id: str, scopes: list[str], *args: Any, **kwargs: Any) -> bool:
        """There is one scope."""
        return set(scopes) <= {SCOPE}

    def is_pkce_required(self, client_id: str, request: Any) -> bool:
        """Always."""
        return True

    # Codes.

    def _create_authorization_code(self, request: Any, code: dict[str, str], expires: Any = None) -> Grant:
        """Store a code that is bound to client, person, redirect URI, place and challenge, as a digest."""
        if request.code_challenge_method != S256 or not request.code_challenge:
            raise errors.InvalidRequestError(description="PKCE with S256 is required", request=request)
        return Grant.objects.create(
            application=request.client,
            user=request.user,
            code=digest(code["code"], CODES),
            expires=timezone.now() + timedelta(seconds=settings.OAUTH_CODE_SECONDS),
            redirect_uri=request.redirect_uri,
            scope=" ".join(request.scopes),
            code_challenge=request.code_challenge,
            code_challenge_method=request.code_challenge_method,
            resource=[request.resource],
        )

    def validate_code(self, client_id: str, code: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Take the code out, whatever becomes of the request: it is good for one attempt of its own client."""
        kept = digest(code, CODES)
        now = timezone.now()
        grant = Grant.objects.select_for_update(of=("self",)).filter(code=kept, application=client).first()
        if grant is None:
            families.replayed(kept, client, now)
            return False
        Grant.objects.filter(pk=grant.pk).delete()
        if grant.is_expired():
            return False
        request.grant, request.user, request.scopes = grant, grant.user, grant.scope.split()
        return True

    def get_code_challenge(self, code: str, request: Any) -> str:
        """The challenge that the code was asked for with."""
        return str(request.grant.code_challenge)

    def get_code_challenge_method(self, code: str, request: Any) -> str:
        """Never `plain`, whatever a row should say."""
        return S256

    def confirm_redirect_uri(
        self, client_id: str, code: str, redirect_uri: str, client: Any, request: Any, *args: Any, **kwargs: Any
    ) -> bool:
        """The one that the code was sent to."""
        return bool(redirect_uri == request.grant.redirect_uri)

    def invalidate_authorization_code(self, client_id: str, code: str, request: Any, *args: Any, **kwargs: Any) -> None:
        """Done when it was looked at."""

    # Tokens.

    def validate_refresh_token(self, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        """Whether it is the newest of its family; one that was used before ends the family."""
        request.presented = families.presented(refresh_token, client, timezone.now())
        if request.presented is None:
            return False
        request.user = request.presented.family.consent.person
        return True

    def get_original_scopes(self, refresh_token: str, request: Any, *args: Any, **kwargs: Any) -> str:
        """There is one scope."""
        return SCOPE

    def save_bearer_token(self, token: dict[str, Any], request: Any, *args: Any, **kwargs: Any) -> None:
        """Issue our own tokens and put them in place of the library's, which were made up and are stored nowhere."""
        now = timezone.now()
        try:
            with transaction.atomic():
                if request.grant_type == "refresh_token":
                    _require_place(request, request.presented.family.consent.place)
                    pair = families.rotate(refresh=request.presented, now=now)
                else:
                    place = place_of(request.grant.resource[0], settings.PUBLIC_URL)
                    _require_place(request, place)
                    consent = OAuthConsent.objects.select_related("agent", "person").get(
                        client=request.client, person=request.user, place=place
                    )
                    pair = families.begin(consent=consent, code=request.grant.code, now=now)
        except (families.NoTokens, OAuthConsent.DoesNotExist):
            raise errors.InvalidGrantError(request=request) from None
        except limits.TooMany as full:
            raise errors.CustomOAuth2Error(
                error=limits.CODE, description=str(full), status_code=429, request=request
            ) from None
        token.update(access_token=pair.access, refresh_token=pair.refresh, expires_in=pair.seconds)

    def revoke_token(self, token: str, token_type_hint: str, request: Any, *args: Any, **kwargs: Any) -> None:
        """End the family of a token of this client; an unknown one is none of our business (RFC 7009)."""
        families.give_back(text=token, client=request.client, now=timezone.now())


def _require_place(request: Any, place: str | None) -> None:
    """A resource named again at the token endpoint is the one that was consented to (RFC 8707)."""
    named = {value for key, value in request.decoded_body or [] if key == "resource"}
    if place is None or named - {settings.PUBLIC_URL + place}:
        raise errors.CustomOAuth2Error(
            error="invalid_target", description="the resource is not the one that was consented to", request=request
        )
