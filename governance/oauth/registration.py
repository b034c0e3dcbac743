"""Dynamic client registration (RFC 7591): public clients that name where their answers go. Confers no right at all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from oauth2_provider.models import Application, Grant

from governance.models import OAuthRegistration
from governance.oauth.limits import WINDOW, require_room
from governance.oauth.metadata import SCOPE
from governance.oauth.secrets import ADDRESSES, digest
from governance.turns import Turn, wait_for

GRANT_TYPES: Final = ("authorization_code", "refresh_token")
LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})
MAX_URIS: Final = 10
MAX_URI: Final = 1000
MAX_NAME: Final = 100
_URI: Final = re.compile(r"[!#-;=?-\[\]_a-z~]+")  # What RFC 3986 lets a URI consist of, and no quote or blank.
_UNSPEAKABLE: Final = re.compile(  # Controls but blanks, what turns the writing about, and halves of characters.
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
_HOST: Final = re.compile(r"[a-z0-9.-]+|::1")  # It stands in the consent page's security policy.


class BadRegistration(ValueError):
    """The client cannot be registered as it describes itself. `code` is RFC 7591's."""

    def __init__(self, code: str, says: str) -> None:
        super().__init__(says)
        self.code = code


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a client asks to be registered as, checked."""

    name: str
    redirect_uris: tuple[str, ...]


def read(asked: object) -> Wanted:
    """Check a registration document; members that we know nothing of are ignored. Raises BadRegistration."""
    if not isinstance(asked, Mapping):
        raise BadRegistration("invalid_client_metadata", "the document is not a JSON object")
    if asked.get("token_endpoint_auth_method", "none") != "none":
        raise BadRegistration("invalid_client_metadata", "only public clients: token_endpoint_auth_method is `none`")
    if not set(_texts(asked, "grant_types", GRANT_TYPES)) <= set(GRANT_TYPES):
        raise BadRegistration("invalid_client_metadata", f"grant_types may hold {' and '.join(GRANT_TYPES)}")
    if set(_texts(asked, "response_types", ("code",))) != {"code"}:
        raise BadRegistration("invalid_client_metadata", "response_types is [code]")
    name = asked.get("client_name", "")
    if not isinstance(name, str) or len(name) > MAX_NAME:
        raise BadRegistration("invalid_client_metadata", f"client_name is a text of at most {MAX_NAME} characters")
    uris = _texts(asked, "redirect_uris", ())
    if any(_UNSPEAKABLE.search(text) for text in (name, *uris)):
        says = "client_name and redirect_uris have no control, bidirectional or surrogate characters"
        raise BadRegistration("invalid_client_metadata", says)
    if not 1 <= len(uris) <= MAX_URIS:
        raise BadRegistration("invalid_redirect_uri", f"redirect_uris holds one to {MAX_URIS} addresses")
    for uri in uris:
        _require_redirect(uri)
    return Wanted(" ".join(name.split()), tuple(dict.fromkeys(uris)))


def register(wanted: Wanted, *, address: str, now: datetime) -> Application:
    """Register a public client. Raises TooMany; clients that nobody consented to in time are removed on the way."""
    where = digest(address, ADDRESSES)
    with transaction.atomic():
        wait_for(Turn.REGISTRATION)
        sweep(now)
        recent = OAuthRegistration.objects.filter(at__gt=now - WINDOW)
        of_here = "clients were registered from this address"
        require_room(recent.filter(address=where), settings.OAUTH_REGISTRATIONS_PER_ADDRESS, of_here)
        require_room(recent, settings.OAUTH_REGISTRATIONS, "clients were registered")
        client = Application.objects.create(
            name=wanted.name,
            redirect_uris=" ".join(wanted.redirect_uris),
            client_type=Application.CLIENT_PUBLIC,
            authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
            registration_source=Application.RegistrationSource.DCR,
            client_secret="",
            hash_client_secret=False,
        )
        OAuthRegistration.objects.create(client=client, address=where, at=now)
    return client


def sweep(now: datetime) -> None:
    """Remove clients that nobody consented to within settings.OAUTH_UNUSED_HOURS, and codes that nobody redeemed."""
    stale = now - timedelta(hours=settings.OAUTH_UNUSED_HOURS)
    Application.objects.filter(registration__at__lte=stale, consents__isnull=True).delete()
    Grant.objects.filter(expires__lte=now).delete()


def described(client: Application, now: datetime) -> dict[str, object]:
    """What the client is told of its registration (RFC 7591 section 3.2.1)."""
    return {
        "client_id": client.client_id,
        "client_id_issued_at": int(now.timestamp()),
        "client_name": client.name,
        "redirect_uris": client.redirect_uris.split(),
        "grant_types": list(GRANT_TYPES),
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "scope": SCOPE,
    }


def _texts(asked: Mapping[str, object], member: str, usual: Sequence[str]) -> list[str]:
    value = asked.get(member, list(usual))
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        code = "invalid_redirect_uri" if member == "redirect_uris" else "invalid_client_metadata"
        raise BadRegistration(code, f"{member} is a list of texts")
    return value


def _require_redirect(uri: str) -> None:
    """HTTPS, or HTTP to this machine; nothing that a browser could read in another way than we do."""
    bad = BadRegistration("invalid_redirect_uri", "a redirect URI is https://…, or http:// to 127.0.0.1 or localhost")
    if len(uri) > MAX_URI or not _URI.fullmatch(uri) or "#" in uri:
        raise bad
    try:
        parts = urlsplit(uri)
        _ = parts.port
    except ValueError:
        raise bad from None
    if "@" in parts.netloc or not _HOST.fullmatch(parts.hostname or ""):
        raise bad
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise bad
